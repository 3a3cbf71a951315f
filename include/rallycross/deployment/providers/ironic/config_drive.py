"""The config drive of a node: what cloud-init reads at its first boot, so that somebody is let in by key."""

import json
from typing import Any


def config_drive(name: str, user: str, public_key: str, userdata: str | None) -> dict[str, Any]:
    """Return the drive's parts as ironic takes them; it builds the drive, and adds the node's id.

    The key is in the metadata, which the image's own user gets; where `userdata` is not given, it makes `user`.
    """
    metadata = {"name": name, "hostname": name, "public_keys": {"rallycross": public_key.strip()}}
    return {"meta_data": metadata, "user_data": userdata or _letting_in(user, public_key.strip())}


def _letting_in(user: str, public_key: str) -> str:
    account = {
        "name": user,
        "ssh_authorized_keys": [public_key],
        "sudo": "ALL=(ALL) NOPASSWD:ALL",
        "shell": "/bin/bash",
    }
    # Without the last, cloud-init lets root in only to be told to sign in as somebody else. JSON is YAML.
    return "#cloud-config\n" + json.dumps({"users": ["default", account], "disable_root": user != "root"})
