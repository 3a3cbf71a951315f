"""Changes in the histories of recipes, as data and as sentences."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rallycross.judging.changes.after_run import HistoryJudgement, Suspicion
from rallycross.judging.changes.series import FAILURE_RATE, MEDIAN, THROUGHPUT
from rallycross.results.models import ChangeRow
from rallycross.results.store import Store
from rallycross.views.wording import counted

_NAMED = 5  # differences of the environment that a sentence names


@dataclass(frozen=True)
class ChangeEntry:
    """A confirmed change."""

    id: int
    cloud: str
    recipe: str
    scenario: str
    workload: int  # 1-based, in the run that confirmed it
    action: str  # "" = whole iterations
    figure: str  # `p50`, `p95`, `throughput` or `failure_rate`
    worse: bool  # False: an improvement
    size: float  # relative to the old level; of `failure_rate` the difference
    low: float
    high: float
    runs: int  # from the first run with the new level to the one that confirmed it
    first_task: str
    began_at: float  # seconds since the epoch
    found_task: str
    found_at: float
    environment: list[dict[str, Any]]  # `what`, `before`, `after`
    state: str  # `new` or `acknowledged`
    acknowledged_at: float | None
    acknowledged_by: str
    note: str
    notified_at: float | None
    sentence: str

    def as_document(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self)


def change_entries(
    store: Store, *, cloud: str | None = None, recipe: str | None = None, last: int | None = None
) -> list[ChangeEntry]:
    """Return the latest changes, the newest last."""
    return [change_entry(row) for row in store.changes.latest(cloud=cloud, recipe=recipe, limit=last)[::-1]]


def change_entry(row: ChangeRow) -> ChangeEntry:
    """Return a stored change."""
    return ChangeEntry(
        id=row.id,
        cloud=row.cloud,
        recipe=row.recipe,
        scenario=row.scenario,
        workload=row.position + 1,
        action=row.action,
        figure=row.figure,
        worse=row.worse,
        size=row.size,
        low=row.low,
        high=row.high,
        runs=row.runs,
        first_task=row.first_task,
        began_at=row.began_at,
        found_task=row.found_task,
        found_at=row.found_at,
        environment=row.environment,
        state="new" if row.acknowledged_at is None else "acknowledged",
        acknowledged_at=row.acknowledged_at,
        acknowledged_by=row.acknowledged_by,
        note=row.note,
        notified_at=row.notified_at,
        sentence=change_sentence(row),
    )


def change_sentence(row: ChangeRow) -> str:
    """Return a change in a sentence: what, by how much, since when, and what changed in the environment there."""
    what = _subject(row.scenario, row.position, row.action, row.figure)
    return (
        f"{what} is {_direction(row.figure, worse=row.worse)} by {_amount(row.figure, row.size)}"
        f" {_interval(row.low, row.high)} since run {row.first_task[:8]}{_environment(row.environment)}"
    )


def suspicion_sentence(one: Suspicion) -> str:
    """Return a suspicion in a sentence."""
    what = _subject(one.scenario, one.position, one.action, one.figure)
    amount = f" by {_amount(one.figure, one.size)}" if one.size is not None else " in this run"
    return f"{what} looks {_direction(one.figure, worse=one.worse)}{amount}: not confirmed so far"


def judgement_sentences(judgement: HistoryJudgement) -> list[str]:
    """Return what the history of a recipe says after a run."""
    about = f"recipe {judgement.recipe} on cloud {judgement.cloud}"
    history = f"{counted(judgement.runs, 'run')}, {counted(judgement.series, 'series', 'series')}"
    if not judgement.changes and not judgement.suspicions:
        return [f"{about}: no change seen in {history}"]
    return [
        f"{about}: {history}",
        *(change_sentence(row) for row in judgement.changes),
        *(suspicion_sentence(one) for one in judgement.suspicions),
    ]


def _subject(scenario: str, position: int, action: str, figure: str) -> str:
    words = {MEDIAN: "median", THROUGHPUT: "throughput", FAILURE_RATE: "failure rate"}
    place = f"{action} in {scenario}" if action else scenario
    return f"{place} (workload {position + 1}): {words.get(figure, figure)}"


def _direction(figure: str, *, worse: bool) -> str:
    if figure == FAILURE_RATE:
        return "higher" if worse else "lower"
    if figure == THROUGHPUT:
        return "lower" if worse else "higher"
    return "slower" if worse else "faster"


def _amount(figure: str, size: float) -> str:
    return f"{_number(abs(size))} {'percentage points' if figure == FAILURE_RATE else '%'}"


def _interval(low: float, high: float) -> str:
    """Return the limits in the direction of the change."""
    return f"[{_number(low)}, {_number(high)}]" if low + high >= 0 else f"[{_number(-high)}, {_number(-low)}]"


def _number(share: float) -> str:
    percent = share * 100
    return f"{percent:.0f}" if abs(percent) >= 9.95 else f"{percent:.1f}"


def _environment(changes: Sequence[Mapping[str, Any]]) -> str:
    if not changes:
        return ""
    named = [f"{one.get('what')} {one.get('before')} → {one.get('after')}" for one in changes[:_NAMED]]
    more = len(changes) - _NAMED
    return f"; changed there: {', '.join(named)}" + (f" and {more} more" if more > 0 else "")
