"""A comparison of runs in words: what differs, by how much, and what was said first."""

from collections.abc import Iterator
from dataclasses import dataclass

from rallycross.judging.run_comparison.circumstances import Circumstance
from rallycross.judging.run_comparison.compare import ComparedRun, RunComparison, WorkloadComparison
from rallycross.judging.run_comparison.figure_comparison import FAILED, THROUGHPUT, FigureComparison
from rallycross.views.wording import NOTHING, duration, rate

_WORDS = {  # (figure is larger, figure is smaller) on the second side
    FAILED: ("more failures", "fewer failures"),
    THROUGHPUT: ("higher", "lower"),
}
_SLOWER = ("slower", "faster")
_TITLES = {"median": "median", "p95": "p95", FAILED: "failed", THROUGHPUT: "throughput"}
_NEEDED = {"median": 10, "p95": 80}  # samples on each side, below which there is no interval


@dataclass(frozen=True)
class FigureRow:
    """A row of the table of a workload."""

    action: str  # "" = whole iterations
    depth: int
    figure: str
    first: str
    second: str
    sentence: str
    outcome: str  # as in `FigureComparison`
    interval: tuple[float, float, float] | None  # low, change, high; None if one of them is not known


@dataclass(frozen=True)
class ComparedWorkload:
    """A workload of the comparison."""

    name: str
    notes: tuple[str, ...]  # what to know before its figures
    refused: str
    rows: tuple[FigureRow, ...]


@dataclass(frozen=True)
class ComparisonView:
    """The comparison as all displays show it."""

    first: str  # a side in one line
    second: str
    summary: str
    notes: tuple[str, ...]  # what to know before all figures: how the circumstances differ
    workloads: tuple[ComparedWorkload, ...]
    alone: tuple[str, ...]  # workloads of one side only
    method: str


def comparison_view(found: RunComparison) -> ComparisonView:
    """Return the comparison in words."""
    return ComparisonView(
        first=_side(found.first),
        second=_side(found.second),
        summary=summary(found),
        notes=tuple(_notes(found)),
        workloads=tuple(_workload(one) for one in found.workloads),
        alone=tuple(
            f"only in the {which}: {name}"
            for which, names in (("first", found.only_first), ("second", found.only_second))
            for name in names
        ),
        method=_method(found),
    )


def summary(found: RunComparison) -> str:
    """Return how many figures differ, in one sentence."""
    figures = found.figures
    worse, better = (sum(one.outcome == outcome for one in figures) for outcome in ("worse", "better"))
    if not worse and not better:
        return f"no difference seen in {len(figures)} figures"
    parts = [f"{number} {word}" for number, word in ((worse, "worse"), (better, "better")) if number]
    return f"{' and '.join(parts)} of {len(figures)} figures"


def sentence(one: FigureComparison) -> str:
    """Return what can be said of a figure: `slower by 12 % [8, 17]`."""
    many, few = _WORDS.get(one.figure, _SLOWER)
    word = many if one.change > 0 else few
    size = f"{word} by {_amount(one, abs(one.change))} {_interval(one)}"
    if one.differs:
        return size
    if one.outcome == "doubtful":
        return f"perhaps {size}: not rare by chance among so many figures"
    if one.outcome == "unknown" or one.detectable is None:
        if one.low is not None and one.high is not None:
            ends = f"[{_number(one.low)}, {_number(one.high)}]"
            return f"no difference seen {ends}; {_of_each(one)} are too few to say which would have been"
        needed = _NEEDED.get(one.figure)
        more = f", and an interval needs about {needed} on each side" if needed else " are too few"
        return f"cannot be told: {_of_each(one)}{more}"
    return f"no difference seen; one of {_amount(one, one.detectable)} or more would have been"


def title(one: FigureComparison) -> str:
    """Return the name of a figure."""
    return _TITLES[one.figure]


def _workload(one: WorkloadComparison) -> ComparedWorkload:
    notes = [*(f"not used: {reason}" for reason in one.left_out), *map(_differs, one.circumstances)]
    if any(circumstance.kind == "load" for circumstance in one.circumstances):
        notes.append("the loads differ: differences of the figures may come from that")
    if any(circumstance.kind == "arguments" for circumstance in one.circumstances):
        notes.append("the arguments differ: the iterations do not do the same")
    if one.lacking:
        notes.append(f"actions that not every run has are not compared: {', '.join(one.lacking)}")
    return ComparedWorkload(
        name=f"{one.number}. {one.scenario}" + (f" ({one.title})" if one.title else ""),
        notes=tuple(notes),
        refused=one.refused,
        rows=tuple(_row(figure) for figure in one.figures),
    )


def _row(one: FigureComparison) -> FigureRow:
    known = one.low is not None and one.high is not None
    return FigureRow(
        one.action,
        one.depth,
        title(one),
        _value(one, one.first),
        _value(one, one.second),
        sentence(one),
        one.outcome,
        (one.low, one.change, one.high) if known else None,  # type: ignore[arg-type]
    )


def _value(one: FigureComparison, value: float) -> str:
    if one.figure == FAILED:
        return _percent(value)
    return rate(value) if one.figure == THROUGHPUT else duration(value)


def _amount(one: FigureComparison, size: float) -> str:
    return f"{_number(size)} percentage points" if one.figure == FAILED else _percent(size)


def _interval(one: FigureComparison) -> str:
    """Return the interval of the size of a change; a part of it on the other side of zero has a minus."""
    ends = [one.low, one.high] if one.change > 0 else [one.high, one.low]
    shown = ["?" if end is None else _number(end if one.change > 0 else -end) for end in ends]
    return f"[{', '.join(shown)}]"


def _of_each(one: FigureComparison) -> str:
    first, second = one.samples
    return f"{first:,} and {second:,} samples"


def _percent(value: float) -> str:
    return f"{_number(value)} %"


def _number(share: float) -> str:
    """Return a share in percent, with two or three digits."""
    percent = 100 * share
    size = abs(percent)
    digits = 0 if size >= 9.95 or size == 0 else 1 if size >= 0.95 else 2
    return f"{percent:,.{digits}f}".removesuffix(".0")


def _side(runs: tuple[ComparedRun, ...]) -> str:
    first = runs[0]
    ids = ", ".join(run.uuid[:8] for run in runs)
    clouds = ", ".join(dict.fromkeys(run.cloud for run in runs))
    return f"{ids}: {first.title}, on {clouds}" + (f" ({len(runs)} runs)" if len(runs) > 1 else "")


def _notes(found: RunComparison) -> Iterator[str]:
    yield from map(_differs, found.circumstances)
    if any(one.kind == "timing" for one in found.circumstances):
        yield "the timings differ: durations are from the actual start on both sides, and waits are polled differently"
    if not found.between_runs:
        yield (
            "one run on each side: the intervals do not include how much runs of the same differ - name several runs"
            " on a side to include it"
        )


def _differs(one: Circumstance) -> str:
    return f"{one.name} differs: {_values(one.first)} / {_values(one.second)}"


def _values(values: tuple[str, ...]) -> str:
    return ", ".join(values) or NOTHING


def _method(found: RunComparison) -> str:
    source = (
        "from the differences between runs of the same"
        if found.between_runs
        else "from consecutive batches of each run's iterations"
    )
    return (
        f"Intervals have 95 % confidence, {source}. Of the differences reported among {len(found.figures)} figures, on"
        f" average at most {_percent(found.false_discoveries)} are chance (Benjamini and Hochberg)."
    )
