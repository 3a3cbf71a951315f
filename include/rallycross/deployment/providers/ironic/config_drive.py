"""The config drive of a node, which cloud-init reads at the first boot, so that our key is accepted."""

import json
from typing import Any


def config_drive(name: str, user: str, public_key: str, userdata: str | None) -> dict[str, Any]:
    """Return the drive's parts; ironic builds the drive from them, and adds the node's id.

    The key is in the metadata, for the image's default user. Without `userdata`, the drive also creates `user`.
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
    # With disable_root, cloud-init would make root's sign-in only print that another user is to be used. JSON is YAML.
    return "#cloud-config\n" + json.dumps({"users": ["default", account], "disable_root": user != "root"})
