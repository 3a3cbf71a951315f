"""Merges the spec's networks into an environment's network configuration. Pure functions."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

from rallycross.errors import RallycrossError

FLOATING = "floating"  # not a network in Nailgun: its addresses are a parameter
_ADMIN = "fuelweb_admin"  # Fuel's own, which an environment may not change


def laid_over(
    networks: Mapping[str, Mapping[str, Any]], dns_nameservers: Sequence[str] | None, given: Mapping[str, Any]
) -> dict[str, Any]:
    """Return Nailgun's configuration `given` with the spec's values; raise `RallycrossError` for unknown networks."""
    found = deepcopy(dict(given))
    there = {network["name"]: network for network in found["networks"]}
    parameters = found.setdefault("networking_parameters", {})
    for name, wanted in networks.items():
        said = {key: value for key, value in wanted.items() if value is not None}
        if name == FLOATING and name not in there:
            # The addresses are in `public`, whose CIDR and gateway they use.
            if "ip_ranges" in said:
                parameters["floating_ranges"] = said["ip_ranges"]
        elif name not in there or name == _ADMIN:
            known = ", ".join(sorted({*there, FLOATING} - {_ADMIN}))
            raise RallycrossError(f"networks: the environment has no network {name!r} - it has: {known}")
        else:
            if "ip_ranges" in said and said["ip_ranges"] != there[name].get("ip_ranges"):
                # Otherwise Nailgun computes the range from the CIDR.
                there[name]["meta"] = {**(there[name].get("meta") or {}), "notation": "ip_ranges"}
            there[name].update(said)
    if dns_nameservers is not None:
        parameters["dns_nameservers"] = list(dns_nameservers)
    return found
