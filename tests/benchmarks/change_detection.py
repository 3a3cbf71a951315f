"""Change detection on synthetic histories, next to Apache Otava on the same ones.

Run by `./rallycross bench --only changes`. A history has 100 runs. It is looked at after each run, as the DAGs do:
a confirmation run is the next value of the history. Seeds are fixed, and others than those the limits were found with.
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

RUNS, STEP_AT, WITHIN = 100, 50, 10
VARIATION = 0.03
SERIES = 40  # of the recipe in which no series changes
OTAVA = "0.8.0"
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Outcome:
    """Shares of histories."""

    false_alarms: float
    seen: dict[float, float]  # by the size of the step
    inside: float = 0.0  # of the intervals of +10 %, those that hold it


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
    "autocorrelated, 0.2": autocorrelated(0.2),
    "autocorrelated, 0.3": autocorrelated(0.3),
    "autocorrelated, 0.5": autocorrelated(0.5),
    "spiky": spiky,
}


def stepped(values: Values, size: float) -> Values:
    """Return the histories with a step, cut `WITHIN` runs after it."""
    result = values[:, : STEP_AT + WITHIN].copy()
    result[:, STEP_AT:] *= 1 + size
    return result


def ours(values: Values, looks_from: int) -> list[tuple[float, float] | None]:
    """Return for each history the interval of the first change that is found from that look on, if one is."""
    return [_first(history, looks_from) for history in np.log(np.maximum(values, 0.1))]


def _first(history: Values, looks_from: int) -> tuple[float, float] | None:
    for runs in range(looks_from, len(history) + 1):
        found = detect({0: series(history[:runs])})[0]
        if found.state is State.CHANGE and found.step is not None:
            return float(np.expm1(found.step.low)), float(np.expm1(found.step.high))
    return None


def series(values: Values) -> Series:
    """Return a series as a recipe's has it, with the default settings."""
    return Series(values.tolist(), floor=0.005, least=float(np.log1p(0.02)))


def family(count: int, seed: int) -> float:
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
    return alarms / count


def of_rallycross(name: str, count: int, seed: int) -> Outcome:
    """Measure the detector on one kind of noise."""
    values = NOISES[name](np.random.default_rng(seed), count)
    none = ours(values, 1)
    found = {size: ours(stepped(values, size), STEP_AT + 1) for size in (0.05, 0.10)}
    intervals = [one for one in found[0.10] if one is not None]
    return Outcome(
        sum(one is not None for one in none) / count,
        {size: sum(one is not None for one in rows) / count for size, rows in found.items()},
        sum(low <= 0.10 <= high for low, high in intervals) / max(len(intervals), 1),
    )


def of_otava(name: str, count: int, seed: int) -> Outcome:
    """Measure Otava with its defaults on the same histories."""
    values = NOISES[name](np.random.default_rng(seed), count)
    return Outcome(
        _otava(values, 11),
        {size: _otava(stepped(values, size), STEP_AT + 1) for size in (0.05, 0.10)},
    )


def _otava(values: Values, looks_from: int) -> float:
    """Return the share of histories in which Otava reports a change at one of the looks."""
    python = environment(f"otava-{OTAVA}", [f"apache-otava=={OTAVA}"]) / "bin" / "python"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "histories.json"
        file.write_text(json.dumps(values.tolist()))
        command = [str(python), str(HERE / "otava_alone.py"), str(file), str(looks_from)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: code {done.returncode}\n{done.stderr[-2000:]}")
    return float(done.stdout)


def bound(phi: float, size: float) -> float:
    """Return how often a step is seen in `WITHIN` runs by a test that knows the noise and the old level exactly."""
    whole = np.log1p(size) / (VARIATION * np.sqrt(1 - phi**2))
    return float(whole * np.sqrt(1 + (WITHIN - 1) * (1 - phi) ** 2))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--histories", type=int, default=300)
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--no-otava", action="store_true", help="leave Otava out")
    options = parser.parse_args()
    console = Console(width=160)
    table = Table("noise", "detector", "false alarms", "+5 %", "+10 %", "intervals that hold +10 %")
    detectors = {"Rallycross": of_rallycross} | ({} if options.no_otava else {f"Otava {OTAVA}": of_otava})
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        jobs = {
            (name, who): pool.submit(measure, name, options.histories, options.seed)
            for name in NOISES
            for who, measure in detectors.items()
        }
        whole = pool.submit(family, options.histories // 3, options.seed)
        for (name, who), job in jobs.items():
            try:
                one = job.result()
            except NoIndex as error:
                raise SystemExit(str(error)) from error
            inside = f"{one.inside:.1%}" if who == "Rallycross" else "-"
            table.add_row(name, who, f"{one.false_alarms:.1%}", *(f"{seen:.1%}" for seen in one.seen.values()), inside)
        table.add_row(f"{SERIES} series, normal", "Rallycross", f"{whole.result():.1%}", "-", "-", "-")
    console.print(
        f"{options.histories} histories of {RUNS} runs, variation {VARIATION:.0%}; steps seen in {WITHIN} runs"
    )
    console.print(table)


if __name__ == "__main__":
    main()
