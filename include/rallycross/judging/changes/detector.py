"""What the history of a recipe says after its newest run: nothing, a suspicion, or a change.

A series is suspicious if its newest runs have another level than those before, or if the newest run alone is far off.
A suspicion asks for a confirmation run, which is a further run in the series. It is a change once the series with that
run is so unlikely to be noise that of 100 histories of 100 runs without a change at most one has a false alarm. That is
so for all series of a recipe together: what counts as unlikely is decided by the procedure of Benjamini and Hochberg
(J. R. Statist. Soc. B 57, 1995) over the series. If many change together, each needs less evidence than one alone.
"""

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import groupby
from typing import TypeVar

import numpy as np

from rallycross.judging.changes.effect import Step, step_size
from rallycross.judging.changes.step_test import steps

Key = TypeVar("Key", bound=Hashable)

ALARM = 3.4  # evidence, in normal deviates; see `step_test`
SUSPICION = 2.4
FAR_OFF = 5.0  # robust standard deviations of the newest run alone
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
    step = step_size(np.array(series.values), found.length, found.autocorrelation, series.floor)
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
    return Series(series.values[:-1], series.floor, series.least)


def _evidence(history: Mapping[Key, Series]) -> dict[Key, _Evidence]:
    """Test all series; those of equal length at once."""
    found: dict[Key, _Evidence] = {}
    by_length = sorted(history, key=lambda key: len(history[key].values))
    for length, group in groupby(by_length, key=lambda key: len(history[key].values)):
        keys = list(group)
        values = np.array([history[key].values for key in keys], dtype=float).reshape(len(keys), length)
        tested = steps(values, np.array([history[key].floor for key in keys]))
        columns = (tested.evidence, tested.length, tested.last, tested.autocorrelation)
        for key, evidence, since, last, autocorrelation in zip(
            keys, *(column.tolist() for column in columns), strict=True
        ):
            found[key] = _Evidence(evidence, since, last, autocorrelation)
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
