"""Deletes what the ledger says still stands: by id where the cloud had given one, by name where it had not."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby

from keystoneauth1.exceptions import ClientException
from openstack.connection import Connection
from openstack.exceptions import NotFoundException, SDKException

from rallycross.contexts.emptying import Stubborn, empty
from rallycross.contexts.identity import identity
from rallycross.contexts.ledger import OwnedLedger
from rallycross.errors import RallycrossError
from rallycross.results.models import LedgerRow

THREADS = 20


class LeftBehind(RallycrossError):  # noqa: N818 - reads as what it says
    """Something could not be deleted. It is still in the ledger, so cleaning again tries again."""


def clean(connection: Connection, ledger: OwnedLedger, *, threads: int = THREADS) -> int:
    """Delete all that stands for the ledger's owner, what was made last first; return how many rows that was.

    Raise `LeftBehind`, after everything was tried, when something could not be deleted.
    """
    rows = ledger.standing()[::-1]
    left: list[str] = []

    def one(row: LedgerRow) -> None:
        try:
            _DELETERS[row.kind](connection, row)
        except (SDKException, ClientException, Stubborn) as error:
            left.append(f"{row.kind} {row.name}: {error}")
        else:
            ledger.forgotten(row.id)

    with ThreadPoolExecutor(threads, thread_name_prefix="clean") as pool:
        for _, alike in groupby(rows, key=lambda row: row.kind):
            list(pool.map(one, alike))
    if left:
        what = "\n".join(sorted(left))
        raise LeftBehind(f"cloud {ledger.cloud}: could not delete\n{what}\nmend the cloud and clean again")
    return len(rows)


def _delete_user(connection: Connection, row: LedgerRow) -> None:
    """Delete a user, or all users whose names begin as the row's does."""
    if row.detail.get("prefix"):
        answer = identity(connection).get("/users", params={"name__startswith": row.name})
        users = [user["id"] for user in answer.json()["users"] if user["name"].startswith(row.name)]
    else:
        users = _ids(row, lambda: identity(connection).users(name=row.name))
    for user in users:
        _unless_gone(identity(connection).delete_user, user)


def _delete_project(connection: Connection, row: LedgerRow) -> None:
    """Delete a project and all that is in it."""
    for project in _ids(row, lambda: identity(connection).projects(name=row.name)):
        empty(connection, project)
        _unless_gone(identity(connection).delete_project, project)


def _ids(row: LedgerRow, find: Callable[[], Iterable[object]]) -> list[str]:
    if row.resource_id:
        return [row.resource_id]
    return [str(getattr(thing, "id")) for thing in find()]  # noqa: B009 - the SDK's resources have no types


def _unless_gone(delete: Callable[..., object], resource: str) -> None:
    try:
        delete(resource, ignore_missing=False)
    except NotFoundException:
        return


_DELETERS: dict[str, Callable[[Connection, LedgerRow], None]] = {
    "keystone.user": _delete_user,
    "keystone.project": _delete_project,
}
