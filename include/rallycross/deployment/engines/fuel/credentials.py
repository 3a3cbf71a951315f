"""The administrator of a cloud that Fuel has deployed, out of what Nailgun says of it: pure functions."""

from collections.abc import Mapping, Sequence
from typing import Any

from rallycross.errors import RallycrossError


def address(networks: Mapping[str, Any], nodes: Sequence[Mapping[str, Any]]) -> str:
    """Return where the cloud's public APIs are: its public VIP, or its controller's address; "" = not known yet."""
    vips = networks.get("vips") or {}
    if found := networks.get("public_vip") or (vips.get("public") or {}).get("ipaddr"):
        return str(found)
    for node in nodes:
        if "controller" in (node.get("roles") or []):
            for network in node.get("network_data") or []:
                if network.get("name") == "public" and network.get("ip"):
                    return str(network["ip"]).split("/")[0]
    return ""


def entry(editable: Mapping[str, Any], where: str, region: str) -> tuple[dict[str, Any], str]:
    """Return the administrator as an entry of a clouds.yaml, and the PEM of the cloud's certificate, if it has one.

    `editable` is what Nailgun has as the environment's attributes.
    """
    access = {key: _value(editable, "access", key) for key in ("user", "password", "tenant")}
    if missing := [key for key, value in access.items() if not value]:
        raise RallycrossError(f"the environment has no {', '.join(missing)} in its attributes `access` - look at them")
    scheme, ca = "http", ""
    if _value(editable, "public_ssl", "services"):
        # The certificate is made out to that name.
        scheme, where = "https", _value(editable, "public_ssl", "hostname") or where
        pem = _value(editable, "public_ssl", "cert_data")
        ca = pem.get("content", "") if isinstance(pem, dict) else pem or ""
    auth = {
        "auth_url": f"{scheme}://{where}:5000/v3",
        "username": access["user"],
        "password": access["password"],
        "project_name": access["tenant"],
        "user_domain_name": "Default",
        "project_domain_name": "Default",
    }
    return {"auth": auth, "region_name": region}, ca


def _value(editable: Mapping[str, Any], group: str, name: str) -> Any:
    return ((editable.get(group) or {}).get(name) or {}).get("value")
