"""Each row of Rally's table of durations follows Rally's rules."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rallycross.exchange.rally_table import UNNAMED, RallyTable, Row
from rallycross.exchange.sample_columns import Columns
from rallycross.load.sample import Action, Failure, Sample
from rallycross.results.sample_file import SampleWriter, read_batches


@st.composite
def _samples(draw: st.DrawFn) -> Sample:
    actions: list[Action] = []
    depth = -1
    for _ in range(draw(st.integers(0, 7))):
        depth = draw(st.integers(0, min(depth + 1, 3)))
        started = draw(st.integers(0, 50))
        ended = started + draw(st.integers(0, 50))
        actions.append(Action(draw(st.sampled_from("abc")), depth, started, ended, failed=draw(st.booleans())))
    failure = Failure("Boom", "") if draw(st.booleans()) else None
    return Sample(0, 0, None, 0.0, float(draw(st.integers(1, 99))), float(draw(st.integers(0, 3))), failure, actions)


def _table(samples: list[Sample], cuts: int) -> RallyTable:
    table = RallyTable()
    with tempfile.TemporaryDirectory() as folder:
        writer = SampleWriter(Path(folder) / "0.arrows")
        for number, sample in enumerate(samples):
            sample.iteration = number
            writer.add(sample)
            if number % cuts == cuts - 1:
                writer.flush()
        writer.close()
        for record in reversed(list(read_batches(Path(folder)))):
            table.add(Columns.measured(record, timing="rally"))
    return table


def _expected(samples: list[Sample]) -> dict[tuple[str, ...], list[tuple[float, bool]]]:
    """Compute the rows from one iteration after another: path of shown names to durations, and whether it failed."""
    rows: dict[tuple[str, ...], list[tuple[float, bool]]] = {}

    def walk(nodes: list[dict[str, Any]], path: tuple[str, ...]) -> str:
        last = ""
        for name in dict.fromkeys(node["name"] for node in nodes):
            same = [node for node in nodes if node["name"] == name]
            shown = f"{name} (x{len(same)})" if len(same) > 1 else name
            failed = any(node["failed"] for node in same)
            rows.setdefault((*path, shown), []).append((sum(node["seconds"] for node in same), failed))
            if len(path) < 2:
                walk([child for node in same for child in node["children"]], (*path, shown))
            last = "failed" if failed else "well"
        return last

    for sample in samples:
        levels: list[list[dict[str, Any]]] = [[]]
        for one in sample.actions:
            node = {"name": one.name, "seconds": one.duration, "failed": one.failed, "children": []}
            del levels[one.depth + 1 :]
            levels[-1].append(node)
            levels.append(node["children"])
        if walk(levels[0], ()) == "well" and sample.failure:
            rows.setdefault((UNNAMED,), []).append((0.0, True))
    return rows


@settings(max_examples=150)
@given(samples=st.lists(_samples(), max_size=8), cuts=st.integers(1, 4))
def test_rows_are_those_of_rallys_rules(samples: list[Sample], cuts: int) -> None:
    """In any batches: sums by name and iteration, `(xN)`, children, failures, and the row without a name are right."""
    found: dict[tuple[str, ...], Row] = {}
    path: list[str] = []
    for depth, row in _table(samples, cuts).rows()[:-3]:
        path[depth:] = [row.shown]
        found[tuple(path)] = row
    expected = _expected(samples)

    assert found.keys() == expected.keys()
    for place, values in expected.items():
        durations = [seconds for seconds, _ in values]
        assert sorted(np.concatenate(found[place].parts).tolist()) == sorted(durations)
        assert found[place].failed == sum(failed for _, failed in values)
        assert found[place].figures()["median"] == pytest.approx(np.median(durations))


def test_the_total_is_with_pauses_and_has_its_parts() -> None:
    """The last rows are the total, then its work and its pauses; all include failed iterations."""
    samples = [Sample(0, 0, None, 0.0, 5.0, 2.0), Sample(1, 0, None, 0.0, 9.0, 0.0, Failure("Boom", ""))]

    total, work, idle = [row.figures() for _, row in _table(samples, 1).rows()]

    assert (total["min"], total["max"], total["count"], total["success"]) == (5, 9, 2, 0.5)
    assert (work["min"], work["max"]) == (3, 9)
    assert (idle["min"], idle["max"]) == (0, 2)


def test_nothing_has_no_figures() -> None:
    """Without iterations the total has n/a."""
    total = RallyTable().statistics()["durations"]["total"]

    assert total["data"]["median"] == total["data"]["success"] == "n/a"
    assert total["data"]["iteration_count"] == 0
