"""Change detection on synthetic histories, next to Apache Otava on the same ones.

Run by `./rallycross bench --only changes`. A history has 100 runs, and is looked at after each of them. A confirmation
run is the next value of the history, with the same noise, and is counted like any other. A step is seen if a change at
most `NEAR` runs before it is reported within `WITHIN` runs. Seeds are fixed, and others than those by which the limits
of the detector were found.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from rallycross.judging.changes.detector import Series, State, detect

sys.path.insert(0, str(Path(__file__).parents[1] / "core"))
from own_environment import NoIndex, environment

Values = NDArray[np.float64]

RUNS, WITHIN, NEAR = 100, 10, 5
LATE, MIDDLE = 90, 50  # runs before the step
VARIATION = 0.03
SERIES = 40  # of the recipe in which no series changes
OTAVA = "0.8.0"
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Outcome:
    """Shares of histories, or of runs, in words."""

    false_alarms: str
    late: tuple[str, str]  # steps of 5 and 10 % that are seen
    middle: tuple[str, str] = ("-", "-")
    inside: str = "-"  # of the intervals of steps of 10 %, those that hold it
    asked: str = "-"  # confirmation runs that are asked for in 100 runs without a change


def normal(random: np.random.Generator, count: int) -> Values:
    """Draw independent, normal histories."""
    values: Values = 1 + random.normal(0, VARIATION, (count, RUNS))
    return values


def log_normal(random: np.random.Generator, count: int) -> Values:
    """Draw independent, skewed histories: a log-normal distribution with a shape of 0.5, scaled to the variation."""
    shape = 0.5
    values = np.exp(random.normal(0, shape, (count, RUNS)))
    mean = np.exp(shape**2 / 2)
    scaled: Values = 1 + (values - mean) / (mean * np.sqrt(np.expm1(shape**2))) * VARIATION
    return scaled


def autocorrelated(phi: float) -> Callable[[np.random.Generator, int], Values]:
    """Return a first-order autoregression with this coefficient, of the same total variation."""

    def draw(random: np.random.Generator, count: int) -> Values:
        values = np.empty((count, RUNS))
        values[:, 0] = random.normal(0, VARIATION, count)
        fresh = random.normal(0, VARIATION * np.sqrt(1 - phi**2), (count, RUNS))
        for run in range(1, RUNS):
            values[:, run] = phi * values[:, run - 1] + fresh[:, run]
        return 1 + values

    return draw


def spiky(random: np.random.Generator, count: int) -> Values:
    """Draw independent, normal histories in which 5 % of the runs take 2 to 5 times as long."""
    spikes = np.where(random.random((count, RUNS)) < 0.05, random.uniform(2, 5, (count, RUNS)), 1.0)
    return normal(random, count) * spikes


NOISES = {
    "normal": normal,
    "log-normal": log_normal,
    "spiky": spiky,
    "autocorrelated, 0.3": autocorrelated(0.3),
    "autocorrelated, 0.5": autocorrelated(0.5),
}


def stepped(values: Values, size: float, at: int) -> Values:
    """Return the histories with a step after `at` runs, cut `WITHIN` runs after it."""
    result = values[:, : at + WITHIN].copy()
    result[:, at:] *= 1 + size
    return result


def seen(values: Values, at: int) -> list[tuple[float, float]]:
    """Return the interval of the step after `at` runs for each history in which it is seen."""
    found = (_first_change(history, at) for history in np.log(np.maximum(values, 0.1)))
    return [interval for interval in found if interval is not None]


def _first_change(history: Values, at: int) -> tuple[float, float] | None:
    for runs in range(at + 1, len(history) + 1):
        found = detect({0: series(history[:runs])})[0]
        if found.state is State.CHANGE and found.step is not None and runs - found.length >= at - NEAR:
            return float(np.expm1(found.step.low)), float(np.expm1(found.step.high))
    return None


def series(values: Values) -> Series:
    """Return a series as a recipe's has it, with the default settings."""
    return Series(values.tolist(), floor=0.005, least=float(np.log1p(0.02)))


def family(count: int, seed: int) -> str:
    """Return the share of histories of a recipe of `SERIES` independent series in which any raises a false alarm."""
    random = np.random.default_rng(seed)
    alarms = 0
    for _ in range(count):
        values = np.log(normal(random, SERIES))
        alarms += any(
            found.state is State.CHANGE
            for runs in range(11, RUNS + 1)
            for found in detect({row: series(values[row, :runs]) for row in range(SERIES)}).values()
        )
    return _share(alarms, count)


def of_rallycross(name: str, count: int, seed: int) -> Outcome:
    """Measure the detector on one kind of noise."""
    values = NOISES[name](np.random.default_rng(seed), count)
    alarms = asked = 0
    for history in np.log(np.maximum(values, 0.1)):
        states = [detect({0: series(history[:runs])})[0].state for runs in range(1, RUNS + 1)]
        alarms += State.CHANGE in states
        asked += states.count(State.SUSPICION)
    found = {(at, size): seen(stepped(values, size, at), at) for at in (LATE, MIDDLE) for size in (0.05, 0.10)}
    shares = {key: _share(len(one), count) for key, one in found.items()}
    intervals = found[LATE, 0.10]
    return Outcome(
        _share(alarms, count),
        (shares[LATE, 0.05], shares[LATE, 0.10]),
        (shares[MIDDLE, 0.05], shares[MIDDLE, 0.10]),
        _share(sum(low <= 0.10 <= high for low, high in intervals), len(intervals)),
        f"{asked / count:.1f}",
    )


def of_otava(name: str, count: int, seed: int) -> Outcome:
    """Measure Otava with its defaults on the same histories."""
    values = NOISES[name](np.random.default_rng(seed), count)
    late = tuple(_otava(stepped(values, size, LATE), LATE + 1, LATE - NEAR) for size in (0.05, 0.10))
    return Outcome(_otava(values, 2, 0), (late[0], late[1]))


def _otava(values: Values, looks_from: int, since: int) -> str:
    """Return the share of histories in which Otava reports a change since that run at one of the looks."""
    python = environment(f"otava-{OTAVA}", [f"apache-otava=={OTAVA}"]) / "bin" / "python"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "histories.json"
        file.write_text(json.dumps(values.tolist()))
        command = [str(python), str(HERE / "otava_alone.py"), str(file), str(looks_from), str(since)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: code {done.returncode}\n{done.stderr[-2000:]}")
    return _share(int(done.stdout), len(values))


def _share(part: int, whole: int) -> str:
    return f"{part / max(whole, 1):.1%}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--histories", type=int, default=300)
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--no-otava", action="store_true", help="leave Otava out")
    options = parser.parse_args()
    console = Console(width=160)
    steps = [f"{size} after {at}" for at in (LATE, MIDDLE) for size in ("+5 %", "+10 %")]
    table = Table("noise", "detector", "false alarms", *steps, "intervals right", "confirmations")
    detectors = {"Rallycross": of_rallycross} | ({} if options.no_otava else {f"Otava {OTAVA}": of_otava})
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        jobs = {
            (name, who): pool.submit(measure, name, options.histories, options.seed)
            for name in NOISES
            for who, measure in detectors.items()
        }
        whole = pool.submit(family, options.histories, options.seed)
        for (name, who), job in jobs.items():
            try:
                one = job.result()
            except NoIndex as error:
                raise SystemExit(f"Otava cannot be installed: {error} - leave it out: --no-otava") from error
            table.add_row(name, who, one.false_alarms, *one.late, *one.middle, one.inside, one.asked)
        table.add_row(f"normal, {SERIES} series", "Rallycross", whole.result())
    console.print(
        f"{options.histories} histories of {RUNS} runs, variation {VARIATION:.0%}; steps seen in {WITHIN} runs"
    )
    console.print(table)


if __name__ == "__main__":
    main()
