"""Whether a load is valid: a generator that was late, or was the bottleneck, has measured itself.

An invalid load gets the row `invalid_load`, which always fails. The run is then INVALID, which says less about the
cloud than failed does. All thresholds are here.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from rallycross.judging.generator import shards
from rallycross.judging.schedule import LATE
from rallycross.judging.sla import INVALID_LOAD
from rallycross.results.generator_report import GeneratorReport, ShardReport, Standstill
from rallycross.results.sla_row import SlaRow
from rallycross.results.workload_figures import WorkloadFigures

# A start error or a lag of the event loop invalidates figures if its p99 exceeds both this many seconds and this share
# of the median duration: 20 ms do not matter for a boot of five seconds, but they do for a request of 10 ms.
START_ERROR = 0.010
LAG = 0.010
SPOILS = 0.05

# A load of this many seconds or more is long enough to distinguish the generator's speed from its start-up.
LONG_ENOUGH = 5.0
BUSY = 0.90  # share of a core from which on a load process has no reserve to be on time
DELIVERED = 0.95  # share of the requested rate that must be delivered

# A single stall of this many seconds invalidates the iterations that ran meanwhile, however long the load was.
STOOD_LONG = 2.0
# A stall of this many seconds does so if it affects more than a share of the load's time or iterations, or if a
# criterion was missed that depends on single iterations.
STOOD = 1.0
TOUCHED = 0.01
OF_SINGLE_ITERATIONS = frozenset({"max_seconds_per_iteration", "outliers", "performance_degradation"})
LOST = 0.10  # share of the load's time that may be lost by many shorter lags

LATE_OF_FEW = 0.1  # share of starts that may be late if there are fewer than `MANY`
MANY = 100  # starts; with fewer, the 99th percentile is just the worst one

TOLERATED = 0.01  # share of due iterations that may be dropped, or queued, unless the SLA `schedule` sets another

CONTENDED = 0.05  # share of the load's time without a core, due to quota or contention, that explains lateness
COMPUTING = 0.50  # share of a core that explains lateness

# The causes of lateness of a load process in words, and the remedies.
_MEANINGS = {
    "stopped": "it was stopped, or its machine was paused",
    "suspended": "its machine was suspended",
    "throttled": "its CPU quota was used up",
    "starved": "other programs had the cores",
    "busy": "it computed all the time",
    "blocked": "a scenario held the event loop without computing",
}
_REMEDIES = {
    "stopped": "see that nothing stops it (SIGSTOP, a frozen container, a paused machine), and run the load again",
    "suspended": "keep the machine awake, and run the load again",
    "throttled": "raise the CPU quota of the container or cgroup that drives the load",
    "starved": "run the load on a machine of its own, or end what else is busy on it",
    "busy": "ask for a lower rate or fewer at a time, or use more cores",
    "blocked": "use `await` in the scenario, or write it as a plain function, which gets its own thread",
}
_ALONE = "check what the scenario computes, or use a faster core"  # the remedy of `busy` at a concurrency of 1
_NAMED = 3  # stalls that are listed one by one


def invalid_load(
    figures: WorkloadFigures,
    reported: GeneratorReport,
    sla: Mapping[str, Any],
    *,
    missed: Collection[str] = (),
) -> SlaRow | None:
    """Return the row that says why a load is invalid and what to do; None for a valid load.

    `sla` is as in the task file, `missed` has the names of missed criteria.
    """
    told = shards(reported)
    alone = reported.workers == 1
    remedy = _remedy(_worst(told), alone=alone) if told else ""
    allowed = sla.get("schedule") or {}
    found = [
        *_stood_still(figures, told, missed, alone=alone),
        *_late(figures, allowed, remedy),
        *_slow(figures, allowed, remedy),
        *_busy(told, alone=alone),
        *_lagging(figures, told, alone=alone),
        *_kept_waiting(figures, allowed),
    ]
    return SlaRow(INVALID_LOAD, passed=False, detail="; ".join(found)) if found else None


def describe_standstills(standstills: Sequence[Standstill]) -> str:
    """Return the stalls of a generator in words: how long, when and why, the longest first."""
    by_length = sorted(standstills, key=lambda one: -one.seconds)
    named = [f"{one.seconds:.1f} s from {one.since:.1f} s on ({one.cause})" for one in by_length[:_NAMED]]
    return ", ".join(named) + (f" and {len(standstills) - _NAMED} more" if len(standstills) > _NAMED else "")


def _stood_still(
    figures: WorkloadFigures, told: Sequence[ShardReport], missed: Collection[str], *, alone: bool
) -> Iterator[str]:
    standstills = [one for shard in told for one in shard.stood]
    longest = max((one.seconds for one in standstills), default=0.0)
    count, touched = figures.count, figures.stood.count if figures.stood else 0
    lost = max((shard.lost_seconds / shard.seconds for shard in told), default=0.0)
    if longest >= STOOD and _spoils(longest, figures):
        single = bool(OF_SINGLE_ITERATIONS & set(missed))
        if longest >= STOOD_LONG or lost > TOUCHED or touched > TOUCHED * count or single:
            cause = max(standstills, key=lambda one: one.seconds).cause
            who = {shard.shard or 0 for shard in told if shard.stood}
            which = f"load process {min(who) + 1} of {len(told)}" if len(told) > len(who) == 1 else "the generator"
            yield (
                f"{which} stood still for {describe_standstills(standstills)}: {_MEANINGS.get(cause, cause)}, and"
                f" {touched} of {count} iterations ran meanwhile, and their durations include that - "
                f"{_remedy(cause, alone=alone)}"
            )
            return
    most = max((shard.lag_max for shard in told), default=0.0)
    if lost > LOST and _spoils(most, figures):
        cause = _worst(told)
        yield (
            f"the generator lost {lost:.0%} of its time, at most {_ms(most)} at once: {_MEANINGS[cause]} - "
            f"{_remedy(cause, alone=alone)}"
        )


def _late(figures: WorkloadFigures, allowed: Mapping[str, Any], remedy: str) -> Iterator[str]:
    schedule = figures.schedule
    if not schedule or "late" in allowed:
        return
    error = schedule.start_error.p99
    if schedule.asked < MANY and schedule.late > LATE_OF_FEW * schedule.asked and _spoils(LATE, figures):
        yield (
            f"{schedule.late} of {schedule.asked} iterations were started more than {_ms(LATE)} late, although "
            f"workers were free - {remedy or 'run the load on a quieter machine, or ask for a lower rate'}"
        )
    many = schedule.asked >= MANY
    if many and error is not None and error > START_ERROR and _spoils(error, figures):
        yield (
            f"the generator started iterations late, by {_ms(error)} at p99, although workers were free - "
            f"{remedy or 'ask for a lower rate, or run the load on a machine with more or quieter cores'}"
        )


def _slow(figures: WorkloadFigures, allowed: Mapping[str, Any], remedy: str) -> Iterator[str]:
    schedule = figures.schedule
    if not schedule or {"dropped", "queued"} & allowed.keys():  # dropped and queued iterations lower the rate
        return
    asked, delivered = schedule.asked_rate, schedule.delivered_rate
    if figures.seconds >= LONG_ENOUGH and asked and delivered is not None and delivered < DELIVERED * asked:
        waited = schedule.dropped or schedule.queued or not remedy
        yield (
            f"{delivered:.4g} iterations a second were started instead of {asked:.4g} - "
            f"{'ask for a lower rate, or allow more at a time' if waited else remedy}"
        )


def _busy(told: Sequence[ShardReport], *, alone: bool) -> Iterator[str]:
    busiest = max((shard.cpu for shard in told if shard.seconds >= LONG_ENOUGH), default=0.0)
    if busiest >= BUSY:
        yield (
            f"the generator was the bottleneck: a load process used {busiest:.0%} of a core, so the figures may be "
            f"the generator's and not the cloud's - {_remedy('busy', alone=alone)}"
        )


def _lagging(figures: WorkloadFigures, told: Sequence[ShardReport], *, alone: bool) -> Iterator[str]:
    long = [shard for shard in told if shard.seconds >= LONG_ENOUGH]
    lag = max((shard.lag_p99 or 0.0 for shard in long), default=0.0)
    if lag > LAG and _spoils(lag, figures):
        cause = _worst(long)
        yield (
            f"the generator's event loop was {_ms(lag)} late at p99, which is part of the durations: {_MEANINGS[cause]}"
            f" - {_remedy(cause, alone=alone)}"
        )


def _worst(told: Sequence[ShardReport]) -> str:
    """Return the cause of lateness of the process that was late most, apart from times for which it was stopped."""
    shard = max(told, key=lambda shard: (shard.lag_p99 or 0.0, shard.lag_max))
    lengths = Counter[str]()
    for one in shard.stood:
        lengths[one.cause] += round(one.seconds * 1000)
    awake = shard.seconds - (lengths["stopped"] + lengths["blocked"]) / 1000
    if shard.cpu_seconds >= BUSY * awake:
        return "busy"
    if shard.throttled_seconds > CONTENDED * awake:
        return "throttled"
    if shard.run_delay_seconds > CONTENDED * awake:
        return "starved"
    if lengths:
        return lengths.most_common(1)[0][0]
    return "busy" if shard.cpu_seconds >= COMPUTING * awake else "blocked"


def _remedy(cause: str, *, alone: bool) -> str:
    return _ALONE if cause == "busy" and alone else _REMEDIES.get(cause, _REMEDIES["stopped"])


def _kept_waiting(figures: WorkloadFigures, allowed: Mapping[str, Any]) -> Iterator[str]:
    schedule = figures.schedule
    if not schedule:
        return
    for name, meaning, number in (
        ("dropped", "not run at all", schedule.dropped),
        ("queued", "kept waiting", schedule.queued),
    ):
        share = number / schedule.asked
        if name not in allowed and share > TOLERATED:
            yield (
                f"{number} of {schedule.asked} iterations ({share:.1%}) were {meaning}, since all workers were "
                f"busy when they were due - allow more at a time, ask for a lower rate, or say in the SLA what is "
                f"allowed (`schedule: {{{name}: 5 %}}`)"
            )


def _spoils(seconds: float, figures: WorkloadFigures) -> bool:
    median = figures.total.p50 if figures.total else None
    return median is None or seconds > SPOILS * median


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"
