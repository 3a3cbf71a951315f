"""Damage to sample files is reported, and undamaged batches are used."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rallycross.load.sample import Action, Sample
from rallycross.results.models import WorkloadRow
from rallycross.results.sample_damage import sample_damage
from rallycross.results.sample_file import SCHEMA, SampleWriter, read_batches, read_samples

_BATCHES, _ROWS = 6, 20


def _workload(uuid: str = "one", *, status: str = "finished", processes: int = 1, measured: int = 0) -> WorkloadRow:
    generator = {"processes": processes, "shards": []} if processes else {}
    return WorkloadRow(
        uuid=uuid, status=status, generator=generator, statistics={"count": measured} if measured else None
    )


def _sample(number: int, shard: int = 0) -> Sample:
    actions = [Action(f"boot {number // _ROWS}", 0, number, number + 0.5)]
    return Sample(number, shard, None, number * 2**0.5, number * 3**0.5, actions=actions)


def _write(samples: Path, uuid: str = "one", shard: int = 0, *, close: bool = True) -> Path:
    path = samples / uuid / f"{shard}.arrows"
    writer = SampleWriter(path)
    for number in range(_BATCHES * _ROWS):
        writer.add(_sample(number, shard))
        if number % _ROWS == _ROWS - 1:
            writer.flush()
    if close:
        writer.close()
    return path


def _rows(folder: Path) -> list[int]:
    rows = read_samples(folder).to_pylist()
    for row in rows:  # what is given back is what was measured
        assert row["ended"] == row["iteration"] * 3**0.5
        assert row["actions"][0]["name"] == f"boot {row['iteration'] // _ROWS}"
    return [row["iteration"] for row in rows]


@pytest.fixture(name="whole", scope="module")
def _whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return _write(tmp_path_factory.mktemp("whole")).read_bytes()


@st.composite
def _harm(draw: st.DrawFn) -> tuple[str, float, float, bytes]:
    return (
        draw(st.sampled_from(["noise", "cut out", "put in", "cut off", "appended", "repeated"])),
        draw(st.floats(0, 1)),
        draw(st.floats(0, 0.4)),
        draw(st.binary(min_size=1, max_size=300)),
    )


def _harmed(data: bytes, kind: str, place: float, share: float, noise: bytes) -> bytes:
    at, length = int(place * (len(data) - 1)), max(1, int(share * len(data)))
    match kind:
        case "noise":
            return data[:at] + noise + data[at + len(noise) :]
        case "cut out":
            return data[:at] + data[at + length :]
        case "put in":
            return data[:at] + noise + data[at:]
        case "cut off":
            return data[:at]
        case "appended":
            return data + noise
        case _:
            return data[: at + length] + data[at:]


@given(harm=_harm())
def test_harm_anywhere_is_told_and_costs_what_it_hits(
    harm: tuple[str, float, float, bytes], whole: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Any change of a file is reported, and the samples that are read were measured, in order, and are read once."""
    samples = tmp_path_factory.mktemp("harmed")
    path = samples / "one" / "0.arrows"
    path.parent.mkdir()
    path.write_bytes(_harmed(whole, *harm))
    rows = _rows(path.parent)
    told = sample_damage(_workload(), samples)
    changed = path.read_bytes() != whole
    shutil.rmtree(samples)

    assert rows == sorted(set(rows))
    assert bool(told) == changed
    assert all(str(path) in one for one in told)
    if harm[0] in {"put in", "appended"}:
        assert len(rows) >= (_BATCHES - 1) * _ROWS


def test_noise_in_the_middle_costs_a_batch_and_says_how_many_iterations(tmp_path: Path) -> None:
    """The batches before and after are used, and the place and the loss are reported."""
    path = _write(tmp_path)
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 20] = b"\xff" * 20
    path.write_bytes(data)

    assert len(_rows(path.parent)) == (_BATCHES - 1) * _ROWS
    [told] = sample_damage(_workload(), tmp_path)
    assert told.startswith(f"{path}: bytes ")
    assert f"are damaged: {_ROWS} iterations are lost" in told


def test_a_file_of_another_workload_or_shard_is_left_out(tmp_path: Path) -> None:
    """The samples of one load are never used for the figures of another."""
    one, two = _write(tmp_path, "one"), _write(tmp_path, "two")
    shutil.copy(two, one)

    assert _rows(one.parent) == []
    [told] = sample_damage(_workload(), tmp_path)
    assert "but shard 0 of workload two" in told

    _write(tmp_path, "three")
    shutil.copy(tmp_path / "three" / "0.arrows", tmp_path / "three" / "1.arrows")
    assert len(_rows(tmp_path / "three")) == _BATCHES * _ROWS
    [told] = sample_damage(_workload("three", processes=2), tmp_path)
    assert "1.arrows: not a file of this workload, but shard 0" in told


@pytest.mark.parametrize("share", [0, 1])
def test_a_missing_share_of_several_is_named(share: int, tmp_path: Path) -> None:
    """If several processes made a load, the missing file of one is named."""
    for shard in (0, 1):
        _write(tmp_path, shard=shard)
    (tmp_path / "one" / f"{share}.arrows").unlink()

    assert sample_damage(_workload(processes=2), tmp_path) == [
        f"{tmp_path / 'one' / str(share)}.arrows: the file is missing"
    ]


def test_an_empty_file_and_a_missing_folder_are_told(tmp_path: Path) -> None:
    """An empty file and a missing folder are not taken for a load without iterations."""
    _write(tmp_path).write_bytes(b"")
    assert sample_damage(_workload(), tmp_path) == [f"{tmp_path}/one/0.arrows: the file is empty"]

    shutil.rmtree(tmp_path / "one")
    [missing, judged] = sample_damage(_workload(measured=120), tmp_path)
    assert missing.endswith("0.arrows: the file is missing")
    assert "120 of the 120 iterations that were judged are missing" in judged


@pytest.mark.parametrize("kind", ["pipe", "folder", "circle", "nowhere"])
def test_what_stands_in_the_place_of_a_file_is_told(kind: str, tmp_path: Path) -> None:
    """A pipe, a folder or a broken link in the place of a file is reported, not read, and does not block."""
    file = _write(tmp_path)
    file.unlink()
    makes: dict[str, Callable[[], object]] = {
        "pipe": lambda: os.mkfifo(file),
        "folder": file.mkdir,
        "circle": lambda: file.symlink_to(file),
        "nowhere": lambda: file.symlink_to("nothing"),
    }
    makes[kind]()

    assert sample_damage(_workload(), tmp_path) == [f"{file}: not a file"]
    assert not list(read_batches(tmp_path / "one"))


def test_a_killed_writer_is_no_damage(tmp_path: Path) -> None:
    """A missing end is no damage if the load broke off, and damage if it finished."""
    path = _write(tmp_path, close=False)
    path.write_bytes(path.read_bytes()[:-7])

    assert sample_damage(_workload(status="crashed"), tmp_path) == []
    [told] = sample_damage(_workload(status="finished"), tmp_path)
    assert "before its last batch" in told


def _old_file(path: Path, source: Path) -> None:
    """Write a file as versions without seals did."""
    path.parent.mkdir(parents=True)
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with path.open("wb", buffering=0) as file, pa.ipc.new_stream(file, SCHEMA, options=options) as stream:
        for batch in read_batches(source):
            stream.write_batch(batch)


@pytest.fixture(name="old")
def _old(tmp_path: Path) -> Iterator[Path]:
    _old_file(tmp_path / "old" / "0.arrows", _write(tmp_path).parent)
    return tmp_path / "old" / "0.arrows"


def test_files_of_older_versions_are_read(old: Path, tmp_path: Path) -> None:
    """Files without seals are read, and no damage is reported."""
    assert len(_rows(old.parent)) == _BATCHES * _ROWS
    assert sample_damage(_workload("old"), tmp_path) == []
    assert sample_damage(_workload("old", processes=0, measured=_BATCHES * _ROWS), tmp_path) == []


@pytest.mark.parametrize("cut", [0.0, 0.3, 0.9])
def test_a_cut_is_told_of_files_of_older_versions(cut: float, old: Path, tmp_path: Path) -> None:
    """In files without seals a missing end and extra bytes after it are reported too."""
    data = old.read_bytes()
    old.write_bytes(data[: int(cut * len(data))])
    assert len(sample_damage(_workload("old"), tmp_path)) == 1

    old.write_bytes(data + b"more")
    assert "4 extra bytes follow its end" in sample_damage(_workload("old"), tmp_path)[0]
    assert len(_rows(old.parent)) == _BATCHES * _ROWS


def test_a_full_disk_is_said_and_keeps_what_was_written(tmp_path: Path) -> None:
    """The file ends with its last whole batch, and the message has the path and a remedy."""
    code = """
import resource, sys
from pathlib import Path
from rallycross.errors import RallycrossError
from rallycross.load.sample import Sample
from rallycross.results.sample_file import SampleWriter
path = Path(sys.argv[1])
writer = SampleWriter(path)
def write(first):
    for number in range(first, first + 50):
        writer.add(Sample(number, 0, None, number * 2**0.5, number * 3**0.5))
    writer.flush()
write(0)
size = path.stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, resource.RLIM_INFINITY))
try:
    write(50)
except RallycrossError as error:
    print(error)
assert path.stat().st_size == size
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
write(100)
writer.close()
"""
    path = tmp_path / "one" / "0.arrows"
    said = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True).stdout

    assert said.startswith(f"samples {path}: cannot be written: File too large - make room, or set RALLYCROSS_SAMPLES")
    assert "the 50 iterations that were written are kept" in said
    rows = read_samples(path.parent).column("iteration").to_pylist()
    assert rows == [*range(50)]
