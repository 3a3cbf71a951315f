"""What the load processes of a workload reported of themselves: the document in `workloads.generator`.

A killed process has reported nothing, and one of an earlier release less than one of this release.
"""

from dataclasses import dataclass
from typing import Any

from rallycross.results.json_record import Record, read

PLACE = "generator"  # how a damaged place begins


@dataclass(frozen=True)
class Standstill(Record):
    """A stall of a load process. `since` and `until` are seconds since the start of the load."""

    since: float
    until: float
    seconds: float
    cause: str  # as in `load.health`


@dataclass(frozen=True)
class ShardReport(Record):
    """The health of one load process, as in `load.health.LoadHealth.close`; times are in seconds."""

    shard: int | None = None  # its number; None: in an older release, its place in the list
    seconds: float = 0.0  # of the load
    cpu_seconds: float = 0.0
    lag_p99: float | None = None
    lag_max: float = 0.0
    lost_seconds: float = 0.0
    run_delay_seconds: float = 0.0
    throttled_seconds: float = 0.0
    stood: tuple[Standstill, ...] = ()

    @property
    def cpu(self) -> float:
        """The share of a core that the process used."""
        return self.cpu_seconds / self.seconds if self.seconds else 0.0


@dataclass(frozen=True)
class GeneratorReport(Record):
    """The load processes: how many there were, how many iterations they ran at a time, and what they reported."""

    processes: int = 0
    workers: int = 0
    shards: tuple[ShardReport, ...] = ()


def generator_report(document: Any) -> tuple[GeneratorReport, list[str]]:
    """Return the report of a document, with what can be read of it, and its damaged places."""
    damage: list[str] = []
    report = None if document is None else read(GeneratorReport, document, PLACE, damage)
    return report or GeneratorReport(), damage
