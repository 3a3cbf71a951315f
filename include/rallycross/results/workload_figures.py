"""The figures of a workload: what they are, and the document in which `workloads.statistics` keeps them.

The document has a key for each field below; `total` and `actions` are one list in it, `rows`. Its `version` is counted
up when a key changes its meaning, for which `from_document` then has a step; a key that is only added has a default
here. Version 1 had no number. Durations are in seconds, rates in 1/s; None is nothing, or too little, to tell it from.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from rallycross.results.json_record import ADDED, APART, Record, read, written

VERSION = 2
PLACE = "statistics"  # how a damaged place begins


@dataclass(frozen=True)
class ActionFigures(Record):
    """How long one thing took: whole iterations, their service time, or an action at one depth.

    `count` and `failed` are of all, the others of those that did not fail. `p99_9` is given of 1,000 or more, `p99_99`
    of 10,000 or more; `std` is the sample's standard deviation.
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
    """How often which duration of a whole iteration came, of those that did not fail: bars of equal width."""

    low: float  # the outer edges
    high: float
    count: tuple[int, ...]  # in each

    def flaw(self) -> str:
        """Want bars with a width."""
        return "" if self.count and self.low < self.high else "there are no bars, or they have no width"


@dataclass(frozen=True)
class StartError(Record):
    """How late iterations were started, of those for which a worker was free."""

    p50: float | None = None
    p99: float | None = None
    max: float | None = None


@dataclass(frozen=True)
class ScheduleFigures(Record):
    """Whether a load kept its schedule: of the iterations that had a due time."""

    asked: int  # were due
    started: int  # of these
    dropped: int  # the others
    queued: int  # started when a worker was free at last
    late: int  # started more than `judging.schedule.LATE` after they were due, though a worker was free
    asked_rate: float | None  # None of a single one
    delivered_rate: float | None
    start_error: StartError


@dataclass(frozen=True)
class FailureGroup(Record):
    """Failures with the same cause; the example is the earliest iteration's."""

    kind: str  # "" = of several kinds: what comes after the groups that are told apart
    message: str  # without what differs from one to the next
    count: int
    first: float  # when the first of these iterations ended, since the start of the load
    last: float
    iteration: int
    example: str  # its message, whole
    detail: str
    request_id: str


@dataclass(frozen=True)
class ActionCourse(Record):
    """How long an action took, a value for each step of time."""

    mean: tuple[float | None, ...]
    p50: tuple[float | None, ...]
    p95: tuple[float | None, ...]


@dataclass(frozen=True)
class ActionCourses(Record):
    """The actions directly in an iteration over time, by the end of their iteration, in steps of their own."""

    width: float
    at: tuple[float, ...]
    series: Mapping[str, ActionCourse]

    def flaw(self) -> str:
        """Want a value for each step."""
        return _uneven(self.width, self.at, *(line for one in self.series.values() for line in (one.mean, one.p50)))


@dataclass(frozen=True)
class Course(Record):
    """A load over time, a value for each step from its start to its end; durations are of what did not fail."""

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
        """Want a value for each step."""
        lines = (self.mean, self.p50, self.p95, self.p99)
        return _uneven(self.width, self.at, self.count, self.failed, *(line for line in lines if line is not None))


@dataclass(frozen=True)
class Meanwhile(Record):
    """Iterations that ran while their load process stood still, whose durations hold that."""

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
    warm_up: int = 0  # iterations that are in no other figure, like those dropped
    dropped: int = 0
    total: ActionFigures | None = field(default=None, metadata=APART)
    actions: tuple[ActionFigures, ...] = field(default=(), metadata=APART)  # in the order of an iteration
    service: ActionFigures | None = None  # of the time from the actual start; None in a loop without a schedule
    distribution: Distribution | None = None
    schedule: ScheduleFigures | None = None  # None in a loop without a schedule
    failures: tuple[FailureGroup, ...] = ()  # the most frequent first
    timeline: Course | None = None
    stood: Meanwhile | None = field(default=None, metadata=ADDED)


def from_document(document: Any) -> tuple[WorkloadFigures | None, list[str]]:
    """Return the figures of a document of any version, None of one that cannot be read, and what is damaged in it."""
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
    """Return the document of the newest version."""
    total = figures.total or ActionFigures("total", figures.count, figures.failed)
    rows = [total, *figures.actions] if figures.total or figures.actions else []
    return {"version": VERSION, "rows": [written(row) for row in rows], **written(figures)}


def _uneven(width: float, at: tuple[float, ...], *lines: tuple[Any, ...]) -> str:
    if width <= 0:
        return "its steps have no width"
    return "" if all(len(line) == len(at) for line in lines) else "its columns are not of one length"
