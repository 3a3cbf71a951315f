"""Deletes what the ledger lists: by id where the cloud returned one, otherwise by name."""

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cached_property, partial
from typing import Any, TypeVar

from openstack.connection import Connection

from rallycross.cloud.api import Api
from rallycross.cloud.cloud import Cloud
from rallycross.cloud.errors import ApiError, SignInFailed, Unreachable
from rallycross.cloud.parallel import THREADS, in_parallel, pause_after
from rallycross.cloud.resource import Place, Resource, Thing
from rallycross.cloud.service import known_services, resource, resources
from rallycross.context.ledger import OwnedLedger
from rallycross.errors import RallycrossError
from rallycross.leftovers.draining import LIMIT, Drained, Leftover, Search, drain, show, sweep
from rallycross.results.models import LedgerRow
from rallycross.safe_logging import logger
from rallycross.settings import settings

# Rows that are not resources: a name prefix to search for (`detail`: kinds, places), a role, quotas (`before`).
SWEEP, GRANT = "sweep", "keystone.grant"
_NOT_FOUND = 404

K = TypeVar("K")

_log = logger(__name__)


class LeftBehind(RallycrossError):  # noqa: N818 - reads as what it says
    """Something could not be deleted. It is still in the ledger, so the next clean-up tries again."""

    def __init__(self, message: str, deleted: Counter[str], left: Sequence[Leftover] = ()) -> None:
        super().__init__(message)
        self.deleted = deleted  # kind -> how many were deleted nevertheless
        self.left = tuple(left)


def clean(
    connection: Connection,
    ledger: OwnedLedger,
    *,
    users: Sequence[Cloud] = (),
    threads: int = THREADS,
    limit: float = LIMIT,
) -> int:
    """Delete everything in the ledger of its owner, the newest first; return the number of rows.

    `users` are the cloud's own users. They delete what is theirs where the connection is not an administrator's.
    Raise `LeftBehind`, after everything was tried, if something could not be deleted.
    """
    rows = ledger.standing()
    clean_rows(connection, ledger, rows, users=users, threads=threads, limit=limit)
    return len(rows)


def clean_rows(
    connection: Connection,
    ledger: OwnedLedger,
    rows: Collection[LedgerRow],
    *,
    users: Sequence[Cloud] = (),
    threads: int = THREADS,
    limit: float = LIMIT,
) -> Counter[str]:
    """Delete what some rows of a ledger list; return how many of each kind were deleted. Raise `LeftBehind`."""
    if not rows:
        return Counter()
    work = _Cleaning(Places(connection, users), threads, limit)
    drained = Drained()
    for kind, alike in _grouped(rows, lambda row: row.kind, [SWEEP, GRANT, *resources()]):
        done = work.delete(kind, alike)
        drained += done
        for row in alike:
            if row.id not in work.awaited and not any(_is_of(left, row) for left in done.left):
                ledger.forgotten(row.id)
    if drained.left:
        what = "\n".join(sorted(map(str, drained.left)))
        message = f"cloud {ledger.cloud}: could not delete\n{what}\nrepair the cloud and clean again"
        raise LeftBehind(message, drained.deleted, drained.left)
    return drained.deleted


class Places:
    """Chooses the user to act as: the administrator if there is one, otherwise the project's own user."""

    def __init__(self, connection: Connection, users: Sequence[Cloud]) -> None:
        self._api = Api(connection)
        self._users = users

    def of(self, project: str = "", user: str = "", *, ours: bool = True) -> Place:
        """Return the place for a project, for one user's things in it, or (without a project) for the whole cloud."""
        if self._api.administers or ours:
            return Place(self._api, admin=True, project=project, user=user, ours=ours)
        for api in self._own:
            if api.project == project and user in {"", api.user}:
                return Place(api, admin=False, project=project, user=user, ours=ours)
        raise SignInFailed(
            f"the project {project} cannot be accessed as an administrator or as one of its users - add a user of it"
            " to the clouds.yaml"
        )

    def search(self, row: LedgerRow) -> Search:
        """Return a search for the resource of a row by its name."""
        kind = resource(row.kind)
        by = kind.name_filters[0]
        where = self.of(row.detail.get("project", ""), row.detail.get("user", ""), ours=row.detail.get("ours", True))
        return Search(where, partial(_is_named, kind, row), {by: row.name} if by else {})

    @cached_property
    def _own(self) -> list[Api]:
        return in_parallel(lambda cloud: Api(cloud.connect()), self._users)


class _Cleaning:
    """Deletes rows of one kind."""

    def __init__(self, places: Places, threads: int, limit: float) -> None:
        self.awaited: set[int] = set()  # rows whose resource may still appear
        self._places = places
        self._threads = threads
        self._limit = limit

    def delete(self, kind: str, rows: Sequence[LedgerRow]) -> Drained:
        """Delete the resources of some rows."""
        try:
            if kind == SWEEP:
                return self._sweep(rows)
            if kind == GRANT or resource(kind).scope == "quota":
                return self._undo(kind, rows)
            lost = [row for row in rows if row.detail.get("lost")]
            known = [row for row in rows if row not in lost]
            of = resource(kind)
            drained = drain(of, self._searches(of, known), limit=self._limit, threads=self._threads)
            drained += self._await(of, lost)
        except SignInFailed as error:
            return Drained(left=[Leftover(kind, row.resource_id or "", row.name, "", str(error)) for row in rows])
        return drained

    def _sweep(self, rows: Sequence[LedgerRow]) -> Drained:
        drained = Drained()
        for row in rows:
            places = [self._places.of(project, user, ours=ours) for project, user, ours in row.detail["places"]]
            kinds = [resource(name) for name in row.detail["kinds"]]
            done = sweep(row.name, kinds, places, limit=self._limit, threads=self._threads)
            if done.left:  # this keeps the row
                done.left.append(Leftover(SWEEP, "", row.name, "", "some things with this name prefix are not deleted"))
            drained += done
        return drained

    def _undo(self, kind: str, rows: Sequence[LedgerRow]) -> Drained:
        """Revoke roles; restore the quotas that projects had before, or the cloud's defaults."""
        api = self._places.of().api
        undo = _revoke if kind == GRANT else _restore

        def one(row: LedgerRow) -> Leftover | None:
            try:
                undo(api, row)
            except (ApiError, Unreachable) as error:
                gone = isinstance(error, ApiError) and error.status == _NOT_FOUND
                return None if gone else Leftover(kind, "", row.name, "", str(error))
            return None

        return Drained(left=[left for left in in_parallel(one, rows, threads=self._threads) if left])

    def _searches(self, kind: Resource, rows: Sequence[LedgerRow]) -> list[Search]:
        searches = []
        for where, there in _grouped(rows, lambda row: (row.detail.get("project", ""), row.detail.get("user", ""))):
            place = self._places.of(*where, ours=all(row.detail.get("ours", True) for row in there))
            if known := {row.resource_id: row.name for row in there if row.resource_id}:
                things = [{kind.naming: name, kind.id: identifier} for identifier, name in known.items()]
                wanted = partial(_has_id, kind, frozenset(known))
                searches.append(Search(place, wanted, known=things))
            searches += [self._places.search(row) for row in there if not row.resource_id]
        return searches

    def _appeared(self, kind: Resource, row: LedgerRow) -> list[Search]:
        """Return searches for the resource of a row; none if its id is known and it does not exist."""
        if not row.resource_id:
            return [self._places.search(row)]
        [search] = self._searches(kind, [row])
        try:
            return [search] if show(kind, search.place.api, row.resource_id) is not None else []
        except (ApiError, Unreachable):
            return [search]

    def _await(self, kind: Resource, rows: Sequence[LedgerRow]) -> Drained:
        """Wait for resources that may still appear, since no answer says whether they were created.

        A row whose resource does not appear stays in the ledger until a much later search has not found it either.
        """
        limits, drained = settings(), Drained()
        waiting = {row.id: row for row in rows}
        began = time.monotonic()
        while waiting:
            for row in list(waiting.values()):
                done = drain(kind, self._appeared(kind, row), limit=self._limit, threads=self._threads)
                drained += done
                if done.deleted or done.left:
                    del waiting[row.id]
            now, waited = time.time(), time.monotonic() - began
            if not any(now - row.remembered_at < limits.late_patience for row in waiting.values()):
                break
            time.sleep(pause_after(waited))
        for row in waiting.values():
            if row.detail["lost"] != "over" and time.time() - row.remembered_at < limits.lost_limit:
                self.awaited.add(row.id)
                _log.warning(
                    "%s %s: no answer says whether it was created, and it is not there yet - ./rallycross clean looks"
                    " for it again",
                    row.kind,
                    row.name,
                )
        return drained


def _grouped(
    rows: Iterable[LedgerRow], key: Callable[[LedgerRow], K], order: Sequence[K] = ()
) -> list[tuple[K, list[LedgerRow]]]:
    """Return rows grouped by a key; groups are in the order given, or else the newest first."""
    groups: dict[K, list[LedgerRow]] = {}
    for row in sorted(rows, key=lambda row: -row.id):
        groups.setdefault(key(row), []).append(row)
    return sorted(groups.items(), key=lambda group: order.index(group[0]) if order else 0)


def _has_id(kind: Resource, ids: frozenset[str], thing: Thing) -> bool:
    return str(thing[kind.id]) in ids


def _is_named(kind: Resource, row: LedgerRow, thing: Thing) -> bool:
    """Return whether a thing belongs to a row. A name from the task file may be anybody's; our mark is only ours."""
    mark = row.detail.get("mark")
    return kind.name_of(thing) == row.name and mark in {None, thing.get("description")}


def _is_of(left: Leftover, row: LedgerRow) -> bool:
    """Return whether a leftover keeps a row in the ledger."""
    if left.kind != row.kind:  # something in a project, which then stays as well
        return row.kind == "keystone.project" and left.project == row.resource_id
    if not left.id and not left.name:  # a place that cannot be listed
        return left.project == str(row.detail.get("project", ""))
    return row.name == left.name if row.resource_id is None else row.resource_id == left.id


def grant_path(detail: Mapping[str, Any]) -> str:
    """Return the API path of a user's role in a project."""
    return "/projects/{project}/users/{user}/roles/{role}".format_map(detail)


def _revoke(api: Api, row: LedgerRow) -> None:
    api.delete("identity", grant_path(row.detail))


def _restore(api: Api, row: LedgerRow) -> None:
    [quotas] = [one.quotas for one in known_services() if one.quotas and one.quotas.resource.name == row.kind]
    service, path = quotas.resource.service, quotas.path(row.detail["project"])
    if before := row.detail.get("before"):
        now = api.get(service, path)[quotas.key]
        # Only what differs: a quota that is set no longer follows the cloud's default.
        if changed := {name: value for name, value in before.items() if now.get(name) != value}:
            api.put(service, path, {quotas.key: changed})
    else:
        api.delete(service, path)
