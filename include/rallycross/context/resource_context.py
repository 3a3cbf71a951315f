"""The base class of contexts that create resources: how they create them, wait for them and delete them."""

import time
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from rallycross.cloud.api import Api
from rallycross.cloud.context_data import Actor, Tenant
from rallycross.cloud.errors import (
    ApiError,
    ResourceFailed,
    Unreachable,
    WaitedTooLong,
    came_to_an_end,
    outcome_unknown,
)
from rallycross.cloud.parallel import THREADS, pause_after
from rallycross.cloud.resource import Resource, Thing
from rallycross.cloud.service import resource
from rallycross.context.cleaning import Places
from rallycross.context.context import ContextAdmin, ContextData, SetUpFailed
from rallycross.errors import RallycrossError
from rallycross.leftovers.draining import look, show
from rallycross.settings import settings

LOOK_LIMIT = 5.0  # seconds to look for something that may have been made, before another one is made
_ATTEMPTS = 3


class ResourceContext:
    """A context that creates resources. Each is recorded in the ledger before its request is sent."""

    name: ClassVar[str]  # as in a task file
    threads = THREADS

    def __init__(self, context_data: ContextData, admin: ContextAdmin) -> None:
        self.context_data = context_data
        self.admin = admin
        self._rows: list[int] = []

    def make_all(self) -> None:
        """Create what the context is for."""
        raise NotImplementedError

    def set_up(self) -> None:
        """Call `make_all`; raise `SetUpFailed` if the cloud refuses."""
        try:
            self.make_all()
        except SetUpFailed:
            raise
        except RallycrossError as error:
            raise SetUpFailed(f"cloud {self.context_data.cloud.name}: {self.name} cannot be set up: {error}") from error

    def clean_up(self) -> None:
        """Delete what this context has made; raise `LeftBehind` if something cannot be deleted."""
        self.admin.clean(self._rows, users=self.context_data.cloud.users, threads=self.threads)

    def project_users(self) -> list[tuple[Tenant, Actor]]:
        """Return each project with its first user, who creates things in it."""
        first: dict[str, tuple[Tenant, Actor]] = {}
        for user in self.context_data.users:
            first.setdefault(user.tenant.id, (user.tenant, user))
        if not first:
            raise SetUpFailed(f"{self.name}: there are no users - add `users: {{}}` to the contexts")
        return list(first.values())

    def note(self, kind: str, name: str, **detail: Any) -> int:
        """Record in the ledger what is about to be made or changed; return the row."""
        row = self.admin.ledger.remember(kind, name, **detail)
        self._rows.append(row)
        return row

    def make(
        self,
        kind: str,
        create: Callable[[str], Thing],
        *,
        within: Tenant | None = None,
        adopt: bool = True,
        **detail: Any,
    ) -> Thing:
        """Create a thing: call `create` with a new name, and return the thing as the API shows it.

        If no answer says whether it was created, it is looked for by its name. If it does not appear, another one is
        created, and the first stays in the ledger. `adopt` says whether a thing found in this way can be used: some are
        complete only in the answer to their creation.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            name = self.admin.name()
            place = {"project": within.id, "ours": not within.existing} if within else {}
            row = self.note(kind, name, **place, **detail)
            try:
                thing = create(name)
                identifier = _identifier(thing, resource(kind).id)
            except (ApiError, Unreachable, KeyError) as error:
                if isinstance(error, ApiError | Unreachable) and not outcome_unknown(error):
                    self.admin.ledger.forgotten(row)  # it was not created
                    raise
                self.admin.ledger.lost(row, over=came_to_an_end(error))
                found = self.found(row) if adopt else None
                if found is None:
                    if attempt == _ATTEMPTS:
                        if isinstance(error, RallycrossError):
                            raise
                        raise RallycrossError(f"{kind} {name}: the answer to its request has no {error}") from error
                    continue  # the next has another name, since this one may still appear
                thing, identifier = found, str(found[resource(kind).id])
            self.admin.ledger.learned(row, identifier)
            return thing
        raise AssertionError  # the last attempt ends in the loop

    def make_known(self, row: int, create: Callable[[], Thing], find: Callable[[], Thing | None]) -> Thing:
        """Create a thing that `find` can identify by more than a new name; `row` is its row in the ledger.

        If no answer says whether it was created, `find` looks for it before the request is sent again.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                thing = create()
                _identifier(thing, "id")
            except (ApiError, Unreachable, KeyError) as error:
                unknown = isinstance(error, KeyError) or outcome_unknown(error)
                if not unknown and attempt == 1:
                    self.admin.ledger.forgotten(row)  # it was not created
                    raise
                self.admin.ledger.lost(row, over=came_to_an_end(error))
                found = _appearing(find)
                if found is None and (attempt == _ATTEMPTS or not unknown):
                    if isinstance(error, KeyError):
                        raise RallycrossError(f"the answers to the requests that create one have no {error}") from error
                    raise
                if found is None:
                    continue
                thing = found
                self.admin.ledger.settled(row)
            return thing
        raise AssertionError  # the last attempt ends in the loop

    def found(self, row: int) -> Thing | None:
        """Look by name for the thing of an unanswered request; return None if it does not appear."""
        [noted] = [one for one in self.admin.ledger.standing() if one.id == row]
        search = Places(self.admin.connection, self.context_data.cloud.users).search(noted)
        return _appearing(lambda: next(iter(look(resource(noted.kind), search)), None))


def _identifier(thing: Thing, key: str) -> str:
    """Return what identifies a thing; raise `KeyError` if it is missing or empty."""
    if not (found := thing.get(key)):
        raise KeyError(key)
    return str(found)


def _appearing(find: Callable[[], Thing | None]) -> Thing | None:
    """Call `find` for a few seconds until it finds something."""
    patience = min(settings().late_patience, LOOK_LIMIT)
    began = time.monotonic()
    while True:
        if (thing := find()) is not None:
            return thing
        waited = time.monotonic() - began
        if waited >= patience:
            return None
        time.sleep(min(pause_after(waited), patience - waited))


def wait_for_all(api: Api, kind: Resource, ids: Iterable[str], status: str, *, limit: float) -> list[Thing]:
    """Wait until all of some things in a user's project have a status; return them as they then are.

    Each poll is one list; things that the list does not show are requested by id. Raise `ResourceFailed` if one ends in
    an error state or vanishes, `WaitedTooLong` after `limit` seconds.
    """
    wanted = list(ids)
    began = time.monotonic()
    while True:
        there = {str(thing["id"]): thing for thing in kind.all(api, kind.listing or kind.path)}
        for one in wanted:  # things that change while pages are read may be on none of them
            if one not in there and (thing := show(kind, api, one)):
                there[one] = thing
        for one in wanted:
            now = str(there.get(one, {}).get("status", "deleted")).lower()
            if now.startswith(("error", "deleted", "killed")):
                fault = there.get(one, {}).get("fault") or {}
                reason = fault.get("message") or "the cloud gives no reason"
                raise ResourceFailed(f"{kind.name} {one} is in status {now}: {reason}")
        late = [one for one in wanted if str(there[one]["status"]).lower() != status.lower()]
        if not late:
            return [there[one] for one in wanted]
        waited = time.monotonic() - began
        if waited > limit:
            raise WaitedTooLong(f"{len(late)} of {len(wanted)} {kind.name} are not {status} after {limit:g} s")
        time.sleep(pause_after(waited))
