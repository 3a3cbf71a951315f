"""The figures of a workload: what they are, and the document in which `workloads.statistics` keeps them.

The document has a key for each field below; `total` and `actions` are one list in it, `rows`. Its `version` increases
when a key changes its meaning, and `from_document` then converts older versions; a key that is only added has a default
here. Version 1 had no number. Durations are in seconds, rates in 1/s; None means no data, or too little.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from rallycross.results.json_record import ADDED, APART, Record, read, written

VERSION = 2
PLACE = "statistics"  # how a damaged place begins


@dataclass(frozen=True)
class ActionFigures(Record):
    """The durations of whole iterations, of their service time, or of an action at one depth.

    `count` and `failed` are of all, the others of those that did not fail. `p99_9` needs 1,000 or more, `p99_99`
    10,000 or more; `std` is the sample standard deviation.
    """

    name: str
    depth: int = field(default=0, kw_only=True)  # of an action: 0 = directly in an iteration
    count: int
    failed: int
    min: float | None = None
    p50: float | None = None
    p90: float | None = None
    p95: float | None = None
    p99: float | None = None
    p99_9: float | None = field(default=None, metadata={"key": "p99.9"})
    p99_99: float | None = field(default=None, metadata={"key": "p99.99"})
    max: float | None = None
    avg: float | None = None
    std: float | None = None

    @property
    def durations(self) -> dict[str, float | None]:
        """The figures that are durations, by their names, in the order in which they are shown."""
        return {name: getattr(self, attribute) for name, attribute in DURATIONS.items()}


_SHOWN = ("min", "p50", "p90", "p95", "p99", "p99.9", "p99.99", "max", "avg", "std")
DURATIONS = {name: name.replace(".", "_") for name in _SHOWN}  # name -> attribute of `ActionFigures`


@dataclass(frozen=True)
class Distribution(Record):
    """The histogram of the durations of iterations that did not fail, with bars of equal width."""

    low: float  # the outer edges
    high: float
    count: tuple[int, ...]  # in each bar

    def flaw(self) -> str:
        """Require bars with a width."""
        return "" if self.count and self.low < self.high else "there are no bars, or they have no width"


@dataclass(frozen=True)
class StartError(Record):
    """How late iterations were started, of those with a free worker."""

    p50: float | None = None
    p99: float | None = None
    max: float | None = None


@dataclass(frozen=True)
class ScheduleFigures(Record):
    """How well a load kept its schedule, over the iterations with a due time."""

    asked: int  # were due
    started: int  # of these
    dropped: int  # the others
    queued: int  # started late, once a worker was free
    late: int  # started more than `judging.schedule.LATE` after they were due, though a worker was free
    asked_rate: float | None  # None for a single iteration
    delivered_rate: float | None
    start_error: StartError


@dataclass(frozen=True)
class FailureGroup(Record):
    """Failures with the same cause; the example is the earliest iteration's."""

    kind: str  # "" = several kinds: the rest, after the groups that are told apart
    message: str  # without the parts that differ between iterations
    count: int
    first: float  # end of the first of these iterations, since the start of the load
    last: float
    iteration: int
    example: str  # its full message
    detail: str
    request_id: str


@dataclass(frozen=True)
class ActionCourse(Record):
    """The durations of an action over time, a value for each step."""

    mean: tuple[float | None, ...]
    p50: tuple[float | None, ...]
    p95: tuple[float | None, ...]


@dataclass(frozen=True)
class ActionCourses(Record):
    """The top-level actions over time, by the end of their iteration, in steps of their own."""

    width: float
    at: tuple[float, ...]
    series: Mapping[str, ActionCourse]

    def flaw(self) -> str:
        """Require a value for each step."""
        return _uneven(self.width, self.at, *(line for one in self.series.values() for line in (one.mean, one.p50)))


@dataclass(frozen=True)
class Course(Record):
    """A load over time, a value for each step; durations are of the iterations that did not fail."""

    width: float  # of a step: 1 for loads of 40 seconds to 20 minutes
    at: tuple[float, ...]  # the start of each step
    count: tuple[int, ...]  # iterations that ended in it
    failed: tuple[int, ...]
    mean: tuple[float | None, ...] | None = field(default=None, metadata=ADDED)
    p50: tuple[float | None, ...] | None = field(default=None, metadata=ADDED)
    p95: tuple[float | None, ...] | None = field(default=None, metadata=ADDED)
    p99: tuple[float | None, ...] | None = field(default=None, metadata=ADDED)
    actions: ActionCourses | None = field(default=None, metadata=ADDED)

    def flaw(self) -> str:
        """Require a value for each step."""
        lines = (self.mean, self.p50, self.p95, self.p99)
        return _uneven(self.width, self.at, self.count, self.failed, *(line for line in lines if line is not None))


@dataclass(frozen=True)
class StandstillFigures(Record):
    """Iterations that ran while their load process stood still, which is part of their durations."""

    count: int
    slowest: tuple[int, ...] = ()  # numbers of some of them, the slowest first


@dataclass(frozen=True)
class WorkloadFigures(Record):
    """All figures of a workload."""

    count: int = 0  # iterations that ended
    failed: int = 0  # of these
    seconds: float = 0.0  # from the first start to the last end
    throughput: float | None = None  # of iterations that ended
    throughput_succeeded: float | None = None  # of those that did not fail
    warm_up: int = 0  # iterations that no other figure includes, like the dropped ones
    dropped: int = 0
    total: ActionFigures | None = field(default=None, metadata=APART)
    actions: tuple[ActionFigures, ...] = field(default=(), metadata=APART)  # in the order of their first start
    service: ActionFigures | None = None  # durations from the actual start; None in a loop without a schedule
    distribution: Distribution | None = None
    schedule: ScheduleFigures | None = None  # None in a loop without a schedule
    failures: tuple[FailureGroup, ...] = ()  # the most frequent first
    timeline: Course | None = None
    stood: StandstillFigures | None = field(default=None, metadata=ADDED)


def from_document(document: Any) -> tuple[WorkloadFigures | None, list[str]]:
    """Return the figures of a document of any version (None if it cannot be read), and its damaged places."""
    damage: list[str] = []
    head: Any = document
    rows: Any = None
    if isinstance(document, Mapping):
        head = {name: value for name, value in document.items() if name not in {"version", "rows"}}
        rows = document.get("rows")
    if rows is not None and not isinstance(rows, list):
        damage.append(f"{PLACE}.rows is not a list")
        rows = None
    figures = read(WorkloadFigures, head, PLACE, damage)
    if figures is None:
        return None, damage
    found = [read(ActionFigures, row, f"{PLACE}.rows[{at}]", damage) for at, row in enumerate(rows or [])]
    return replace(figures, total=next(iter(found), None), actions=tuple(row for row in found[1:] if row)), damage


def to_document(figures: WorkloadFigures) -> dict[str, Any]:
    """Return the figures as a document of the newest version."""
    total = figures.total or ActionFigures("total", figures.count, figures.failed)
    rows = [total, *figures.actions] if figures.total or figures.actions else []
    return {"version": VERSION, "rows": [written(row) for row in rows], **written(figures)}


def _uneven(width: float, at: tuple[float, ...], *lines: tuple[Any, ...]) -> str:
    if width <= 0:
        return "its steps have no width"
    return "" if all(len(line) == len(at) for line in lines) else "its columns differ in length"
