"""Finds what dead runs have left in a cloud by names alone: those of another checkout, and those of Rally itself.

Only names of exactly the form that Rallycross and Rally give count; see `cloud.naming`.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain

from rallycross.cloud.api import Api
from rallycross.cloud.errors import ApiError, Unreachable
from rallycross.cloud.naming import BEGINNINGS, context_prefix, scenario_prefix
from rallycross.cloud.parallel import in_parallel
from rallycross.cloud.resource import Place, Resource, Thing
from rallycross.cloud.service import OF_USERS, resources
from rallycross.leftovers.draining import Drained, Leftover, Search, drain, look

# The number is of servers by one request.
_NAME = re.compile(rf"(({'|'.join(BEGINNINGS)})[0-9A-Za-z]{{8}}_)[0-9A-Za-z]{{8}}(-\d+)?")
_CREATED = ("created_at", "created")


@dataclass(frozen=True)
class Named:
    """Something whose name says that a run has made it."""

    kind: Resource
    place: Place
    id: str
    name: str
    project: str  # name, or id; "" = none
    created: datetime | None  # None: the service does not say

    @property
    def run(self) -> str:
        """The part of the name that all things of a scenario or of a run's contexts have."""
        return _run_of(self.name)


def _run_of(name: str) -> str:
    """Return the part of a name that tells the run, or ""."""
    matched = _NAME.fullmatch(name)
    return matched[1] if matched else ""


@dataclass(frozen=True)
class FoundByName:
    """What was found, and which kinds could not be listed."""

    things: list[Named]
    unlisted: list[Leftover]
    not_searched: str = ""  # why nothing was looked for


def find(api: Api, beginnings: Collection[str]) -> FoundByName:
    """Return what has a name with one of some `BEGINNINGS`, in all projects."""
    wanted = _Wanted(frozenset(beginnings))
    kinds = [kind for kind in resources().values() if kind.naming and api.has(kind.service)]
    everywhere = Place(api, admin=True)
    unlisted: list[Leftover] = []

    def listed(kind: Resource, place: Place) -> list[tuple[Resource, Place, Thing]]:
        try:
            return [(kind, place, thing) for thing in look(kind, Search(place, lambda thing: wanted(kind, thing)))]
        except (ApiError, Unreachable) as error:
            unlisted.append(Leftover(kind.name, "", "", place.project, f"cannot be listed: {error}"))
            return []

    of_projects = [kind for kind in kinds if kind.scope in {"project", "cloud"}]
    found = list(chain.from_iterable(in_parallel(lambda kind: listed(kind, everywhere), of_projects)))
    users = [str(thing[kind.id]) for kind, _, thing in found if kind.name == "keystone.user"]
    pairs = [(kind, Place(api, admin=True, user=user)) for kind in kinds if kind.scope == "user" for user in users]
    found += chain.from_iterable(in_parallel(lambda pair: listed(*pair), pairs))
    names = {str(one["id"]): str(one["name"]) for one in api.list("identity", "/projects", "projects")}
    return FoundByName([_named(*one, names) for one in found], unlisted)


def not_of(things: Sequence[Named], owners: Collection[str]) -> list[Named]:
    """Return the things that none of these owners has made: uuids of tasks and workloads."""
    runs = {prefix(owner) for owner in owners for prefix in (scenario_prefix, context_prefix)}
    return [one for one in things if one.run not in runs]


def idle(things: Sequence[Named], since: datetime) -> list[Named]:
    """Return the things of runs that have made nothing since a time, as far as their services say when.

    What is in a project that a run has made counts for that run, too. A run of which no service says anything may be
    alive.
    """
    latest: dict[str, datetime] = {}
    for one in things:
        for run in {one.run, _run_of(one.project)} - {""}:
            if one.created:
                latest[run] = max(one.created, latest.get(run, one.created))
    alive = {run for run in (one.run for one in things) if latest.get(run, since) >= since}
    return [one for one in things if not alive & {one.run, _run_of(one.project)}]


def delete(found: Sequence[Named]) -> Drained:
    """Delete what was found, and nothing else: projects with everything in them first, since that may hold the rest."""
    drained = Drained()
    kinds = [kind for kind in resources().values() if any(one.kind is kind for one in found)]
    for kind in sorted(kinds, key=lambda kind: not kind.contains):
        ids: dict[Place, set[str]] = {}
        for one in found:
            if one.kind is kind:
                ids.setdefault(one.place, set()).add(one.id)
        drained += drain(kind, [_by_ids(kind, place, frozenset(wanted)) for place, wanted in ids.items()])
    return drained


@dataclass(frozen=True)
class _Wanted:
    """Tells whether a thing has a name with one of some beginnings, in the form that runs give."""

    beginnings: frozenset[str]

    def __call__(self, kind: Resource, thing: Thing) -> bool:
        matched = _NAME.fullmatch(kind.name_of(thing))
        return matched is not None and matched[2] in self.beginnings


def _by_ids(kind: Resource, place: Place, ids: frozenset[str]) -> Search:
    return Search(place, lambda thing: str(thing[kind.id]) in ids)


def _named(kind: Resource, place: Place, thing: Thing, projects: dict[str, str]) -> Named:
    owner = str(thing.get(kind.owner) or "") if kind.scope in OF_USERS else ""
    created = next((_moment(str(thing[key])) for key in _CREATED if thing.get(key)), None)
    return Named(kind, place, str(thing[kind.id]), kind.name_of(thing), projects.get(owner, owner), created)


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
