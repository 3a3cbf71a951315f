"""The schema of `hosts`: machines on which faults may be made, how to sign in, local names of services and networks."""

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
            "key": _TEXT,  # path of a private key; default: the keys of an SSH agent or in ~/.ssh
            "services": _NAMES,  # service -> systemd unit, if the names differ
            "networks": _NAMES,  # network -> interface, if the names differ
        },
        "required": ["host"],
        "additionalProperties": False,
    },
}


def complain(hosts: Any) -> str | None:
    """Return what is wrong with the `hosts` of a spec, or None."""
    return "; ".join(f"{dotted(flaw.path)} {flaw.what}".strip() for flaw in flaws(hosts, HOSTS)) or None
