"""Renders the local.conf of a node from the options of a spec."""

import ipaddress
import re
from collections.abc import Mapping
from typing import Any

PASSWORDS = ("ADMIN_PASSWORD", "DATABASE_PASSWORD", "RABBIT_PASSWORD", "SERVICE_PASSWORD")
"""The passwords that stack.sh would ask for on the terminal."""
COMPUTE_SERVICES = "n-cpu,placement-client,ovn-controller,ovs-vswitchd,ovsdb-server,q-ovn-metadata-agent"
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\+?")
_SECTION = re.compile(r"[a-z-]+\|[^\]\s]+")
_QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'[^']*'")
_BARE = re.compile(r"[^\s;&|<>()#'\"`\\*?\[\]~!{}]*")
_PLUGIN = "ENABLE_PLUGIN"


def complain(conf: Mapping[Any, Any]) -> str | None:
    """Return what is wrong with the keys of the section `local|localrc`, or None."""
    for key, value in conf.items():
        several = key == _PLUGIN and isinstance(value, list)
        for one in value if several else [value]:
            if not isinstance(key, str) or not _KEY.fullmatch(key):
                return f"must have names of bash variables as keys, not {key!r}"
            if not isinstance(one, str | int | float) or "\n" in str(one):
                return f"must have one line of text, a number, or true or false at {key}"
    return None


def complain_of_sections(sections: Mapping[Any, Any]) -> str | None:
    """Return what is wrong with the further sections, or None."""
    for name, groups in sections.items():
        if not isinstance(name, str) or not _SECTION.fullmatch(name):
            return f"must have keys such as post-config|$NOVA_CONF, not {name!r}"
        if not isinstance(groups, dict) or not all(isinstance(keys, dict) for keys in groups.values()):
            return f"must have groups of keys at {name}, such as {{DEFAULT: {{debug: true}}}}"
    return None


def node_conf(
    given: Mapping[str, Any],
    own: Mapping[str, Any],
    *,
    address: str,
    controller: str | None,
    passwords: Mapping[str, str],
    git_base: str | None,
    dest: str,
) -> dict[str, Any]:
    """Return the variables of one node: the required ones, overridden by the spec's, then by those of this node.

    `controller` is None for the controller itself, or its address. ENABLED_SERVICES and plugins of the spec are only
    for the controller: a compute node with them would be a second controller.
    """
    conf: dict[str, Any] = dict(passwords) | {"DEST": dest}
    if _is_address(address):
        conf["HOST_IP"] = address
    if git_base:
        conf["GIT_BASE"] = git_base
    if controller is None:
        return conf | dict(given) | dict(own)
    conf |= {
        "SERVICE_HOST": controller,
        "MYSQL_HOST": "$SERVICE_HOST",
        "RABBIT_HOST": "$SERVICE_HOST",
        "GLANCE_HOSTPORT": "$SERVICE_HOST:9292",
        "DATABASE_TYPE": "mysql",
        "ENABLED_SERVICES": COMPUTE_SERVICES,
    }
    kept = {key: value for key, value in given.items() if key.rstrip("+") not in {"ENABLED_SERVICES", _PLUGIN}}
    return conf | kept | dict(own)


def rendered(conf: Mapping[str, Any], sections: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> str:
    """Return the text of a local.conf.

    A value that bash would split or expand is put in double quotes; quoted values and references to variables are not
    changed.
    """
    lines = ["[[local|localrc]]"]
    for key, value in conf.items():
        if key == _PLUGIN:
            lines += [f"enable_plugin {one}" for one in (value if isinstance(value, list) else [value])]
        else:
            lines.append(f"{key}={_value(value)}")
    for name, groups in sections.items():
        lines += ["", f"[[{name}]]"]
        for group, keys in groups.items():
            lines += [f"[{group}]", *(f"{key} = {value}" for key, value in keys.items())]
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    text = str(value)
    if _BARE.fullmatch(text) or _QUOTED.fullmatch(text):
        return text
    return '"' + re.sub(r'(["\\`])', r"\\\1", text) + '"'


def _is_address(text: str) -> bool:
    try:
        return not ipaddress.ip_address(text).is_loopback
    except ValueError:
        return False  # DevStack then uses the address of the default route
