"""How often `./rallycross results compare` is wrong: on pairs of simulated runs whose true difference is known.

Run by `./rallycross bench --only compare`. The same seeds give the same figures in each run.

usage: .venv/bin/python tests/benchmarks/comparison.py [--pairs N] [--seed N]
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from heapq import heapreplace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from rich.console import Console
from rich.table import Table

from rallycross.judging.batch import Batch
from rallycross.judging.run_comparison import several_runs
from rallycross.judging.run_comparison.blocks import WHOLE, Blocks
from rallycross.judging.run_comparison.bounds import Bounds
from rallycross.judging.run_comparison.figure_comparison import (
    FAILED,
    FALSE_DISCOVERIES,
    THROUGHPUT,
    FigureComparison,
    Sides,
    decided,
)
from rallycross.judging.run_comparison.one_run import (
    durations,
    failure_bounds,
    percentile_bounds,
    throughput_bounds,
)
from rallycross.results.sample_file import SCHEMA

Floats = npt.NDArray[np.float64]
FAILING = 0.02  # share of iterations
STEP = 1.05  # the true difference
_WORKERS = 4
_BURN_IN = 200


@dataclass(frozen=True)
class Noise:
    """How iterations vary: standard normal values, and the relative durations made of them."""

    name: str
    alike: float  # correlation of an iteration with the next one
    relative: Callable[[Floats], Floats]
    runs: int = 1  # on each side
    between: float = 0.0  # standard deviation of the logarithm between runs of the same


NOISES = (
    Noise("normal, 10 %", 0.0, lambda values: 1 + 0.1 * values),
    Noise("log-normal, 30 %", 0.0, lambda values: np.exp(0.3 * values)),
    Noise("autocorrelated, 0.5", 0.5, lambda values: np.exp(0.2 * values)),
    Noise("autocorrelated, 0.8", 0.8, lambda values: np.exp(0.2 * values)),
    Noise("5 runs a side, 3 % between", 0.0, lambda values: np.exp(0.2 * values), runs=5, between=0.03),
)


@dataclass(frozen=True)
class _Run:
    percentiles: dict[str, Bounds]
    blocks: Blocks
    throughput: float


def pair(noise: Noise, count: int, factor: float, chance: np.random.Generator) -> list[FigureComparison]:
    """Return the comparison of two simulated sides, of which the second is slower by a factor."""
    sides = [[_run(noise, count, one, chance) for _ in range(noise.runs)] for one in (1.0, factor)]
    size = (count * noise.runs, count * noise.runs)
    found = [
        Sides(*WHOLE, name, size, _both([[run.percentiles[name] for run in side] for side in sides]))
        for name in sides[0][0].percentiles
    ]
    courses = [[run.blocks.course() for run in side] for side in sides]
    if noise.runs == 1:
        failed = failure_bounds(courses[0][0]), failure_bounds(courses[1][0])
    else:
        failed = several_runs.failure_bounds(*courses)
    rates = [[throughput_bounds(run.blocks.course(), run.throughput, paced=False) for run in side] for side in sides]
    found += [Sides(*WHOLE, FAILED, size, failed), Sides(*WHOLE, THROUGHPUT, size, _both(rates))]
    return decided(found, FALSE_DISCOVERIES)


def _both(sides: list[list[Bounds]]) -> tuple[Bounds, Bounds]:
    first, second = sides
    if len(first) == len(second) == 1:
        return first[0], second[0]
    return several_runs.mean_bounds([run.value for run in first], [run.value for run in second])


def _run(noise: Noise, count: int, factor: float, chance: np.random.Generator) -> _Run:
    values = _correlated(chance.standard_normal(count + _BURN_IN), noise.alike)[_BURN_IN:]
    level = 0.2 * factor * np.exp(noise.between * chance.standard_normal())
    took = level * np.maximum(noise.relative(values), 0.01)
    failed = _correlated(chance.standard_normal(count + _BURN_IN), noise.alike)[_BURN_IN:] < _QUANTILE
    ended = _ends(took)
    blocks = Blocks()
    blocks.add(Batch(record(ended - took, ended, failed)))
    found = durations(*blocks.counts(WHOLE))
    percentiles = {name: percentile_bounds(found, share) for name, share in (("median", 0.5), ("p95", 0.95))}
    return _Run(percentiles, blocks, count / float(ended.max()))


_QUANTILE = -2.0537  # the normal quantile of `FAILING`


def _ends(took: Floats) -> Floats:
    """Return when iterations end in a closed loop, in which the next one begins as soon as a worker is free."""
    free = [0.0] * _WORKERS
    return np.array([heapreplace(free, free[0] + seconds) + seconds for seconds in took.tolist()])


def _correlated(values: Floats, alike: float) -> Floats:
    """Return values of the same distribution, of which each is correlated with the next."""
    if not alike:
        return values
    found, rest = values.copy(), float(np.sqrt(1 - alike**2))
    for place in range(1, len(values)):
        found[place] = alike * found[place - 1] + rest * values[place]
    return found


def record(started: Floats, ended: Floats, failed: npt.NDArray[np.bool_]) -> pa.RecordBatch:
    """Return iterations without actions as the sample files have them."""
    count = len(started)
    failure = SCHEMA.field("failure").type
    failures = pa.array([{"kind": "E"} if one else None for one in failed.tolist()], failure)
    empty = {name: pa.nulls(count, SCHEMA.field(name).type) for name in ("due", "outputs")}
    columns = {
        "iteration": pa.array(np.arange(count)),
        "shard": pa.array(np.zeros(count, np.int32)),
        "state": pa.array(np.zeros(count, np.int8)),
        "started": pa.array(started),
        "ended": pa.array(ended),
        "idle": pa.array(np.zeros(count)),
        "failure": failures,
        "actions": pa.ListArray.from_arrays(
            np.zeros(count + 1, np.int32), pa.array([], SCHEMA.field("actions").type.value_type)
        ),
        **empty,
    }
    return pa.RecordBatch.from_arrays([columns[name] for name in SCHEMA.names], schema=SCHEMA)


@dataclass(frozen=True)
class Calibration:
    """How often intervals and reports were wrong."""

    excluding: dict[str, float]  # share of the intervals of equal pairs that do not hold zero, by figure
    families: float  # share of equal pairs with a reported difference
    holding: dict[str, float]  # share of the intervals of pairs with the true difference that hold it, by figure
    seen: float  # share of these pairs whose slower median is reported


def calibrate(noise: Noise, count: int, pairs: int, chance: np.random.Generator) -> Calibration:
    """Compare many pairs without, and many with a difference."""
    equal = [pair(noise, count, 1.0, chance) for _ in range(pairs)]
    slower = [pair(noise, count, STEP, chance) for _ in range(pairs)]
    names = [one.figure for one in equal[0]]
    truth = {"median": STEP - 1, "p95": STEP - 1, FAILED: 0.0, THROUGHPUT: 1 / STEP - 1}
    return Calibration(
        {name: _share([not _holds(family[at], 0.0) for family in equal]) for at, name in enumerate(names)},
        _share([any(one.differs for one in family) for family in equal]),
        {name: _share([_holds(family[at], truth[name]) for family in slower]) for at, name in enumerate(names)},
        _share([family[0].outcome == "worse" for family in slower]),
    )


def _holds(one: FigureComparison, change: float) -> bool:
    return (one.low is None or one.low <= change) and (one.high is None or change <= one.high)


def _share(found: list[bool]) -> float:
    return sum(found) / len(found)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    table = Table(title=f"results compare on {options.pairs} simulated pairs each (seed {options.seed})", box=None)
    shown = ("median", "p95", FAILED, THROUGHPUT)
    table.add_column("noise, iterations of a run")
    columns = (
        *(f"equal:\n{name}\nexcludes 0" for name in shown),
        "equal:\nanything\nreported",
        *(f"+5 %:\n{name}\nholds it" for name in shown),
        "+5 %:\nmedian\nreported",
    )
    for column in columns:
        table.add_column(column, justify="right")
    for place, noise in enumerate(NOISES):
        for count in (100, 1000):
            found = calibrate(noise, count, options.pairs, np.random.default_rng([options.seed, place, count]))
            table.add_row(
                f"{noise.name}, {count}",
                *(f"{100 * found.excluding[name]:.1f} %" for name in shown),
                f"{100 * found.families:.1f} %",
                *(f"{100 * found.holding[name]:.1f} %" for name in shown),
                f"{100 * found.seen:.0f} %",
            )
    table.add_row("aim", *["5 % or less"] * 4, "1 % or less", *["95 % or more"] * 4, "")
    Console(width=200).print(table)


if __name__ == "__main__":
    main()
