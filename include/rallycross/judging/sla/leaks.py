"""The criterion for leftovers of a scenario."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Self

from rallycross.judging.batch import Batch
from rallycross.judging.sla.criterion import Criterion, complain_of_keys, criterion
from rallycross.results.sla_row import SlaRow

_CLEANING = frozenset({"cleanup", "admin_cleanup"})  # contexts that delete leftovers of a scenario


@criterion
class LeakedResources(Criterion):
    """The contexts `cleanup` and `admin_cleanup` may have at most `max` things to delete.

    For scenarios that delete what they create. Without either context, or if its clean-up failed, the criterion is
    missed, since the leftovers are unknown.
    """

    name = "leaked_resources"

    @staticmethod
    def complain(argument: Any) -> str | None:
        """Require `{max: 0 or more}`."""
        if what := complain_of_keys(argument, ("max",), "`max`, a number of resources"):
            return what
        most = argument["max"]
        if not isinstance(most, int) or isinstance(most, bool) or most < 0:
            return f"`max` must be a whole number of 0 or more, not {most!r}"
        return None

    def __init__(self, argument: Any) -> None:
        self.most = int(argument["max"])
        self.looked = False
        self.error = ""
        self.deleted: Counter[str] = Counter()

    def add(self, batch: Batch) -> None:
        """Do nothing: samples do not show leftovers."""

    def merge(self, other: Self) -> None:
        """Do nothing: `learn` gets the leftovers of all shards."""

    def learn(self, contexts: Sequence[Mapping[str, Any]]) -> None:
        """Read what was deleted, from {"cleanup": {"deleted": {"nova.servers": 2}, "error": None}} of each context."""
        cleanings = [
            done.get("cleanup") or {"error": "the clean-up did not run"}
            for done in contexts
            if str(done.get("plugin_name")).partition("@")[0] in _CLEANING
        ]
        self.looked = bool(cleanings)
        self.error = next((str(done["error"]) for done in cleanings if done.get("error")), "")
        self.deleted = Counter()
        for done in cleanings:
            self.deleted.update(done.get("deleted") or {})

    def close(self) -> SlaRow:
        """Return the row."""
        wanted = f"wanted at most {self.most}"
        if not self.looked:
            remedy = "leftovers are unknown: add the context `cleanup` to the workload"
            return SlaRow(self.name, passed=False, detail=f"{remedy}; {wanted}")
        if self.error:
            return SlaRow(self.name, passed=False, detail=f"cleaning up failed: {self.error}; {wanted}")
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(self.deleted.items()))
        detail = f"{self.deleted.total()} left behind{f' ({kinds})' if kinds else ''}, {wanted}"
        return SlaRow(self.name, self.deleted.total() <= self.most, detail)

    def hopeless(self, expected: int | None) -> bool:  # noqa: ARG002 - see below
        """Return False: leftovers are known only after the load."""
        return False
