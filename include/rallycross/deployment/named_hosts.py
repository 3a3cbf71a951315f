"""Machines that a spec or a hook names so that faults may be made on them: how to sign in, what is called how there."""

from typing import Any

from rallycross.task.flaw import Schema, flaws
from rallycross.yamlfile import dotted

_TEXT: Schema = {"type": "string"}
_NAMES: Schema = {"type": "object", "additionalProperties": _TEXT}
HOSTS: Schema = {
    "type": "object",
    "minProperties": 1,
    "additionalProperties": {
        "type": "object",
        "properties": {
            "host": _TEXT,  # its address or name
            "user": _TEXT,
            "port": {"type": "integer", "minimum": 1, "maximum": 65535},
            "key": _TEXT,  # path of a private key; without: what an SSH agent or ~/.ssh has
            "services": _NAMES,  # systemd's units, where they are not called as the services are
            "networks": _NAMES,  # interfaces, where they are not called as the networks are
        },
        "required": ["host"],
        "additionalProperties": False,
    },
}


def complain(hosts: Any) -> str | None:
    """Return what is wrong with the machines that a spec names, or None."""
    return "; ".join(f"{dotted(flaw.path)} {flaw.what}".strip() for flaw in flaws(hosts, HOSTS)) or None
