"""Deletes things of one kind, wherever they are, until there are none."""

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

LIMIT = 600.0  # seconds until all things of one kind must be gone; Rally's default
_ATTEMPTS = 3  # at deleting what is refused for good; Rally's
# What is in the middle of a change, or held by something that is just going, refuses so, but not for ever.
_NOT_NOW = frozenset({400, 409})
_NOT_FOUND, _INTERNAL_ERROR = 404, 500
_ROUNDS = 3  # of looking, deleting and looking again
_GONE = frozenset({"deleted", "soft_deleted"})


@dataclass(frozen=True)
class Search:
    """What to delete in one place."""

    place: Place
    wanted: Callable[[Thing], bool]
    narrowed: dict[str, str] = field(default_factory=dict)  # parameters of the list, where a service has them
    known: Sequence[Thing] = ()  # things whose ids we have: none of them is gone because a list does not show it


@dataclass(frozen=True)
class Leftover:
    """Something that does not go, or (without an id) a place that cannot be looked at."""

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
    """What became of it."""

    deleted: Counter[str] = field(default_factory=Counter)  # kind -> how many are gone
    left: list[Leftover] = field(default_factory=list)

    def __iadd__(self, other: "Drained") -> Self:
        self.deleted.update(other.deleted)
        self.left += other.left
        return self


def everything(place: Place, kind: Resource) -> Search:
    """Search for all that is in a project: asked of each thing, since a service that overlooks the filter shows all."""
    return Search(place, lambda thing: kind.scope != "project" or thing.get(kind.owner) == place.project)


def by_prefix(place: Place, kind: Resource, prefix: str) -> Search:
    """Search for what is named so, and for what has no name in a project that is ours."""

    def wanted(thing: Thing) -> bool:
        if not kind.naming or kind.scope == "quota":
            return place.ours
        owner = thing.get(kind.owner) if kind.scope == "project" else None
        return kind.name_of(thing).startswith(prefix) and owner in {None, place.project}

    by = kind.name_filters[1]
    return Search(place, wanted, {by: prefix} if by else {})


def empty(places: Sequence[Place], *, limit: float = LIMIT, threads: int = THREADS) -> Drained:
    """Delete all that is in projects, acting as the cloud's administrator."""
    drained = Drained()
    for kind in resources().values():
        there = [place for place in places if place.api.has(kind.service)]
        if kind.scope == "project" and there:
            drained += drain(kind, [everything(place, kind) for place in there], limit=limit, threads=threads)
    return drained


def sweep(
    prefix: str, kinds: Iterable[Resource], places: Sequence[Place], *, limit: float = LIMIT, threads: int = THREADS
) -> Drained:
    """Delete what is named by a prefix, kind by kind; projects that are, with all that is in them."""
    drained = Drained()
    for kind in kinds:
        where = [place for place in places if place.api.has(kind.service) and _fits(kind, place)]
        searches = [by_prefix(place, kind, prefix) for place in where]
        drained += drain(kind, searches, limit=limit, threads=threads)
    return drained


def _fits(kind: Resource, place: Place) -> bool:
    """Say whether a kind of thing can be in a place: a project, one of its users, or the cloud."""
    wanted = {"cloud": (False, False), "user": (True, True)}.get(kind.scope, (True, False))
    return (bool(place.project), bool(place.user)) == wanted


def drain(
    kind: Resource, searches: Sequence[Search], *, limit: float = LIMIT, threads: int = THREADS, looks: int = 1
) -> Drained:
    """Delete until there is nothing more, or `limit` seconds have passed; what is refused for good is tried thrice.

    Where a delete is only begun by the request, one list a place shows what of it is there still; what it does not show
    is asked for by its id. A project is emptied first, and stays where that fails. A list of many pages can overlook
    what changes meanwhile: where something was found, it is looked for once more, and `looks` in a row that find
    nothing are believed.
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
    """One thing that is to go."""

    search: Search
    thing: Thing
    tried: int = 0
    accepted: bool = False  # the cloud has said that it will go
    refusal: ApiError | Unreachable | None = None


class _Drain:
    """Where the draining of one kind has come to."""

    def __init__(self, kind: Resource, threads: int) -> None:
        self.pending: dict[tuple[Place, str], _Target] = {}
        self._kind = kind
        self._threads = threads
        self._met: set[tuple[Place, str]] = set()
        self._left: dict[tuple[Place, str], Leftover] = {}
        self._inside: list[Leftover] = []

    def look(self, searches: Sequence[Search]) -> None:
        """Find what is pending."""
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
        """See what is there still, where deletes take their time."""
        if not self._kind.at_once:
            self.look(list({id(target.search): target.search for target in self.pending.values()}.values()))

    def spare(self, inside: Sequence[Leftover]) -> None:
        """Leave alone the projects in which something is left."""
        self._inside += inside
        full = {left.project for left in inside}
        spared = {key for key in self.pending if key[1] in full}
        self.pending = {key: target for key, target in self.pending.items() if key not in spared}
        self._met -= spared

    def ask(self, target: _Target) -> None:
        """Have a thing deleted, unless it is on its way."""
        failed = str(target.thing.get("status", "")).lower().startswith("error")
        if target.accepted and not failed:
            return
        target.tried += 1
        target.refusal = _attempt(self._kind, target.search.place, target.thing)
        target.accepted = target.refusal is None

    def give_up(self, *, late: bool, limit: float) -> None:
        """Drop what is gone, and what will not go."""
        for key, target in list(self.pending.items()):
            if self._kind.at_once and target.accepted:
                del self.pending[key]
            elif late or (target.tried >= _ATTEMPTS and self._is_final(target.refusal)):
                del self.pending[key]
                why = str(target.refusal or f"it is there still after {limit:g} s")
                name = self._kind.name_of(target.thing)
                self._left[key] = Leftover(self._kind.name, key[1], name, key[0].project, why)

    def drained(self) -> Drained:
        """Return what has become of it all."""
        # By id alone: what does not say whose it is may be met twice. Quotas are no things: every project has some.
        gone = len({key[1] for key in self._met - self._left.keys()}) if self._kind.scope != "quota" else 0
        return Drained(Counter({self._kind.name: gone} if gone else {}), [*self._inside, *self._left.values()])

    def _is_final(self, refusal: ApiError | Unreachable | None) -> bool:
        """Say whether asking again is of no use; what is in no project is not held by anything that is going."""
        passing = isinstance(refusal, ApiError) and refusal.status in _NOT_NOW and self._kind.scope != "cloud"
        return refusal is not None and not passing

    def _is_there(self, target: _Target) -> bool:
        """Ask for a thing that lists show no more; what cannot be asked for is taken to be there."""
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
    """Return what there is of one kind in one place."""
    if search.known and kind.at_once:
        return list(search.known)  # to be deleted, whether it is there or not
    try:
        things = kind.look(kind, search.place, search.narrowed)
    except ApiError as error:
        if error.status == _NOT_FOUND:  # an extension that this cloud does not have
            return []
        raise
    found = [thing for thing in things if search.wanted(thing) and str(thing.get("status", "")).lower() not in _GONE]
    listed = {str(thing[kind.id]) for thing in things}
    unseen = [str(thing[kind.id]) for thing in search.known if str(thing[kind.id]) not in listed]
    return found + [thing for one in unseen if (thing := show(kind, search.place.api, one))]


def show(kind: Resource, api: Api, identifier: str) -> Thing | None:
    """Ask for one thing by its id; None where it is gone."""
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
    """Ask for a thing to be deleted, and return what the cloud has against it."""
    try:
        kind.delete(kind, place, thing)
    except ApiError as error:
        return None if error.status == _NOT_FOUND else error
    except Unreachable as error:
        return error
    return None
