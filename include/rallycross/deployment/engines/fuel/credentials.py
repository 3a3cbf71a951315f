"""The address and the administrator of a cloud that Fuel has deployed, from Nailgun's data. Pure functions."""

from collections.abc import Mapping, Sequence
from typing import Any

from rallycross.errors import RallycrossError


def address(networks: Mapping[str, Any], nodes: Sequence[Mapping[str, Any]]) -> str:
    """Return the address of the public APIs: the public VIP, or the controller's address; "" if not known yet."""
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
    """Return the administrator's clouds.yaml entry, and the cloud's certificate (PEM), if there is one.

    `editable` has the environment's attributes, from Nailgun.
    """
    access = {key: _value(editable, "access", key) for key in ("user", "password", "tenant")}
    if missing := [key for key, value in access.items() if not value]:
        raise RallycrossError(
            f"the environment's attributes `access` have no {', '.join(missing)} - check them in Fuel"
        )
    scheme, ca = "http", ""
    if _value(editable, "public_ssl", "services"):
        # The certificate is for that host name.
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
