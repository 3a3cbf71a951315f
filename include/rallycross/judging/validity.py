"""Whether a load can be believed: a generator that was late, or was itself the bottleneck, has measured itself.

What is found gives the row `invalid_load`, which cannot be passed; the run is then INVALID, which says less of the
cloud than failed does. All thresholds stand here.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from rallycross.judging.schedule import LATE
from rallycross.judging.sla import INVALID_LOAD
from rallycross.results.sla_row import SlaRow

# A start error or a lag of the event loop spoils figures when it is both: more than so many seconds at p99, and more
# than this share of the median duration. A boot of five seconds does not suffer from 20 ms; a request of 10 ms does.
START_ERROR = 0.010
LAG = 0.010
SPOILS = 0.05

# A load of so many seconds or more is long enough to tell the generator's speed from its start-up.
LONG_ENOUGH = 5.0
BUSY = 0.90  # of a core that a load process has used: it had no room to be on time
DELIVERED = 0.95  # of the rate that was asked for

LATE_OF_FEW = 0.1  # share that may be late where there are fewer starts than that
MANY = 100  # starts, without which a 99th percentile is no more than the worst of a few

TOLERATED = 0.01  # share of what was due that may be dropped, and queued, unless the SLA `schedule` says another


def invalid_load(figures: Mapping[str, Any], generator: Mapping[str, Any], sla: Mapping[str, Any]) -> SlaRow | None:
    """Return the row that says why a load is invalid and what to do; None of one that can be believed.

    `figures` as in `judging.statistics`, `generator` as in `WorkloadRow.generator`, `sla` as in the task file.
    """
    shards = generator.get("shards") or []
    allowed = sla.get("schedule") or {}
    found = [
        *_late(figures, allowed),
        *_slow(figures, allowed),
        *_busy(shards),
        *_lagging(figures, shards),
        *_kept_waiting(figures, allowed),
    ]
    return SlaRow(INVALID_LOAD, passed=False, detail="; ".join(found)) if found else None


def _late(figures: Mapping[str, Any], allowed: Mapping[str, Any]) -> Iterator[str]:
    schedule = figures.get("schedule")
    if not schedule or "late" in allowed:
        return
    error = schedule["start_error"]["p99"]
    if schedule["asked"] < MANY and schedule["late"] > LATE_OF_FEW * schedule["asked"] and _spoils(LATE, figures):
        yield (
            f"{schedule['late']} of {schedule['asked']} iterations were started more than {_ms(LATE)} late, though "
            "workers were free - give the load a quieter machine, or ask for a lower rate"
        )
    many = schedule["asked"] >= MANY
    if many and error is not None and error > START_ERROR and _spoils(error, figures):
        yield (
            f"the generator started iterations late, by {_ms(error)} at p99, though workers were free - ask for a "
            "lower rate, or give the load a machine with more or quieter cores"
        )


def _slow(figures: Mapping[str, Any], allowed: Mapping[str, Any]) -> Iterator[str]:
    schedule = figures.get("schedule")
    if not schedule or {"dropped", "queued"} & allowed.keys():  # what is allowed to be makes the rate lower
        return
    asked, delivered = schedule["asked_rate"], schedule["delivered_rate"]
    if figures["seconds"] >= LONG_ENOUGH and asked and delivered is not None and delivered < DELIVERED * asked:
        yield (
            f"{delivered:.4g} iterations a second were started where {asked:.4g} were asked for - ask for a lower "
            "rate, or allow more at a time"
        )


def _busy(shards: list[dict[str, Any]]) -> Iterator[str]:
    shares = [shard["cpu_seconds"] / shard["seconds"] for shard in shards if shard.get("seconds", 0) >= LONG_ENOUGH]
    if shares and max(shares) >= BUSY:
        yield (
            f"the generator was the bottleneck: a load process used {max(shares):.0%} of a core, so the figures may be "
            "the generator's and not the cloud's - ask for a lower rate or fewer at a time, or use more cores"
        )


def _lagging(figures: Mapping[str, Any], shards: list[dict[str, Any]]) -> Iterator[str]:
    long = [shard for shard in shards if shard.get("seconds", 0) >= LONG_ENOUGH]
    lag = max((shard.get("lag_p99") or 0.0 for shard in long), default=0.0)
    if lag > LAG and _spoils(lag, figures):
        yield (
            f"the generator's event loop came {_ms(lag)} late at p99, which is in the durations - ask for fewer at a "
            "time, or look for what keeps the loop (a scenario that computes or blocks)"
        )


def _kept_waiting(figures: Mapping[str, Any], allowed: Mapping[str, Any]) -> Iterator[str]:
    schedule = figures.get("schedule")
    if not schedule:
        return
    for name, meaning in (("dropped", "not run at all"), ("queued", "kept waiting")):
        share = schedule[name] / schedule["asked"]
        if name not in allowed and share > TOLERATED:
            yield (
                f"{schedule[name]} of {schedule['asked']} iterations ({share:.1%}) were {meaning} as all workers were "
                f"busy when they were due - allow more at a time, ask for a lower rate, or say in the SLA what is "
                f"allowed (`schedule: {{{name}: 5 %}}`)"
            )


def _spoils(seconds: float, figures: Mapping[str, Any]) -> bool:
    median = figures["rows"][0]["p50"]
    return median is None or seconds > SPOILS * median


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"
