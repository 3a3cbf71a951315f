"""Sample files return the added samples, in whole batches whatever happens to their writer."""

import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rallycross.load.sample import Action, Failure, Sample, State
from rallycross.results.sample_file import SCHEMA, SampleWriter, read_batches, read_samples
from rallycross.settings import NAMES

_SECONDS = st.floats(0, 1e6)
_ACTIONS = st.builds(
    Action,
    name=st.sampled_from(["nova.boot_server", "nova.delete_server", "ключ"]),
    depth=st.integers(0, 3),
    started=_SECONDS,
    ended=_SECONDS,
    failed=st.booleans(),
)
_FAILURES = st.builds(Failure, kind=st.text(), message=st.text(), detail=st.text(), request_id=st.text())
_SAMPLES = st.builds(
    Sample,
    iteration=st.integers(0, 2**40),
    shard=st.integers(0, 1000),
    due=st.none() | _SECONDS,
    started=_SECONDS,
    ended=_SECONDS,
    idle=_SECONDS,
    failure=st.none() | _FAILURES,
    actions=st.lists(_ACTIONS, max_size=4),
    state=st.sampled_from(State),
    outputs=st.lists(st.fixed_dictionaries({"kind": st.just("additive"), "title": st.text()}), max_size=2),
)


def _sample(iteration: int, name: str = "a") -> Sample:
    return Sample(iteration, 0, None, 1.0, 2.0, actions=[Action(name, 0, 1.0, 2.0)])


def _given_back(row: dict) -> Sample:
    failure, actions, outputs = row.pop("failure"), row.pop("actions"), row.pop("outputs")
    return Sample(
        **row,
        failure=Failure(**failure) if failure else None,
        actions=[Action(**action) for action in actions],
        outputs=json.loads(outputs) if outputs else [],
    )


@given(batches=st.lists(st.lists(_SAMPLES, max_size=5), max_size=4))
def test_what_is_added_is_given_back(batches: list[list[Sample]], tmp_path_factory: pytest.TempPathFactory) -> None:
    """Every field of every sample is read back, with any flushes and with names of actions that appear later."""
    folder = tmp_path_factory.mktemp("samples")
    writer = SampleWriter(folder / "0.arrows")
    for batch in batches:
        for sample in batch:
            writer.add(sample)
        writer.flush()
    writer.close()
    table = read_samples(folder)

    assert table.schema == SCHEMA
    assert [_given_back(row) for row in table.to_pylist()] == [sample for batch in batches for sample in batch]


def test_any_arrow_reader_reads_a_sample_file(tmp_path: Path) -> None:
    """A reader that ignores the seals in the metadata reads the same samples."""
    writer = SampleWriter(tmp_path / "0.arrows")
    for number in range(3):
        writer.add(_sample(number, name=f"action-{number}"))
        writer.flush()
    writer.close()

    with pa.OSFile(str(tmp_path / "0.arrows")) as file:
        table = pa.ipc.open_stream(file).read_all()
    assert table.to_pylist() == read_samples(tmp_path).to_pylist()


def test_shards_are_read_as_one(tmp_path: Path) -> None:
    """All files in a workload's folder are its samples."""
    for shard in (0, 1):
        writer = SampleWriter(tmp_path / f"{shard}.arrows")
        writer.add(_sample(shard))
        writer.close()

    assert sorted(read_samples(tmp_path).column("iteration").to_pylist()) == [0, 1]


def test_nothing_measured_is_an_empty_table(tmp_path: Path) -> None:
    """A missing folder, and a file with nothing but its head, have no samples."""
    assert read_samples(tmp_path / "none").num_rows == 0

    SampleWriter(tmp_path / "begun" / "0.arrows")

    assert read_samples(tmp_path / "begun").num_rows == 0


def test_a_file_is_never_written_over(tmp_path: Path) -> None:
    """Existing samples stay, even if the same shard is begun again."""
    SampleWriter(tmp_path / "0.arrows").close()

    with pytest.raises(FileExistsError):
        SampleWriter(tmp_path / "0.arrows")


def test_a_file_cut_anywhere_is_read_up_to_its_last_whole_batch(tmp_path: Path) -> None:
    """Wherever a file is cut, its first whole batches are read, and nothing is raised."""
    path = tmp_path / "whole" / "workload" / "0.arrows"
    writer = SampleWriter(path)
    sizes = []
    for number in range(3):
        writer.add(_sample(number, name=f"action-{number}"))
        writer.flush()
        sizes.append(path.stat().st_size)
    writer.close()
    content = path.read_bytes()
    cut = tmp_path / "cut" / "workload" / "0.arrows"
    cut.parent.mkdir(parents=True)
    for length in range(len(content) + 1):
        cut.write_bytes(content[:length])
        expected = [number for number, size in enumerate(sizes) if size <= length]

        assert read_samples(cut.parent).column("iteration").to_pylist() == expected


def test_a_killed_writer_leaves_what_it_had_flushed(tmp_path: Path) -> None:
    """A kill -9 during `add` only loses the samples since the last flush."""
    code = """
import sys
from pathlib import Path
from rallycross.load.sample import Action, Failure, Sample, State
from rallycross.results.sample_file import SampleWriter
writer = SampleWriter(Path(sys.argv[1]) / "0.arrows")
for number in range(10**9):
    failure = Failure("Oops", "no") if number % 10 == 0 else None
    writer.add(Sample(number, 0, None, 1.0, 2.0, failure=failure, actions=[Action(f"a{number % 7}", 0, 1.0, 2.0)]))
    if number % 1000 == 999:
        writer.flush()
        print(number + 1, flush=True)
"""
    with subprocess.Popen([sys.executable, "-c", code, tmp_path], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        flushed = [int(process.stdout.readline()) for _ in range(20)][-1]
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    read = read_samples(tmp_path).column("iteration").to_pylist()

    assert len(read) >= flushed
    assert read == list(range(len(read)))


def test_text_that_utf_8_cannot_hold_does_not_cost_the_batch(tmp_path: Path) -> None:
    """A lone surrogate, which a server's JSON can contain, is replaced, and the sample is kept."""
    writer = SampleWriter(tmp_path / "0.arrows")
    writer.add(Sample(0, 0, None, 1.0, 2.0, failure=Failure("Oops", "bad \ud800 text")))
    writer.add(_sample(1, name="to \ud800"))
    writer.close()

    assert read_samples(tmp_path).column("actions").to_pylist()[1][0]["name"] == "to ?"
    assert read_samples(tmp_path).column("failure").to_pylist()[0]["message"] == "bad ? text"


def test_batches_come_one_by_one(tmp_path: Path) -> None:
    """Each flush with samples is a batch, so that a long load can be read in little memory."""
    writer = SampleWriter(tmp_path / "0.arrows")
    for count in (2, 0, 1):
        for number in range(count):
            writer.add(_sample(number))
        writer.flush()
    writer.close()

    assert [batch.num_rows for batch in read_batches(tmp_path)] == [2, 1]


def test_a_million_iterations_fit(tmp_path: Path) -> None:
    """An iteration with two actions takes at most 60 bytes, even with incompressible times."""
    writer = SampleWriter(tmp_path / "0.arrows")
    step = 2**0.5 / 1000
    for number in range(20_000):
        at = number * step
        actions = [Action("boot", 0, at * 1.0001, at * 1.1), Action("delete", 0, at * 1.1001, at * 1.2001)]
        writer.add(Sample(number, 0, at * 0.9999, at, at * 1.2002, actions=actions))
    writer.close()

    assert (tmp_path / "0.arrows").stat().st_size / 20_000 <= 60


def test_closing_waits_for_a_flush_on_another_thread(tmp_path: Path) -> None:
    """A flush that another thread has begun is on disk when the file is closed."""
    writer = SampleWriter(tmp_path / "0.arrows")
    file, writing = writer._file, threading.Event()

    class Slow:
        """A file on a slow disk."""

        def write(self, data: bytes) -> int:
            writing.set()
            time.sleep(0.3)
            return file.write(data)

        def __getattr__(self, name: str) -> object:
            return getattr(file, name)

    writer._file = Slow()
    writer.add(_sample(0))
    flushing = threading.Thread(target=writer.flush)
    flushing.start()
    writing.wait()
    writer.add(_sample(1))
    writer.close()
    flushing.join()

    assert read_samples(tmp_path).column("iteration").to_pylist() == [0, 1]


def test_an_output_that_is_no_json_costs_no_sample(tmp_path: Path) -> None:
    """A note replaces an output that is not JSON; all samples are kept."""
    writer = SampleWriter(tmp_path / "0.arrows")
    writer.add(_sample(0))
    bad = _sample(1)
    bad.outputs = [{"kind": "additive", "data": {(1, 2): 3}}]
    writer.add(bad)
    writer.close()

    rows = read_samples(tmp_path).to_pylist()
    assert [row["iteration"] for row in rows] == [0, 1]
    assert "cannot be shown" in rows[1]["outputs"]


@pytest.mark.parametrize(("names", "most"), [(None, 1000), (NAMES, NAMES)])
def test_more_action_names_than_can_be_told_apart_are_one(tmp_path: Path, names: int | None, most: int) -> None:
    """Beyond a limit all further action names are counted as one."""
    writer = SampleWriter(tmp_path / "0.arrows", names=names)
    for number in range(40_000):
        writer.add(_sample(number, f"action {number}"))
    writer.close()

    found = [row[0]["name"] for row in read_samples(tmp_path).column("actions").to_pylist()]
    assert len(found) == 40_000
    assert found[:most] == [f"action {number}" for number in range(most)]
    assert set(found[most:]) == {"(more actions than are told apart: RALLYCROSS_ACTION_NAMES)"}
