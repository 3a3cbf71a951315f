"""Deletes what a verification has made and left: its domain's projects with all in them, and whatever bears its name.

Nothing else is touched: the domain was made for the run, and the prefix was given to it alone. Where the tests took
accounts that were given, there is no domain, and only the name tells what they left in the projects of these. After a
run that was killed, the next one in the same folder has the same prefix, and so finds what is to be deleted.
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

GONE_SECONDS = 60.0  # for things of one kind to be gone, so that what they use is free
_LOOKS = 2  # lists that find nothing, before there is taken to be nothing
_SCOPES = frozenset({"project", "cloud"})  # keypairs go with their users, quotas with their projects


@dataclass
class Cleaned:
    """What has become of the leftovers."""

    deleted: int = 0
    remaining: list[str] = field(default_factory=list)  # "nova.servers NAME: why it could not be deleted (id ID)"

    def __str__(self) -> str:
        told = [f"{self.deleted} things that it had made were deleted"] if self.deleted else []
        if self.remaining:
            told.append(f"left on the cloud, to be deleted by hand: {'; '.join(self.remaining)}")
        return "; ".join(told)


def clean(connection: openstack.connection.Connection, prefix: str, *, late: float = 0.0) -> Cleaned:
    """Delete all that the run with this prefix has made. Raises nothing that the cloud is the reason for.

    For `late` seconds it is looked for again: no answer has said whether something was made.
    """
    began, cleaned = time.monotonic(), _cleaned(connection, prefix)
    while (waited := time.monotonic() - began) < late:
        time.sleep(min(pause_after(waited), late - waited))
        again = _cleaned(connection, prefix)
        cleaned = Cleaned(cleaned.deleted + again.deleted, again.remaining)
        if again.deleted:  # it has come
            return cleaned
    if late:
        cleaned.remaining.append(
            f"perhaps what is named {prefix}-* and comes later than {late:g} s after it was asked for: the next"
            " verification in this folder deletes it"
        )
    return cleaned


def _cleaned(connection: openstack.connection.Connection, prefix: str) -> Cleaned:
    cleaned = Cleaned()
    try:
        run = _Run(Api(connection), prefix)
    except (ApiError, Unreachable, SignInFailed) as error:
        cleaned.remaining.append(f"whatever is named {prefix}-*: {error}")
        return cleaned
    for kind in resources().values():
        if kind.scope in _SCOPES and run.place.api.has(kind.service):
            drained = drain(kind, [run.search(kind)], limit=GONE_SECONDS, looks=_LOOKS)
            cleaned.deleted += drained.deleted.total()
            cleaned.remaining += map(str, drained.left)
    return cleaned


class _Run:
    """Tells what a run has made from all else."""

    def __init__(self, api: Api, prefix: str) -> None:
        self.place = Place(api, admin=True)
        self._beginning = f"{prefix}-"
        self._projects: set[str] = set()
        for domain in api.list("identity", "/domains", "domains", {"name": domain_name(prefix)}):
            if domain["name"] == domain_name(prefix):
                inside = api.list("identity", "/projects", "projects", {"domain_id": domain["id"]})
                self._projects |= {str(project["id"]) for project in inside if project["domain_id"] == domain["id"]}
        self._surrounding: set[str] = set()  # ids of networks and routers
        if api.has("network"):
            for kind in (resource("neutron.network"), resource("neutron.router")):
                self._surrounding |= {str(one["id"]) for one in look(kind, self.search(kind))}

    def search(self, kind: Resource) -> Search:
        """Return how to look for what is the run's of one kind."""
        return Search(self.place, lambda thing: self._made(kind, thing))

    def _made(self, kind: Resource, thing: Thing) -> bool:
        named = (kind.name_of(thing) or str(thing[kind.id])).startswith(self._beginning)
        # What is in a network of the run's, or leads through its router, may have no name, and be in another's project.
        inside = {thing.get("network_id"), thing.get("router_id")} & self._surrounding
        owned = thing.get(kind.owner) in self._projects
        return named or (kind.scope == "project" and (owned or bool(inside)))
