"""The page Leftovers: what runs created and have not deleted yet, by the ledger, and by what the janitor found."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rallycross.lifecycle import deployment_owners
from rallycross.results.store import Store
from rallycross.ui import parameters
from rallycross.ui.page import Links, Page, rendered

JANITOR = "janitor"  # the DAG, and its task for a cloud
_LAST_ROW = 2**31 - 1


@dataclass(frozen=True)
class Finding:
    """What a run of the DAG `janitor` found in a cloud."""

    run_id: str
    at: float  # seconds since the epoch
    document: Any  # as `operators.janitor` returns it

    @property
    def cloud(self) -> str:
        """The name of the cloud."""
        return str(self._known.get("cloud", "?"))

    @property
    def things(self) -> int:
        """How many things it found by name."""
        number = self._known.get("things")
        return number if isinstance(number, int) else len(self.groups)

    @property
    def deleted(self) -> int | None:
        """How many of them it deleted; None: it only reported."""
        number = self._known.get("deleted")
        return number if isinstance(number, int) else None

    @property
    def groups(self) -> list[dict[str, Any]]:
        """The things by kind and run: `kind`, `names`, `things`, `youngest`, `oldest` (seconds) and `projects`."""
        return [
            {name: group.get(name) for name in ("kind", "names", "things", "projects")}
            | {
                name: age if isinstance(age := group.get(name), int | float) else None
                for name in ("youngest", "oldest")
            }
            for group in self._listed("found")
            if isinstance(group, Mapping)
        ]

    @property
    def errors(self) -> list[str]:
        """What could not be deleted, and why."""
        return [str(one) for one in self._listed("errors")]

    @property
    def _known(self) -> Mapping[str, Any]:
        return self.document if isinstance(self.document, Mapping) else {}

    def _listed(self, name: str) -> list[Any]:
        listed = self._known.get(name)
        return listed if isinstance(listed, list) else []


def leftovers_page(store: Store, links: Links, given: Mapping[str, str], *, findings: Sequence[Finding] = ()) -> Page:
    """Return the page for the parameters of its address; `findings` of the janitor's last run.

    Raises `BadParameter`.
    """
    cloud = parameters.text(given, "cloud")
    after = parameters.whole(given, "after", default=0, least=0, most=_LAST_ROW)
    size = parameters.whole(given, "size", default=parameters.SIZE, least=1, most=parameters.LARGEST_SIZE)
    deployments = deployment_owners(store)
    rows = store.ledger.page(cloud=cloud, without=deployments, after=after, limit=size + 1)
    more = {"cloud": cloud, "size": given.get("size", "")}
    return rendered(
        "leftovers.html.j2",
        links,
        active="leftovers",
        rows=rows[:size],
        cloud=cloud,
        counts=sorted(store.ledger.counts(without=deployments).items()),
        findings=[one for one in findings if cloud in {"", one.cloud}],
        janitor=JANITOR,
        first=links.to("leftovers", **more) if after else "",
        next=links.to("leftovers", **more, after=rows[size - 1].id) if len(rows) > size else "",
        now=time.time(),
    )
