"""Deletes what a verification left in a cloud: the contents of its domain's projects, and resources with its prefix.

Nothing else is deleted: the domain and the prefix belong to the run alone. If the tests used given accounts, there is
no domain, and only the prefix identifies what they left in the projects of the accounts. The next run in the same
folder has the same prefix, and so finds what a killed run left.
"""

import time
from dataclasses import dataclass, field

import openstack

from rallycross.cloud.api import Api
from rallycross.cloud.errors import ApiError, SignInFailed, Unreachable
from rallycross.cloud.parallel import pause_after
from rallycross.cloud.resource import Place, Resource, Thing
from rallycross.cloud.service import resource, resources
from rallycross.leftovers.draining import Search, drain, look
from rallycross.verification.provisions import domain_name

GONE_SECONDS = 60.0  # limit for the resources of one kind to be gone
_LOOKS = 2  # empty lists in a row, before a kind is considered empty
_SCOPES = frozenset({"project", "cloud"})  # keypairs are deleted with their users, quotas with their projects


@dataclass
class CleanupResult:
    """The result of a clean-up."""

    deleted: int = 0
    remaining: list[str] = field(default_factory=list)  # "nova.servers NAME: why it could not be deleted (id ID)"

    def __str__(self) -> str:
        parts = [f"{self.deleted} resources of the run were deleted"] if self.deleted else []
        if self.remaining:
            parts.append(f"left in the cloud, to be deleted by hand: {'; '.join(self.remaining)}")
        return "; ".join(parts)


def clean(connection: openstack.connection.Connection, prefix: str, *, late: float = 0.0) -> CleanupResult:
    """Delete all resources of the run with this prefix. Errors of the cloud are in the result and are not raised.

    The search is repeated for `late` seconds, for a create request whose outcome is unknown.
    """
    began, cleaned = time.monotonic(), _cleaned(connection, prefix)
    while (waited := time.monotonic() - began) < late:
        time.sleep(min(pause_after(waited), late - waited))
        again = _cleaned(connection, prefix)
        cleaned = CleanupResult(cleaned.deleted + again.deleted, again.remaining)
        if again.deleted:  # the late resource has appeared
            return cleaned
    if late:
        cleaned.remaining.append(
            f"perhaps a resource named {prefix}-*, if it appears more than {late:g} s after the request: the next"
            " verification in this folder deletes it"
        )
    return cleaned


def _cleaned(connection: openstack.connection.Connection, prefix: str) -> CleanupResult:
    cleaned = CleanupResult()
    try:
        run = _Run(Api(connection), prefix)
    except (ApiError, Unreachable, SignInFailed) as error:
        cleaned.remaining.append(f"resources named {prefix}-*: {error}")
        return cleaned
    for kind in resources().values():
        if kind.scope in _SCOPES and run.place.api.has(kind.service):
            drained = drain(kind, [run.search(kind)], limit=GONE_SECONDS, looks=_LOOKS)
            cleaned.deleted += drained.deleted.total()
            cleaned.remaining += map(str, drained.left)
    return cleaned


class _Run:
    """Identifies the resources of a run."""

    def __init__(self, api: Api, prefix: str) -> None:
        self.place = Place(api, admin=True)
        self._beginning = f"{prefix}-"
        self._projects: set[str] = set()
        for domain in api.list("identity", "/domains", "domains", {"name": domain_name(prefix)}):
            if domain["name"] == domain_name(prefix):
                inside = api.list("identity", "/projects", "projects", {"domain_id": domain["id"]})
                self._projects |= {str(project["id"]) for project in inside if project["domain_id"] == domain["id"]}
        self._networks_and_routers: set[str] = set()  # ids of networks and routers
        if api.has("network"):
            for kind in (resource("neutron.network"), resource("neutron.router")):
                self._networks_and_routers |= {str(one["id"]) for one in look(kind, self.search(kind))}

    def search(self, kind: Resource) -> Search:
        """Return the search for the run's resources of one kind."""
        return Search(self.place, lambda thing: self._made(kind, thing))

    def _made(self, kind: Resource, thing: Thing) -> bool:
        named = (kind.name_of(thing) or str(thing[kind.id])).startswith(self._beginning)
        # A port in a network of the run, or on its router, may have no name and belong to another project.
        inside = {thing.get("network_id"), thing.get("router_id")} & self._networks_and_routers
        owned = thing.get(kind.owner) in self._projects
        return named or (kind.scope == "project" and (owned or bool(inside)))
