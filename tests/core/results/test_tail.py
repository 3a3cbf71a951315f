"""Following a sample file that is being written."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from rallycross.load.sample import Action, Sample
from rallycross.results.sample_file import SampleWriter, read_samples
from rallycross.results.tail import Tail


def written(path: Path, flushes: list[int]) -> list[int]:
    """Write a file with this many samples per flush and ever new actions; return where each flush ended."""
    ends, number = [], 0
    writer = SampleWriter(path)
    for count in flushes:
        for _ in range(count):
            writer.add(Sample(number, 0, None, 1.0, 2.0, actions=[Action(f"action {number % 7}", 0, 1.0, 2.0)]))
            number += 1
        writer.flush()
        ends.append(path.stat().st_size)
    writer.close()
    return ends


def test_a_file_that_is_not_there_yet_has_nothing_new(tmp_path: Path) -> None:
    """A missing file has no new batches: a reader may start before the writer."""
    assert Tail(tmp_path / "0.arrows").read() == []


@given(flushes=st.lists(st.integers(1, 5), min_size=1, max_size=5), data=st.data())
def test_each_batch_is_read_once_and_whole(flushes: list[int], data: st.DataObject) -> None:
    """However the file grows, byte by byte, every batch is read whole and once."""
    import tempfile  # noqa: PLC0415 - one folder an example

    with tempfile.TemporaryDirectory() as folder:
        source, growing = Path(folder) / "0.arrows", Path(folder) / "growing"
        written(source, flushes)
        content = source.read_bytes()
        tail = Tail(growing)
        found = []
        cuts = sorted(data.draw(st.lists(st.integers(0, len(content)), max_size=6)))
        for cut in [*cuts, len(content)]:
            growing.write_bytes(content[:cut])
            found += [row for batch in tail.read() for row in batch.to_pylist()]
        assert found == read_samples(Path(folder)).to_pylist()
        assert tail.read() == []


def test_a_flush_can_be_read_at_once(tmp_path: Path) -> None:
    """All samples of a flush can be read right after it."""
    writer, tail = SampleWriter(tmp_path / "0.arrows"), Tail(tmp_path / "0.arrows")
    for number in range(3):
        writer.add(Sample(number, 0, None, 1.0, 2.0))
        writer.flush()
        assert [batch.column("iteration").to_pylist() for batch in tail.read()] == [[number]]
    writer.close()
