"""A criterion of what the scenario leaves behind."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Self

from rallycross.judging.batch import Batch
from rallycross.judging.sla.criterion import Criterion, complain_of_keys
from rallycross.results.sla_row import SlaRow

_CLEANING = frozenset({"cleanup", "admin_cleanup"})  # contexts that delete what a scenario has left


class LeakedResources(Criterion):
    """At most `max` things may be left for the contexts `cleanup` and `admin_cleanup` to delete.

    For scenarios that delete what they make. Where neither context was there to look, or its cleaning failed, the
    criterion is not met: nobody knows what is left.
    """

    name = "leaked_resources"

    @staticmethod
    def complain(argument: Any) -> str | None:
        """Want `{max: 0 or more}`."""
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
        """Take nothing: samples do not tell."""

    def merge(self, other: Self) -> None:
        """Take nothing: what all shards have left is learnt once."""

    def learn(self, contexts: Sequence[Mapping[str, Any]]) -> None:
        """Take what was deleted: {"cleanup": {"deleted": {"nova.servers": 2}, "error": None}} of each context."""
        cleanings = [
            done.get("cleanup") or {"error": "it did not come to it"}
            for done in contexts
            if str(done.get("plugin_name")).partition("@")[0] in _CLEANING
        ]
        self.looked = bool(cleanings)
        self.error = next((str(done["error"]) for done in cleanings if done.get("error")), "")
        self.deleted = Counter()
        for done in cleanings:
            self.deleted.update(done.get("deleted") or {})

    def close(self) -> SlaRow:
        """Judge what was learnt."""
        wanted = f"wanted at most {self.most}"
        if not self.looked:
            remedy = "nobody looked what was left: give the workload the context `cleanup`"
            return SlaRow(self.name, passed=False, detail=f"{remedy}; {wanted}")
        if self.error:
            return SlaRow(self.name, passed=False, detail=f"cleaning up failed: {self.error}; {wanted}")
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(self.deleted.items()))
        detail = f"{self.deleted.total()} left behind{f' ({kinds})' if kinds else ''}, {wanted}"
        return SlaRow(self.name, self.deleted.total() <= self.most, detail)

    def hopeless(self, expected: int | None) -> bool:  # noqa: ARG002 - see below
        """Never, while the load runs: what it leaves is known after."""
        return False
