"""Sample files: what a load has measured, readable up to the last whole batch whatever happens.

One file for each workload and shard: `<samples>/<workload uuid>/<shard>.arrows`, an Arrow IPC stream of zstd-compressed
record batches. A stream needs no footer, so a file whose writer was killed lacks its tail and nothing else. Each batch
has a checksum (see `sealed`), and is read alone; the file's metadata name its workload and shard. Files of older
versions have none of it, and are read as far as they go.

    iteration  int64           0-based, unique in the workload
    shard      int32
    state      int8            `load.sample.State`: ran, queued, dropped, warm-up
    due        float64?        when the pace wanted it started; null in a loop without a pace
    started    float64
    ended      float64
    idle       float64         seconds spent in deliberate pauses
    failure    struct?         kind, message, detail, request_id: all strings; null where the iteration did not fail
    actions    list<struct>    name (dictionary-encoded), depth (int16), started, ended (float64), failed (bool);
                               in order of start
    outputs    string?         JSON list of what the scenario shows, see `Iteration.add_output`; null where nothing

Times are seconds since the start of the workload's load, as in `load.sample`.
"""

import json
import os
from array import array
from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import pyarrow as pa

from rallycross.errors import RallycrossError
from rallycross.file_modes import results_file, results_folder
from rallycross.load.sample import Action, Sample
from rallycross.results.sealed import BLANK, END_OF_STREAM, KEY, Gap, Kind, is_sealed, parts, seal
from rallycross.settings import settings

FAILURE_FIELDS = ("kind", "message", "detail", "request_id")
FAILURE = pa.struct([(name, pa.string()) for name in FAILURE_FIELDS])
ACTION = pa.struct(
    [
        ("name", pa.dictionary(pa.int16(), pa.string())),
        ("depth", pa.int16()),
        ("started", pa.float64()),
        ("ended", pa.float64()),
        ("failed", pa.bool_()),
    ]
)
SCHEMA = pa.schema(
    [
        ("iteration", pa.int64()),
        ("shard", pa.int32()),
        ("state", pa.int8()),
        ("due", pa.float64()),
        ("started", pa.float64()),
        ("ended", pa.float64()),
        ("idle", pa.float64()),
        ("failure", FAILURE),
        ("actions", pa.list_(ACTION)),
        ("outputs", pa.string()),
    ]
)
SUFFIX = ".arrows"
_HEAD = SCHEMA.serialize().to_pybytes()
MOST_ROWS = 8192  # of a batch: what is held in memory, by the writer and by each reader, does not grow with the rate
_OTHER = "(more actions than are told apart: RALLYCROSS_ACTION_NAMES)"
_NEVER = float("nan")  # stands for a `due` of None in a column of floats


_OPTIONS = pa.ipc.IpcWriteOptions(compression="zstd")
_ONE_THREAD = pa.ipc.IpcReadOptions(use_threads=False)  # a batch is mostly too little for threads to gain their cost


class SampleWriter:
    """Writes the samples of one workload's shard. May be added to by one thread and flushed by another."""

    def __init__(self, path: Path, *, names: int | None = None) -> None:
        """Begin the file; one that is there already is never written over (`FileExistsError`).

        `names`: how many names of actions it tells apart (default: as the settings say).
        """
        try:
            results_folder(path.parent)
            self._file = results_file(path, "xb", buffering=0)
        except FileExistsError:
            raise
        except OSError as error:
            raise _cannot_write(path, error, rows=0) from error
        self._path = path
        self._names = _Names(names or settings().action_names)
        self._lock = Lock()  # of what was added
        self._writing = Lock()  # of the file
        self._columns = _Columns()
        self._owner = owner_at(path)
        self._number, self._rows, self._end = 0, 0, 0
        self._refused = False  # since the disk did not take a batch
        head = SCHEMA.with_metadata({"owner": self._owner, KEY: BLANK}).serialize().to_pybytes()
        self._write(head, "head", 0)

    def add(self, sample: Sample) -> None:
        """Take a sample. It is on disk after the next `flush`, or when there are many."""
        with self._lock:
            self._columns.add(sample, self._names)
            full = len(self._columns.iterations) >= MOST_ROWS
        if full:
            self.flush()

    def flush(self) -> None:
        """Write what was added since the last time, as one batch.

        Raises `RallycrossError` where that cannot be: the file then ends with the batch before, and takes no more.
        """
        with self._writing:  # adding does not wait for the disk, closing does
            with self._lock:
                columns, self._columns = self._columns, _Columns()
                names = list(self._names.numbers)
            if columns.iterations and not self._refused:
                self._write(_framed(columns.batch(names)), "batch", len(columns.iterations))

    def close(self) -> None:
        """Flush, and end the file, which is on disk then whatever becomes of this machine."""
        try:
            self.flush()
            with self._writing:
                if not self._refused:
                    self._write(_framed(_Columns().batch([])), "end", 0)
                    self._file.write(END_OF_STREAM)
                    os.fsync(self._file.fileno())
        finally:
            self._file.close()

    def _write(self, data: bytes, kind: Kind, rows: int) -> None:
        data = seal(data, kind, self._owner, number=self._number, rows=rows, total=self._rows + rows)
        left = memoryview(data)
        try:
            while left:  # a disk that is nearly full takes a part of it
                left = left[self._file.write(left) or 0 :]
        except OSError as error:
            self._refused = True  # what comes later may find room, behind a gap
            os.ftruncate(self._file.fileno(), self._end)
            self._file.seek(self._end)
            raise _cannot_write(self._path, error, rows=self._rows) from error
        self._number, self._rows, self._end = self._number + 1, self._rows + rows, self._end + len(data)


def _cannot_write(path: Path, error: OSError, *, rows: int) -> RallycrossError:
    return RallycrossError(
        f"samples {path}: cannot be written: {error.strerror} - make room, or set RALLYCROSS_SAMPLES to a folder on"
        f" another disk; the {rows} iterations that were written are kept"
    )


def _framed(batch: pa.RecordBatch) -> bytes:
    """Return a batch, and the dictionary that it needs, as they stand in a stream; with room for a seal."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, SCHEMA, options=_OPTIONS) as stream:
        stream.write_batch(batch, custom_metadata={KEY: BLANK})
    return bytes(memoryview(sink.getvalue())[len(_HEAD) : -len(END_OF_STREAM)])


def warm_up() -> None:
    """Do what Arrow does at its first batch: it imports pandas, and keeps a load waiting for a tenth of a second."""
    columns, names = _Columns(), _Names(1)
    columns.add(Sample(0, 0, None, 0.0, 0.0, actions=[Action("warm-up", 0, 0.0, 0.0)]), names)
    _framed(columns.batch(list(names.numbers)))


class _Names:
    """The names of a file's actions, each with its number. One that has an id in it makes as many as iterations."""

    def __init__(self, most: int) -> None:
        self.numbers: dict[str, int] = {}
        self._most = most

    def take_up(self, name: str) -> int:
        """Return the number of a name that is not among them as it is, and take it up where there is room."""
        name = _storable(name) if len(self.numbers) < self._most else _OTHER
        return self.numbers.setdefault(name, len(self.numbers))


class _Columns:
    """Samples as flat arrays: adding is a few appends, and Arrow takes the arrays as they are."""

    def __init__(self) -> None:
        self.iterations = array("q")
        self.shards = array("i")
        self.states = array("b")
        self.times = array("d")  # due, started, ended, idle
        self.failures: dict[int, dict[str, str]] = {}  # by position; most samples have none
        self.offsets = array("i", [0])
        self.names = array("h")
        self.depths = array("h")
        self.spans = array("d")  # started, ended
        self.failed = array("b")
        self.outputs: dict[int, str] = {}  # by position; most samples have none

    def add(self, sample: Sample, names: _Names) -> None:
        # What may raise comes first: a sample is added whole, or not at all.
        failure = (
            {name: _storable(getattr(sample.failure, name)) for name in FAILURE_FIELDS} if sample.failure else None
        )
        outputs = _json(sample.outputs) if sample.outputs else ""
        due = _NEVER if sample.due is None else sample.due
        self.times.extend((due, sample.started, sample.ended, sample.idle))
        if failure is not None:
            self.failures[len(self.iterations)] = failure
        if outputs:
            self.outputs[len(self.iterations)] = outputs
        self.iterations.append(sample.iteration)
        self.shards.append(sample.shard)
        self.states.append(sample.state)
        numbers = names.numbers
        for action in sample.actions:
            number = numbers.get(action.name)
            self.names.append(names.take_up(action.name) if number is None else number)
            self.depths.append(action.depth)
            self.spans.extend((action.started, action.ended))
            self.failed.append(action.failed)
        self.offsets.append(len(self.names))

    def batch(self, names: list[str]) -> pa.RecordBatch:
        due, started, ended, idle = np.frombuffer(self.times).reshape(-1, 4).T
        action_started, action_ended = np.frombuffer(self.spans).reshape(-1, 2).T
        actions = pa.StructArray.from_arrays(
            [
                pa.DictionaryArray.from_arrays(
                    pa.array(np.frombuffer(self.names, np.int16)), pa.array(names, pa.string())
                ),
                pa.array(np.frombuffer(self.depths, np.int16)),
                pa.array(action_started),
                pa.array(action_ended),
                pa.array(np.frombuffer(self.failed, np.bool_)),
            ],
            fields=list(ACTION),
        )
        rows = range(len(self.iterations))
        failures = [self.failures.get(row) for row in rows] if self.failures else None
        outputs = [self.outputs.get(row) for row in rows] if self.outputs else None
        return pa.RecordBatch.from_arrays(
            [
                pa.array(np.frombuffer(self.iterations, np.int64)),
                pa.array(np.frombuffer(self.shards, np.int32)),
                pa.array(np.frombuffer(self.states, np.int8)),
                pa.array(due, mask=np.isnan(due)),
                pa.array(started),
                pa.array(ended),
                pa.array(idle),
                pa.array(failures, FAILURE) if failures else pa.nulls(len(rows), FAILURE),
                pa.ListArray.from_arrays(pa.array(np.frombuffer(self.offsets, np.int32)), actions),
                pa.array(outputs, pa.string()) if outputs else pa.nulls(len(rows), pa.string()),
            ],
            schema=SCHEMA,
        )


def _json(outputs: list[dict[str, Any]]) -> str:
    """Return outputs as JSON; in the place of what has no such form, a note that says so."""
    try:
        return _storable(json.dumps(outputs, default=str))
    except (TypeError, ValueError, RecursionError) as error:
        note = {"kind": "complete", "title": "An output that cannot be shown", "chart_plugin": "TextArea"}
        return json.dumps([{**note, "data": [str(error)]}])


def _storable(text: str) -> str:
    """Return the text with what UTF-8 cannot hold replaced: one bad answer must not cost the whole batch."""
    return text.encode("utf-8", "replace").decode()


def read_batches(folder: Path, shard: str = "*") -> Iterator[pa.RecordBatch]:
    """Yield a workload's samples from the files of all shards, or of one; nothing where nothing was measured.

    What is damaged is passed over, and so is what a killed writer has left of its last batch: `sample_damage` tells.
    """
    for path in sample_files(folder, shard):
        for found in read_file(path):
            if isinstance(found, pa.RecordBatch) and found.num_rows:
                yield found


def read_samples(folder: Path) -> pa.Table:
    """Return a workload's samples as one table; without rows where nothing was measured."""
    return pa.Table.from_batches(read_batches(folder), SCHEMA)


def sample_files(folder: Path, shard: str = "*") -> list[Path]:
    """Return the files of a workload's samples; a pipe would be waited for, and a folder or a broken link is none."""
    return sorted(path for path in folder.glob(f"{shard}{SUFFIX}") if path.is_file())


def read_file(path: Path) -> Iterator[pa.RecordBatch | Gap]:
    """Yield the batches of a file, and the gaps in it. Raises `RallycrossError` where the disk does not give it."""
    try:
        if is_sealed(path):
            for found in parts(path, owner_at(path)):
                if isinstance(found, Gap):
                    yield found
                elif found.kind == "batch":
                    yield pa.ipc.open_stream(_HEAD + found.data, options=_ONE_THREAD).read_next_batch()
        else:
            yield from _unsealed(path)
    except OSError as error:
        raise RallycrossError(
            f"samples {path}: cannot be read: {error.strerror or error} - check the disk, and who may read the file"
        ) from error


def owner_at(path: Path) -> bytes:
    """Return the name of the workload and shard whose file belongs there."""
    return f"{path.parent.name}/{path.stem}".encode()


def owner_of(path: Path) -> bytes:
    """Return the name of the workload and shard that a file was written for; where nobody can tell, nothing."""
    try:
        with path.open("rb") as file:
            metadata = pa.ipc.read_schema(pa.BufferReader(file.read(64 * 1024))).metadata or {}
    except (pa.ArrowException, OSError, EOFError):
        return b""
    return bytes(metadata.get(b"owner", b""))


def _unsealed(path: Path) -> Iterator[pa.RecordBatch | Gap]:
    """Read a file of an older version: what it has of whole batches, one after another."""
    size, position = path.stat().st_size, 0
    with pa.OSFile(str(path)) as file:
        try:
            for batch in pa.ipc.open_stream(file, options=_ONE_THREAD):
                batch.validate(full=True)
                yield batch
                position = file.tell()
        except (pa.ArrowException, OSError, MemoryError) as error:
            # How Arrow says that a stream stops in the middle of a message, or is none. An error of the disk has a
            # number.
            if getattr(error, "errno", None) is not None:
                raise
            yield Gap(position, size, None, "unfinished")
            return
        end = file.tell()
        file.seek(max(0, end - len(END_OF_STREAM)))
        if file.read(len(END_OF_STREAM)) != END_OF_STREAM:
            yield Gap(end, size, None, "unfinished")
        elif end < size:
            yield Gap(end, size, 0, "appended")
