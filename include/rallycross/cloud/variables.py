"""Converts `OS_` variables, as for openstackclient, to an entry of a clouds.yaml."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import os_service_types

from rallycross.cloud.entry import auth_keys, auth_type_of, missing
from rallycross.cloud.openrc import read_openrc
from rallycross.errors import RallycrossError

# Variables that are not part of `auth`, and their keys in an entry.
_BESIDE = {
    "OS_API_TIMEOUT": "api_timeout",
    "OS_AUTH_METHODS": "auth_methods",
    "OS_AUTH_TYPE": "auth_type",
    "OS_CACERT": "cacert",
    "OS_CERT": "cert",
    "OS_ENDPOINT_TYPE": "interface",
    "OS_IDENTITY_API_VERSION": "identity_api_version",
    "OS_INTERFACE": "interface",
    "OS_KEY": "key",
    "OS_REGION_NAME": "region_name",
}
_OLD = {
    "OS_AUTH_PLUGIN": "auth_type",
    "OS_AUTH_TOKEN": "token",
    "OS_TENANT_ID": "project_id",
    "OS_TENANT_NAME": "project_name",
}
_OLD_KEYS = {name.removeprefix("OS_").lower() for name in _OLD}
_TRUE, _FALSE = {"1", "on", "t", "true", "y", "yes"}, {"0", "f", "false", "n", "no", "off"}
# Suffixes of the keys for one service that openstacksdk reads.
PER_SERVICE = (
    "api_version",
    "default_microversion",
    "endpoint_override",
    "interface",
    "region_name",
    "service_name",
    "service_type",
)


@cache
def service_keys() -> tuple[str, ...]:
    """Return the keys of an entry for single services: `compute_endpoint_override`, `volume_api_version`, ..."""
    known = os_service_types.ServiceTypes()
    types = {alias for kind in known.all_types_by_service_type for alias in known.get_all_types(kind)}
    return tuple(sorted(f"{kind.replace('-', '_')}_{key}" for kind in types for key in PER_SERVICE))


def entry_from_variables(variables: Mapping[str, str]) -> dict[str, Any]:
    """Return the entry for some variables; raise `RallycrossError` if they do not describe a cloud."""
    given = {name: value for name, value in variables.items() if name.startswith("OS_") and value}
    auth: dict[str, Any] = {
        key: given[f"OS_{key.upper()}"] for key in auth_keys() - _OLD_KEYS if f"OS_{key.upper()}" in given
    }
    for name, key in _OLD.items():
        if name in given and key != "auth_type":
            auth.setdefault(key, given[name])
    if "auth_url" not in auth:
        if "OS_CLOUD" in given:
            raise RallycrossError("OS_CLOUD names an entry of clouds.yaml - write it as `cloud:` in a spec")
        raise RallycrossError("OS_AUTH_URL is not set - set it, as the cloud's own openrc does")
    entry: dict[str, Any] = {"auth": auth, **_beside(given)}
    if "auth_type" not in entry and (found := auth_type_of(auth)) != "password":
        entry["auth_type"] = found
    if lacking := [" or ".join(map(_variable, keys)) for keys in missing(entry.get("auth_type", "password"), auth)]:
        raise RallycrossError(f"missing {', '.join(lacking)} - set it, as the cloud's own openrc does")
    return entry


def _beside(given: Mapping[str, str]) -> dict[str, Any]:
    """Return the keys of an entry other than `auth`."""
    entry: dict[str, Any] = {key: given[name] for name, key in _BESIDE.items() if name in given}
    if "api_timeout" in entry and (timeout := _number(entry["api_timeout"])) is not None:
        entry["api_timeout"] = timeout
    if "OS_AUTH_PLUGIN" in given:
        entry.setdefault("auth_type", given["OS_AUTH_PLUGIN"])
    entry |= {key: given[f"OS_{key.upper()}"] for key in service_keys() if f"OS_{key.upper()}" in given}
    entry["interface"] = str(entry.get("interface", "public")).removesuffix("URL")
    if given.get("OS_INSECURE", "").lower() in _TRUE or given.get("OS_VERIFY", "").lower() in _FALSE:
        entry["verify"] = False
    if "auth_methods" in entry:
        entry["auth_methods"] = [one.strip() for one in entry["auth_methods"].split(",")]
    return entry


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _variable(key: str) -> str:
    return f"OS_{key.upper()}"


def openrc_variables(text: str) -> dict[str, str]:
    """Return the OS_ variables of an openrc; raise `RallycrossError`, with the line, if one is unknown.

    Variables that an entry does not use may be unknown.
    """
    found = read_openrc(text)
    used = {
        *_BESIDE,
        *_OLD,
        "OS_INSECURE",
        "OS_VERIFY",
        *(f"OS_{key.upper()}" for key in (*auth_keys(), *service_keys())),
    }
    found.of(*(used & found.unknown.keys()))
    return {name: value for name, value in found.known.items() if re.match("OS_", name) and value}
