"""Deletes resources of one kind, in several places, until none is left."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Self

from rallycross.cloud.api import Api
from rallycross.cloud.errors import ApiError, Unreachable
from rallycross.cloud.parallel import THREADS, in_parallel, pause_after
from rallycross.cloud.resource import Place, Resource, Thing
from rallycross.cloud.service import resources

LIMIT = 600.0  # seconds until all resources of one kind must be gone; Rally's default
_ATTEMPTS = 3  # at deleting a resource that the cloud refuses to delete; Rally's number
# Answers for a resource that is being changed, or used by another that is being deleted. They are temporary.
_NOT_NOW = frozenset({400, 409})
_NOT_FOUND, _INTERNAL_ERROR = 404, 500
_ROUNDS = 3  # of listing, deleting and listing again
_GONE = frozenset({"deleted", "soft_deleted"})


@dataclass(frozen=True)
class Search:
    """What to delete in one place."""

    place: Place
    wanted: Callable[[Thing], bool]
    narrowed: dict[str, str] = field(default_factory=dict)  # filters of the list, if the service has them
    known: Sequence[Thing] = ()  # things whose ids are known: they count as there even if a list does not show them


@dataclass(frozen=True)
class Leftover:
    """Something that could not be deleted, or (without an id) a place that could not be listed."""

    kind: str
    id: str
    name: str
    project: str
    why: str

    def __str__(self) -> str:
        what = self.name or self.id or f"in {self.project or 'the cloud'}"
        more = [f"id {self.id}"] if self.id and self.id != what else []
        more += [f"project {self.project}"] if self.project and what != f"in {self.project}" else []
        return f"{self.kind} {what}: {self.why}" + (f" ({', '.join(more)})" if more else "")


@dataclass
class Drained:
    """The result of a deletion."""

    deleted: Counter[str] = field(default_factory=Counter)  # kind -> how many were deleted
    left: list[Leftover] = field(default_factory=list)

    def __iadd__(self, other: "Drained") -> Self:
        self.deleted.update(other.deleted)
        self.left += other.left
        return self


def everything(place: Place, kind: Resource) -> Search:
    """Search for everything in a project. Each thing's owner is checked, since a service may ignore the filter."""
    return Search(place, lambda thing: kind.scope != "project" or thing.get(kind.owner) == place.project)


def by_prefix(place: Place, kind: Resource, prefix: str) -> Search:
    """Search for names that begin with `prefix`, and for nameless things in projects of ours."""

    def wanted(thing: Thing) -> bool:
        if not kind.naming or kind.scope == "quota":
            return place.ours
        owner = thing.get(kind.owner) if kind.scope == "project" else None
        return kind.name_of(thing).startswith(prefix) and owner in {None, place.project}

    by = kind.name_filters[1]
    return Search(place, wanted, {by: prefix} if by else {})


def empty(places: Sequence[Place], *, limit: float = LIMIT, threads: int = THREADS) -> Drained:
    """Delete everything in some projects, as the cloud's administrator."""
    drained = Drained()
    for kind in resources().values():
        there = [place for place in places if place.api.has(kind.service)]
        if kind.scope == "project" and there:
            drained += drain(kind, [everything(place, kind) for place in there], limit=limit, threads=threads)
    return drained


def sweep(
    prefix: str, kinds: Iterable[Resource], places: Sequence[Place], *, limit: float = LIMIT, threads: int = THREADS
) -> Drained:
    """Delete everything whose name has a prefix, kind by kind; projects with everything in them."""
    drained = Drained()
    for kind in kinds:
        where = [place for place in places if place.api.has(kind.service) and _fits(kind, place)]
        searches = [by_prefix(place, kind, prefix) for place in where]
        drained += drain(kind, searches, limit=limit, threads=threads)
    return drained


def _fits(kind: Resource, place: Place) -> bool:
    """Return whether a kind of thing can be in a place: a project, one of its users, or the cloud."""
    wanted = {"cloud": (False, False), "user": (True, True)}.get(kind.scope, (True, False))
    return (bool(place.project), bool(place.user)) == wanted


def drain(
    kind: Resource, searches: Sequence[Search], *, limit: float = LIMIT, threads: int = THREADS, looks: int = 1
) -> Drained:
    """Delete until nothing is left or `limit` seconds have passed; try three times if the cloud refuses for good.

    Some deletes continue after their request: one list per place shows what is still there, and what it does not show
    is requested by id. A project is emptied first, and kept if that fails. A list of many pages can miss things that
    change meanwhile, so after a find the list is repeated until `looks` lists in a row are empty.
    """
    work = _Drain(kind, threads)
    began, silent = time.monotonic(), 0
    for _ in range(_ROUNDS):
        work.look(searches)
        if kind.contains:
            places = [Place(place.api, admin=True, project=project) for place, project in work.pending]
            work.spare(empty(places, limit=limit, threads=threads).left)
        silent = 0 if work.pending else silent + 1
        if silent == looks:
            break
        while work.pending:
            in_parallel(work.ask, list(work.pending.values()), threads=threads)
            waited = time.monotonic() - began
            work.give_up(late=waited > limit, limit=limit)
            if work.pending:
                time.sleep(pause_after(waited))
                work.look_again()
        searches = [search for search in searches if not search.known and kind.scope != "quota"]
    return work.drained()


@dataclass
class _Target:
    """One thing to delete."""

    search: Search
    thing: Thing
    tried: int = 0
    accepted: bool = False  # whether the cloud has accepted the delete
    refusal: ApiError | Unreachable | None = None


class _Drain:
    """The state of deleting one kind."""

    def __init__(self, kind: Resource, threads: int) -> None:
        self.pending: dict[tuple[Place, str], _Target] = {}
        self._kind = kind
        self._threads = threads
        self._met: set[tuple[Place, str]] = set()
        self._left: dict[tuple[Place, str], Leftover] = {}
        self._inside: list[Leftover] = []

    def look(self, searches: Sequence[Search]) -> None:
        """List the places, to find what is to be deleted."""
        found = {}
        for search, things in zip(searches, in_parallel(self._list, searches, threads=self._threads), strict=True):
            for thing in things:
                key = (search.place, str(thing[self._kind.id]))
                if key not in self._left:
                    found[key] = self.pending.get(key) or _Target(search, thing)
                    found[key].thing = thing
        unseen = {key: target for key, target in self.pending.items() if key not in found and key not in self._left}
        there = in_parallel(self._is_there, unseen.values(), threads=self._threads)
        found |= {key: unseen[key] for key, is_there in zip(unseen, there, strict=True) if is_there}
        self.pending = found
        self._met |= found.keys()

    def look_again(self) -> None:
        """Check which accepted deletes are complete."""
        if not self._kind.at_once:
            self.look(list({id(target.search): target.search for target in self.pending.values()}.values()))

    def spare(self, inside: Sequence[Leftover]) -> None:
        """Give up the projects in which something could not be deleted."""
        self._inside += inside
        full = {left.project for left in inside}
        spared = {key for key in self.pending if key[1] in full}
        self.pending = {key: target for key, target in self.pending.items() if key not in spared}
        self._met -= spared

    def ask(self, target: _Target) -> None:
        """Request the deletion of a thing, unless that has been accepted."""
        failed = str(target.thing.get("status", "")).lower().startswith("error")
        if target.accepted and not failed:
            return
        target.tried += 1
        target.refusal = _attempt(self._kind, target.search.place, target.thing)
        target.accepted = target.refusal is None

    def give_up(self, *, late: bool, limit: float) -> None:
        """Drop the things that are gone, and those that cannot be deleted."""
        for key, target in list(self.pending.items()):
            if self._kind.at_once and target.accepted:
                del self.pending[key]
            elif late or (target.tried >= _ATTEMPTS and self._is_final(target.refusal)):
                del self.pending[key]
                why = str(target.refusal or f"it is still there after {limit:g} s")
                name = self._kind.name_of(target.thing)
                self._left[key] = Leftover(self._kind.name, key[1], name, key[0].project, why)

    def drained(self) -> Drained:
        """Return the result."""
        # By id, since a thing without an owner may be listed twice. Quotas do not count: every project has them.
        gone = len({key[1] for key in self._met - self._left.keys()}) if self._kind.scope != "quota" else 0
        return Drained(Counter({self._kind.name: gone} if gone else {}), [*self._inside, *self._left.values()])

    def _is_final(self, refusal: ApiError | Unreachable | None) -> bool:
        """Return whether repeating is useless. Nothing that is being deleted can block a thing outside of projects."""
        passing = isinstance(refusal, ApiError) and refusal.status in _NOT_NOW and self._kind.scope != "cloud"
        return refusal is not None and not passing

    def _is_there(self, target: _Target) -> bool:
        """Request a thing that lists no longer show; on an error it counts as still there."""
        try:
            return show(self._kind, target.search.place.api, str(target.thing[self._kind.id])) is not None
        except (ApiError, Unreachable):
            return True

    def _list(self, search: Search) -> list[Thing]:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return look(self._kind, search)
            except (ApiError, Unreachable) as error:
                if attempt < _ATTEMPTS and isinstance(error, ApiError) and error.status == _INTERNAL_ERROR:
                    time.sleep(pause_after(attempt))
                    continue
                why = f"cannot be listed: {error}"
                self._left[search.place, ""] = Leftover(self._kind.name, "", "", search.place.project, why)
                break
        return []


def look(kind: Resource, search: Search) -> list[Thing]:
    """Return the things that a search finds in one place."""
    if search.known and kind.at_once:
        return list(search.known)  # deleted by id, without looking first
    try:
        things = kind.look(kind, search.place, search.narrowed)
    except ApiError as error:
        if error.status == _NOT_FOUND:  # the cloud does not have this API extension
            return []
        raise
    found = [thing for thing in things if search.wanted(thing) and str(thing.get("status", "")).lower() not in _GONE]
    listed = {str(thing[kind.id]) for thing in things}
    unseen = [str(thing[kind.id]) for thing in search.known if str(thing[kind.id]) not in listed]
    return found + [thing for one in unseen if (thing := show(kind, search.place.api, one))]


def show(kind: Resource, api: Api, identifier: str) -> Thing | None:
    """Request one thing by its id; return None if it does not exist."""
    try:
        answer = api.get(kind.service, f"{kind.path}/{identifier}", microversion=kind.microversion)
    except ApiError as error:
        if error.status == _NOT_FOUND:
            return None
        raise
    inner = next(iter(answer.values())) if len(answer) == 1 else answer
    thing: Thing = {kind.id: identifier, **(inner if isinstance(inner, dict) else answer)}
    return None if str(thing.get("status", "")).lower() in _GONE else thing


def _attempt(kind: Resource, place: Place, thing: Thing) -> ApiError | Unreachable | None:
    """Request the deletion of a thing; return the cloud's refusal, or None."""
    try:
        kind.delete(kind, place, thing)
    except ApiError as error:
        return None if error.status == _NOT_FOUND else error
    except Unreachable as error:
        return error
    return None
