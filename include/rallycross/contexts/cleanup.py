"""Finds leftovers of scenarios by their names and deletes them."""

import sys
from collections import Counter
from typing import Any

from rallycross.cloud.context_data import Tenant
from rallycross.cloud.naming import scenario_prefix
from rallycross.cloud.resource import Scope
from rallycross.cloud.service import OF_ADMIN, OF_USERS, ServiceQuotas, chosen, known_services, resource_names
from rallycross.context.cleaning import SWEEP
from rallycross.context.context import ContextAdmin, ContextData, context
from rallycross.task.flaw import Schema

ProjectScope = tuple[str, str, bool]  # a project's id, the id of one of its users or "", and whether it is ours


def _schema(scopes: frozenset[Scope]) -> Schema:
    return {"type": "array", "items": {"enum": resource_names(scopes)}}


class _DeleteByPrefix:
    """Deletes what a scenario has created and left, by its name prefix.

    The prefix, and where to look, are in the ledger before the load begins.
    """

    scopes: frozenset[Scope]

    def __init__(self, config: list[str], context_data: ContextData, admin: ContextAdmin) -> None:
        self._kinds = chosen(config, self.scopes)
        self._context_data = context_data
        self._admin = admin
        self._rows: list[int] = []

    def set_up(self) -> None:
        """Record the prefix before the load creates anything."""
        prefix = scenario_prefix(self._admin.owner)
        self._rows.append(self._admin.ledger.remember(SWEEP, prefix, kinds=self._names(), places=self._places()))

    def clean_up(self) -> Counter[str]:
        """Delete the leftovers; return how many of each kind. Raise `LeftBehind` if something cannot be deleted."""
        return self._admin.clean(self._rows, users=self._context_data.cloud.users)

    def _names(self) -> list[str]:
        """Return the kinds to delete."""
        # Quotas that the context `quotas` has set may be shared with other workloads: it restores them itself.
        return [kind.name for kind in self._kinds if kind.name not in self._context_data.shared.get("quotas", ())]

    def _places(self) -> list[Any]:
        raise NotImplementedError

    def _projects(self) -> list[ProjectScope]:
        return [(tenant.id, "", not tenant.existing) for tenant in self._context_data.tenants.values()]


@context("cleanup", order=sys.maxsize, schema=_schema(OF_USERS), own=True)
class Cleanup(_DeleteByPrefix):
    """Deletes what a scenario has left in users' projects: servers, volumes, networks and so on."""

    scopes = OF_USERS

    def _places(self) -> list[ProjectScope]:
        users = [(user.tenant.id, user.id, not user.tenant.existing) for user in self._context_data.users]
        return [*self._projects(), *users]


@context("admin_cleanup", order=sys.maxsize - 1, schema=_schema(OF_ADMIN), own=True)
class AdminCleanup(_DeleteByPrefix):
    """Deletes what a scenario has left outside of users' projects, such as flavors and users, and resets quotas.

    Projects that existed before get the quotas back that they had.
    """

    scopes = OF_ADMIN

    def set_up(self) -> None:
        """Record the prefix, and the quotas of projects that the load only borrows: these get them back."""
        super().set_up()
        names, borrowed = self._names(), [one for one in self._context_data.tenants.values() if one.existing]
        for service in known_services():
            if service.quotas and service.quotas.resource.name in names:
                for tenant in borrowed:
                    self._note(service.quotas, tenant)

    def _note(self, quotas: ServiceQuotas, tenant: Tenant) -> None:
        api = self._admin.api()
        if not api.has(quotas.resource.service):
            return
        now = api.get(quotas.resource.service, quotas.path(tenant.id))[quotas.key]
        before = {name: now[name] for name in quotas.names if name in now}
        row = self._admin.ledger.remember(quotas.resource.name, tenant.name, project=tenant.id, before=before)
        self._rows.append(row)

    def _places(self) -> list[ProjectScope]:
        return [*self._projects(), ("", "", True)]
