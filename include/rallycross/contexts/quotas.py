"""Quotas of the projects that the load acts in."""

from collections.abc import Iterator
from typing import Any

from rallycross.cloud.context_data import Tenant
from rallycross.cloud.parallel import in_parallel
from rallycross.cloud.service import SERVICES, ServiceQuotas, known_services
from rallycross.context.context import ContextAdmin, ContextData, context
from rallycross.context.resource_context import ResourceContext
from rallycross.task.cloud_references import CloudReference
from rallycross.task.flaw import Schema
from rallycross.task.known import Needs

_LIMIT: Schema = {"type": "integer", "minimum": -1}  # -1 = unlimited
_SCHEMA: Schema = {
    "type": "object",
    "properties": {
        service.name: {
            "type": "object",
            "properties": dict.fromkeys(service.quotas.names, _LIMIT),
            "additionalProperties": False,
        }
        for service in known_services()
        if service.quotas
    },
    "additionalProperties": False,
}


def _services(config: dict[str, Any]) -> dict[str, str]:
    return {client: SERVICES[client].type for client in config}


def _references(config: dict[str, dict[str, int]]) -> Iterator[CloudReference]:
    for client, quotas in config.items():
        for name in quotas:
            yield CloudReference(SERVICES[client].quota_fact, f"{client}.{name}", name)


@context(
    "quotas", order=300, schema=_SCHEMA, needs=Needs(administrator=True, services_of=_services, references=_references)
)
class Quotas(ResourceContext):
    """Sets the quotas of every project. Existing projects get their old quotas back; new projects lose theirs."""

    name = "quotas"

    def __init__(self, config: dict[str, dict[str, int]], context_data: ContextData, admin: ContextAdmin) -> None:
        super().__init__(context_data, admin)
        self._quotas = [
            (service.quotas, config[service.name])
            for service in known_services()
            if service.quotas and config.get(service.name)
        ]

    def make_all(self) -> None:
        """Set the quotas, and record the old ones in the ledger."""
        self.project_users()
        self.context_data.shared["quotas"] = [quotas.resource.name for quotas, _ in self._quotas]
        in_parallel(
            self._set, [(*one, tenant) for one in self._quotas for tenant in self.context_data.tenants.values()]
        )

    def _set(self, one: tuple[ServiceQuotas, dict[str, int], Tenant]) -> None:
        (quotas, wanted, tenant), api = one, self.admin.api()
        service, path, key = quotas.resource.service, quotas.path(tenant.id), quotas.key
        before: dict[str, Any] = {}
        if tenant.existing:
            now = api.get(service, path)[key]
            before = {"before": {name: now[name] for name in wanted if name in now}}
        self.note(quotas.resource.name, tenant.name, project=tenant.id, **before)
        api.put(service, path, {key: wanted})
