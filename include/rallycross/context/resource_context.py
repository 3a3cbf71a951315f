"""What the contexts that make something have in common: how they make it, wait for it, and take it away."""

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

LOOK_LIMIT = 5.0  # seconds for which one looks for what may have been made, before another is made
_ATTEMPTS = 3


class ResourceContext:
    """A context that makes things; each stands in the ledger before its request is sent."""

    name: ClassVar[str]  # in a task file
    threads = THREADS

    def __init__(self, context_data: ContextData, admin: ContextAdmin) -> None:
        self.context_data = context_data
        self.admin = admin
        self._rows: list[int] = []

    def make_all(self) -> None:
        """Make what the context is for."""
        raise NotImplementedError

    def set_up(self) -> None:
        """Make it; raise `SetUpFailed` when the cloud refuses."""
        try:
            self.make_all()
        except SetUpFailed:
            raise
        except RallycrossError as error:
            raise SetUpFailed(f"cloud {self.context_data.cloud.name}: {self.name} cannot be made: {error}") from error

    def clean_up(self) -> None:
        """Take away what this context has made; raise `LeftBehind` when something does not go."""
        self.admin.clean(self._rows, users=self.context_data.cloud.users, threads=self.threads)

    def project_users(self) -> list[tuple[Tenant, Actor]]:
        """Return each project with the first of its users, who makes things in it."""
        first: dict[str, tuple[Tenant, Actor]] = {}
        for user in self.context_data.users:
            first.setdefault(user.tenant.id, (user.tenant, user))
        if not first:
            raise SetUpFailed(f"the context {self.name} needs users - add `users: {{}}` to the contexts")
        return list(first.values())

    def note(self, kind: str, name: str, **detail: Any) -> int:
        """Write to the ledger what is about to be made or changed; return the row."""
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
        """Make a thing by calling `create` with a new name, which returns it as the API shows it.

        Where no answer says whether it was made, it is looked for by its name; where it does not appear, another is
        made, and the first stays in the ledger. `adopt` says whether what is found so will do: some things are shown
        whole only by the answer to the request that makes them.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            name = self.admin.name()
            place = {"project": within.id, "ours": not within.existing} if within else {}
            row = self.note(kind, name, **place, **detail)
            try:
                thing = create(name)
                identifier = str(thing[resource(kind).id])
            except (ApiError, Unreachable, KeyError) as error:
                if isinstance(error, ApiError | Unreachable) and not outcome_unknown(error):
                    self.admin.ledger.forgotten(row)  # nothing was made
                    raise
                self.admin.ledger.lost(row, over=came_to_an_end(error))
                found = self.found(row) if adopt else None
                if found is None:
                    if attempt == _ATTEMPTS:
                        if isinstance(error, RallycrossError):
                            raise
                        raise RallycrossError(f"{kind} {name}: the answer to its request has no {error}") from error
                    continue  # under another name: the one before may yet appear, and is known by its own
                thing, identifier = found, str(found[resource(kind).id])
            self.admin.ledger.learned(row, identifier)
            return thing
        raise AssertionError  # the last attempt ends in the loop

    def make_known(self, row: int, create: Callable[[], Thing], find: Callable[[], Thing | None]) -> Thing:
        """Make what can be told by more than a new name; `row` is the ledger's.

        Where no answer says whether it was made, `find` looks for it before it is asked for again.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                thing = create()
            except (ApiError, Unreachable) as error:
                unknown = outcome_unknown(error)
                if not unknown and attempt == 1:
                    self.admin.ledger.forgotten(row)  # nothing was made
                    raise
                self.admin.ledger.lost(row, over=came_to_an_end(error))
                found = _appearing(find)
                if found is None and (attempt == _ATTEMPTS or not unknown):
                    raise
                if found is None:
                    continue
                thing = found
                self.admin.ledger.settled(row)
            return thing
        raise AssertionError  # the last attempt ends in the loop

    def found(self, row: int) -> Thing | None:
        """Look for what a request without an answer may have made, by its name; None where it does not appear."""
        [noted] = [one for one in self.admin.ledger.standing() if one.id == row]
        search = Places(self.admin.connection, self.context_data.cloud.users).search(noted)
        return _appearing(lambda: next(iter(look(resource(noted.kind), search)), None))


def _appearing(find: Callable[[], Thing | None]) -> Thing | None:
    """Return what is found within a few seconds."""
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
    """Wait until all of some things in a user's project have a status, with one list a look; return them as they are.

    What the list does not show is asked for by its id. Raise `ResourceFailed` when one ends in an error state or
    vanishes, `WaitedTooLong` after `limit` seconds.
    """
    wanted = list(ids)
    began = time.monotonic()
    while True:
        there = {str(thing["id"]): thing for thing in kind.all(api, kind.listing or kind.path)}
        for one in wanted:  # what changes while pages are turned can be on none of them
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
