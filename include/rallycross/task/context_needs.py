"""What contexts need of a cloud, and what they will have made of what a task names before its load begins."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rallycross.cloud.facts import Named
from rallycross.task.plan import Workload


@dataclass(frozen=True)
class Needs:
    """What one context needs."""

    services: tuple[str, ...] = ()
    administrator: bool = False
    things: Mapping[str, str] = field(default_factory=dict)  # key of its configuration -> kind of what that names


_SERVER = {"image": "image", "flavor": "flavor"}

NEEDS: dict[str, Needs] = {
    "users": Needs(("identity",), administrator=True),  # but for a cloud that brings its own
    "quotas": Needs(administrator=True),
    "keypair": Needs(("compute",)),
    "allow_ssh": Needs(("network",)),
    "roles": Needs(("identity",), administrator=True),
    "flavors": Needs(("compute",), administrator=True),
    "existing_network": Needs(("network",)),
    "networking_agents": Needs(("network",), administrator=True),
    "network": Needs(("network",)),
    "router": Needs(("network",)),
    "swift_objects": Needs(("object-store",)),
    "images": Needs(("image",), things={"image_url": "file"}),
    "volume_types": Needs(("block-storage",), administrator=True),
    "volumes": Needs(("block-storage",), things={"type": "volume_type"}),
    "servers": Needs(("compute", "image"), things=_SERVER),
    "heat_dataplane": Needs(("orchestration",)),
    "stacks": Needs(("orchestration",)),
    "manila_security_services": Needs(("shared-file-system",)),
    "manila_share_networks": Needs(("shared-file-system",)),
    "manila_shares": Needs(("shared-file-system",)),
    "cluster_templates": Needs(("container-infrastructure-management",)),
    "clusters": Needs(("container-infrastructure-management",)),
    "ca_certs": Needs(("container-infrastructure-management",)),
    "image_command_customizer": Needs(("compute", "image"), things=_SERVER),
    "audit_templates": Needs(("resource-optimization",), administrator=True),
    "zones": Needs(("dns",)),
}

# Rally's names of clients, in the context quotas.
QUOTA_SERVICES = {
    "nova": "compute",
    "cinder": "block-storage",
    "neutron": "network",
    "manila": "shared-file-system",
    "designate": "dns",
}


def will_make(workload: Workload, kind: str) -> tuple[Named, ...]:
    """Return the things of a kind that a workload's contexts will have made, which have no ids yet."""
    contexts = workload.contexts
    match kind:
        case "image":
            config = contexts.get("images") or {}
            details = {"min_ram": config.get("min_ram", 0), "min_disk": config.get("min_disk", 0), "size": 0}
            return (Named("", config["image_name"], details),) if config.get("image_name") else ()
        case "flavor":
            flavors = contexts.get("flavors") or []
            return tuple(Named("", one["name"], {"ram": one["ram"], "disk": one.get("disk", 0)}) for one in flavors)
        case "volume_type":
            return tuple(Named("", str(name)) for name in contexts.get("volume_types") or [])
    return ()


def configured(workload: Workload, context: str) -> Mapping[str, Any]:
    """Return the configuration of a context, where that is a mapping."""
    config = workload.contexts.get(context)
    return config if isinstance(config, dict) else {}
