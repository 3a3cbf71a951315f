"""Quotas of the projects that the load acts in."""

from collections.abc import Iterator
from typing import Any

from rallycross.cloud.scene import Tenant
from rallycross.context.cleaning import QUOTAS
from rallycross.context.context import Backstage, Scene, context
from rallycross.context.kinds import KINDS
from rallycross.context.making import Making
from rallycross.context.together import together
from rallycross.task.flaw import Schema
from rallycross.task.known import Needs
from rallycross.task.wishes import Wish

_NAMES = {
    "nova": (
        "instances",
        "cores",
        "ram",
        "floating_ips",
        "fixed_ips",
        "metadata_items",
        "injected_files",
        "injected_file_content_bytes",
        "injected_file_path_bytes",
        "key_pairs",
        "security_groups",
        "security_group_rules",
        "server_groups",
        "server_group_members",
    ),
    "cinder": ("gigabytes", "snapshots", "volumes", "backups", "backup_gigabytes"),
    "neutron": (
        "network",
        "subnet",
        "port",
        "router",
        "floatingip",
        "security_group",
        "security_group_rule",
        "health_monitor",
        "pool",
        "vip",
        "trunk",
    ),
}
_LIMIT: Schema = {"type": "integer", "minimum": -1}  # -1 = none
_SCHEMA: Schema = {
    "type": "object",
    "properties": {
        service: {"type": "object", "properties": dict.fromkeys(names, _LIMIT), "additionalProperties": False}
        for service, names in _NAMES.items()
    },
    "additionalProperties": False,
}
_KINDS = {"nova": "nova.quotas", "cinder": "cinder.quotas", "neutron": "neutron.quota"}


def _services(config: dict[str, Any]) -> dict[str, str]:
    return {client: KINDS[_KINDS[client]].service for client in config}


def _wishes(config: dict[str, dict[str, int]]) -> Iterator[Wish]:
    for client, quotas in config.items():
        for name in quotas:
            yield Wish(f"{client}_quota", f"{client}.{name}", name)


@context("quotas", order=300, schema=_SCHEMA, needs=Needs(administrator=True, services_of=_services, wishes=_wishes))
class Quotas(Making):
    """Sets the quotas of every project; those that were there before get theirs back, new ones lose them."""

    name = "quotas"

    def __init__(self, config: dict[str, dict[str, int]], scene: Scene, backstage: Backstage) -> None:
        super().__init__(scene, backstage)
        self._quotas = {_KINDS[service]: quotas for service, quotas in config.items() if quotas}

    def make_all(self) -> None:
        """Set them, and keep in the ledger what they were."""
        self.seats()
        self.scene.shared["quotas"] = list(self._quotas)
        together(self._set, [(kind, tenant) for kind in self._quotas for tenant in self.scene.tenants.values()])

    def _set(self, one: tuple[str, Tenant]) -> None:
        (kind, tenant), api = one, self.backstage.api()
        service, path, key = KINDS[kind].service, f"{KINDS[kind].path}/{tenant.id}", QUOTAS[kind]
        wanted = self._quotas[kind]
        before: dict[str, Any] = {}
        if tenant.existing:
            now = api.get(service, path)[key]
            before = {"before": {name: now[name] for name in wanted if name in now}}
        self.note(kind, tenant.name, project=tenant.id, **before)
        api.put(service, path, {key: wanted})
