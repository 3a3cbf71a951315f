"""What the history of a recipe says after its newest run: nothing, a suspicion, or a change.

A series is suspicious if its newest runs have another level than those before, or if the newest run alone is far off.
A suspicion asks for a confirmation run, which is a further run in the series. It is a change once the series with that
run is so unlikely to be noise that of 100 histories of 100 runs without a change at most one has a false alarm. That is
so for all series of a recipe together: what counts as unlikely is decided by the procedure of Benjamini and Hochberg
(J. R. Statist. Soc. B 57, 1995) over the series. If many change together, each needs less evidence than one alone.
"""

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import TypeVar

import numpy as np

from rallycross.judging.changes.effect import Step, step_size
from rallycross.judging.changes.step_test import steps

Key = TypeVar("Key", bound=Hashable)

ALARM = 3.4  # evidence, in normal deviates; see `step_test`
SUSPICION = 2.4
FAR_OFF = 6.0  # robust standard deviations of the newest run alone; more than `step_test.FAR`
ASKS = 10  # runs since a step, beyond which a suspicion does not ask for confirmation runs any more


class State(Enum):
    """What a series says."""

    NOTHING = "nothing"
    SUSPICION = "suspicion"
    CHANGE = "change"


@dataclass(frozen=True)
class Series:
    """The values of a figure in the runs since its last change, oldest first, on a scale on which steps add."""

    values: Sequence[float]
    floor: float  # the least standard deviation that its noise is taken to have
    least: float  # the least step that counts
    earlier: Sequence[float] = ()  # from before the last change, moved to the level since then: they tell the noise


@dataclass(frozen=True)
class Finding:
    """What a series says after its newest run."""

    state: State
    length: int = 0  # runs since the step
    step: Step | None = None  # None: no step, or the newest run alone is far off


NOTHING = Finding(State.NOTHING)


@dataclass(frozen=True)
class _Evidence:
    evidence: float
    length: int
    last: float
    autocorrelation: float


def detect(history: Mapping[Key, Series]) -> dict[Key, Finding]:
    """Return what each series of one recipe says after its newest run."""
    now = _evidence(history)
    alarms = _unlikely({key: one.evidence for key, one in now.items()}, ALARM)
    suspects = _unlikely({key: one.evidence for key, one in now.items()}, SUSPICION)
    suspects |= _unlikely({key: one.last for key, one in now.items()}, FAR_OFF)
    earlier = _evidence({key: _without_newest(history[key]) for key in alarms})
    return {
        key: _finding(history[key], one, alarm=key in alarms and _suspected(earlier[key], one))
        if key in suspects
        else NOTHING
        for key, one in now.items()
    }


def _finding(series: Series, found: _Evidence, *, alarm: bool) -> Finding:
    step = step_size(np.array(series.values), found.length, found.autocorrelation, series.floor, series.earlier)
    if abs(found.evidence) < SUSPICION:  # only the newest run is far off
        return Finding(State.SUSPICION, 1)
    if abs(step.size) < series.least:
        return NOTHING
    if alarm:
        return Finding(State.CHANGE, found.length, step)
    return Finding(State.SUSPICION, found.length, step) if found.length <= ASKS else NOTHING


def _suspected(earlier: _Evidence, now: _Evidence) -> bool:
    """Tell whether the run before has raised the same suspicion, so that the newest one confirms it."""
    return any(
        abs(value) >= level and value * now.evidence > 0
        for value, level in ((earlier.evidence, SUSPICION), (earlier.last, FAR_OFF))
    )


def _without_newest(series: Series) -> Series:
    return replace(series, values=series.values[:-1])


def _evidence(history: Mapping[Key, Series]) -> dict[Key, _Evidence]:
    """Test all series; those of equal length at once."""
    lengths: dict[tuple[int, int], list[Key]] = {}
    for key, series in history.items():
        lengths.setdefault((len(series.earlier), len(series.values)), []).append(key)
    found: dict[Key, _Evidence] = {}
    for (earlier, own), keys in lengths.items():
        rows = [[*history[key].earlier, *history[key].values] for key in keys]
        values = np.array(rows, dtype=float).reshape(len(keys), earlier + own)
        tested = steps(values, np.array([history[key].floor for key in keys]), earlier)
        columns = (tested.evidence, tested.length, tested.last, tested.autocorrelation)
        for key, *one in zip(keys, *(column.tolist() for column in columns), strict=True):
            found[key] = _Evidence(*one)
    return found


def _unlikely(deviates: Mapping[Key, float], level: float) -> set[Key]:
    """Return the series that are significant by Benjamini and Hochberg; alone, one needs a deviate of `level`."""
    ranked = sorted(deviates, key=lambda key: -abs(deviates[key]))
    count = len(ranked)
    passed = [rank for rank, key in enumerate(ranked, 1) if _chance(deviates[key]) <= _chance(level) * rank / count]
    return set(ranked[: max(passed, default=0)])


def _chance(deviate: float) -> float:
    """Return the probability that noise is as far from 0 as this."""
    return math.erfc(abs(deviate) / math.sqrt(2))
