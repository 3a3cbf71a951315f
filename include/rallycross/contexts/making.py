"""What the contexts that make something have in common: how they make it, wait for it, and take it away."""

import time
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from rallycross.cloud.errors import ResourceFailed, WaitedTooLong
from rallycross.cloud.scene import Actor, Tenant
from rallycross.contexts.api import Api, Thing
from rallycross.contexts.context import Backstage, Scene, SetUpFailed
from rallycross.contexts.kinds import KINDS, Kind
from rallycross.contexts.together import THREADS, pause_after
from rallycross.errors import RallycrossError


class Making:
    """A context that makes things; each stands in the ledger before its request is sent."""

    name: ClassVar[str]  # in a task file
    threads = THREADS

    def __init__(self, scene: Scene, backstage: Backstage) -> None:
        self.scene = scene
        self.backstage = backstage
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
            raise SetUpFailed(f"cloud {self.scene.cloud.name}: {self.name} cannot be made: {error}") from error

    def clean_up(self) -> None:
        """Take away what this context has made; raise `LeftBehind` when something does not go."""
        self.backstage.clean(self._rows, users=self.scene.cloud.users, threads=self.threads)

    def seats(self) -> list[tuple[Tenant, Actor]]:
        """Return each project with the first of its users, who makes things in it."""
        first: dict[str, tuple[Tenant, Actor]] = {}
        for user in self.scene.users:
            first.setdefault(user.tenant.id, (user.tenant, user))
        if not first:
            raise SetUpFailed(f"the context {self.name} needs users - add `users: {{}}` to the contexts")
        return list(first.values())

    def note(self, kind: str, name: str, **detail: Any) -> int:
        """Write to the ledger what is about to be made or changed; return the row."""
        row = self.backstage.ledger.remember(kind, name, **detail)
        self._rows.append(row)
        return row

    def make(self, kind: str, create: Callable[[str], Thing], *, within: Tenant | None = None, **detail: Any) -> Thing:
        """Make a thing by calling `create` with a new name, which returns it as the API shows it."""
        name = self.backstage.name()
        place = {"project": within.id, "ours": not within.existing} if within else {}
        row = self.note(kind, name, **place, **detail)
        thing = create(name)
        self.backstage.ledger.learned(row, str(thing[KINDS[kind].id]))
        return thing


def wait_for_all(api: Api, kind: Kind, ids: Iterable[str], status: str, *, limit: float) -> list[Thing]:
    """Wait until all of some things in a user's project have a status, with one list a look; return them as they are.

    Raise `ResourceFailed` when one ends in an error state or vanishes, `WaitedTooLong` after `limit` seconds.
    """
    wanted = list(ids)
    began = time.monotonic()
    while True:
        there = {str(thing["id"]): thing for thing in kind.all(api, kind.listing or kind.path)}
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
