"""CSV and Parquet have every sample, each action below its iteration, and are written in parts."""

from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from rallycross.exchange import flat_rows
from rallycross.load.sample import Action, Failure, Sample, State
from rallycross.results.models import SubtaskRow, TaskRow, WorkloadRow
from rallycross.results.sample_file import SampleWriter


def _task(*workloads: str) -> TaskRow:
    rows = [
        WorkloadRow(uuid=uuid, position=position, scenario="Nova.boot", load_began_at=1000.0)
        for position, uuid in enumerate(workloads)
    ]
    return TaskRow(uuid="task", timing="intended", subtasks=[SubtaskRow(workloads=rows)])


def _write(folder: Path, samples: list[Sample], *, flush_every: int = 1000) -> None:
    writer = SampleWriter(folder / "0.arrows")
    for number, sample in enumerate(samples, 1):
        writer.add(sample)
        if number % flush_every == 0:
            writer.flush()
    writer.close()


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_each_iteration_is_a_row_with_its_actions_below(form: str, tmp_path: Path) -> None:
    """Times are since the epoch, durations as judged; `state` marks warm-up and dropped iterations."""
    actions = [Action("boot", 0, 1.1, 2.0), Action("wait", 1, 1.5, 2.0, failed=True)]
    samples = [
        Sample(0, 0, 1.0, 1.1, 2.5, 0.5, Failure("Boom", 'it "broke",\nbadly', "", "req-1"), actions),
        Sample(1, 0, 2.0, 2.0, 2.0, state=State.DROPPED),
        Sample(2, 0, None, 3.0, 4.0, state=State.WARM_UP),
    ]  # fmt: skip
    _write(tmp_path / "samples" / "w", samples)
    file = tmp_path / f"out.{form}"

    write, read = {"csv": (flat_rows.write_csv, pd.read_csv), "parquet": (flat_rows.write_parquet, pd.read_parquet)}[
        form
    ]
    write([_task("w")], file, samples=tmp_path / "samples")
    found = read(file)

    assert list(found.columns) == flat_rows.SCHEMA.names
    assert found["action"].fillna("").tolist() == ["", "boot", "wait", "", ""]
    assert found["state"].tolist() == ["ran", "ran", "ran", "dropped", "warm_up"]
    assert found["started"].tolist() == [1001.1, 1001.1, 1001.5, 1002.0, 1003.0]
    assert found["duration"].round(9).tolist()[:3] == [1.0, 0.9, 0.5]
    assert found["duration"].isna().tolist() == [False, False, False, True, False]
    assert found["failed"].tolist() == [True, False, True, False, False]
    assert found["failure_message"].fillna("").tolist() == ['it "broke",\nbadly', "", "", "", ""]
    assert found["depth"].tolist()[1:3] == [0, 1]


def test_no_more_than_a_part_is_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows written at a time are bounded, whatever the length of the run, and no row is lost between parts."""
    monkeypatch.setattr(flat_rows, "_ROWS", 500)
    for workload in ("a", "b"):
        _write(tmp_path / workload, [Sample(n, 0, None, n, n + 1.0) for n in range(5000)], flush_every=100)
    task = _task("a", "b")

    sizes = [table.num_rows for table in flat_rows.rows([task], tmp_path)]
    flat_rows.write_parquet([task], tmp_path / "out.parquet", samples=tmp_path)

    assert sum(sizes) == 10_000
    assert max(sizes) <= 500 + 100
    assert pq.read_table(tmp_path / "out.parquet")["iteration"].to_pylist() == [*range(5000)] * 2


def test_a_task_without_samples_gives_a_header(tmp_path: Path) -> None:
    """The export of a load that never began is a file without rows, not an error."""
    flat_rows.write_csv([_task("none")], tmp_path / "out.csv", samples=tmp_path)

    assert (tmp_path / "out.csv").read_text().splitlines() == [",".join(f'"{name}"' for name in flat_rows.SCHEMA.names)]
