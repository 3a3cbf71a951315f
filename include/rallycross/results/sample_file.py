"""Sample files: the measurements of a load, readable up to the last whole batch whatever happens.

There is one file for each workload and shard: `<samples>/<workload uuid>/<shard>.arrows`, an Arrow IPC stream of
zstd-compressed record batches. A stream needs no footer, so a file whose writer was killed only lacks its tail. Each
batch has a checksum (see `seals`) and can be read alone; the file's metadata name its workload and shard. Files of
older versions have neither, and are read up to the first error.

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
from rallycross.results.seals import BLANK, END_OF_STREAM, KEY, Gap, Kind, is_sealed, parts, seal
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
MOST_ROWS = 8192  # in a batch, so that the memory of writer and readers does not grow with the rate of the load
_OTHER = "(more actions than are told apart: RALLYCROSS_ACTION_NAMES)"
_NEVER = float("nan")  # a `due` of None in a column of floats


_OPTIONS = pa.ipc.IpcWriteOptions(compression="zstd")
_ONE_THREAD = pa.ipc.IpcReadOptions(use_threads=False)  # most batches are too small for threads to pay off


class SampleWriter:
    """Writes the samples of one shard of a workload. One thread may add while another flushes."""

    def __init__(self, path: Path, *, names: int | None = None) -> None:
        """Create the file. An existing file is never overwritten (`FileExistsError`).

        `names`: how many names of actions the file tells apart (default: the setting).
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
        self._lock = Lock()  # of the added samples
        self._writing = Lock()  # of the file
        self._columns = _Columns()
        self._owner = owner_at(path)
        self._number, self._rows, self._end = 0, 0, 0
        self._refused = False  # once the disk did not take a batch
        head = SCHEMA.with_metadata({"owner": self._owner, KEY: BLANK}).serialize().to_pybytes()
        self._write(head, "head", 0)

    def add(self, sample: Sample) -> None:
        """Add a sample. It is written with the next `flush`, or when a batch is full."""
        with self._lock:
            self._columns.add(sample, self._names)
            full = len(self._columns.iterations) >= MOST_ROWS
        if full:
            self.flush()

    def flush(self) -> None:
        """Write the samples added since the last flush, as one batch.

        Raises `RallycrossError` if the disk refuses: the file then ends with the batch before, and accepts no more.
        """
        with self._writing:  # `add` does not wait for the disk, `close` does
            with self._lock:
                columns, self._columns = self._columns, _Columns()
                names = list(self._names.numbers)
            if columns.iterations and not self._refused:
                self._write(_framed(columns.batch(names)), "batch", len(columns.iterations))

    def close(self) -> None:
        """Flush, end the file, and sync it to disk."""
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
            while left:  # a nearly full disk writes only a part
                left = left[self._file.write(left) or 0 :]
        except OSError as error:
            self._refused = True  # later batches could find room again, and leave a gap
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
    """Return a batch and its dictionary as bytes of a stream, with room for a seal."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, SCHEMA, options=_OPTIONS) as stream:
        stream.write_batch(batch, custom_metadata={KEY: BLANK})
    return bytes(memoryview(sink.getvalue())[len(_HEAD) : -len(END_OF_STREAM)])


def warm_up() -> None:
    """Build a batch before the load: Arrow's first batch imports pandas, which takes a tenth of a second."""
    columns, names = _Columns(), _Names(1)
    columns.add(Sample(0, 0, None, 0.0, 0.0, actions=[Action("warm-up", 0, 0.0, 0.0)]), names)
    _framed(columns.batch(list(names.numbers)))


class _Names:
    """The names of a file's actions, each with its number. Their number is limited: a name may contain an id."""

    def __init__(self, most: int) -> None:
        self.numbers: dict[str, int] = {}
        self._most = most

    def take_up(self, name: str) -> int:
        """Return the number of a new name: its own while there is room, else that of all other names."""
        name = _storable(name) if len(self.numbers) < self._most else _OTHER
        return self.numbers.setdefault(name, len(self.numbers))


class _Columns:
    """Samples as flat arrays: adding one is a few appends, and Arrow uses the arrays without a copy."""

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
        # First everything that may raise, so that a sample is added whole or not at all.
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
    """Return outputs as JSON, or a note instead of outputs that JSON cannot express."""
    try:
        return _storable(json.dumps(outputs, default=str))
    except (TypeError, ValueError, RecursionError) as error:
        note = {"kind": "complete", "title": "An output that cannot be shown", "chart_plugin": "TextArea"}
        return json.dumps([{**note, "data": [str(error)]}])


def _storable(text: str) -> str:
    """Replace what UTF-8 cannot encode: one bad answer must not cost the whole batch."""
    return text.encode("utf-8", "replace").decode()


def read_batches(folder: Path, shard: str = "*") -> Iterator[pa.RecordBatch]:
    """Yield the batches of a workload's samples, of all shards or of one.

    Damaged batches, and the unfinished last batch of a killed writer, are skipped: `sample_damage` reports them.
    """
    for path in sample_files(folder, shard):
        for found in read_file(path):
            if isinstance(found, pa.RecordBatch) and found.num_rows:
                yield found


def read_samples(folder: Path) -> pa.Table:
    """Return a workload's samples as one table, which is empty if nothing was measured."""
    return pa.Table.from_batches(read_batches(folder), SCHEMA)


def sample_files(folder: Path, shard: str = "*") -> list[Path]:
    """Return the sample files of a workload: regular files only, since a pipe would block and a folder has none."""
    return sorted(path for path in folder.glob(f"{shard}{SUFFIX}") if path.is_file())


def read_file(path: Path) -> Iterator[pa.RecordBatch | Gap]:
    """Yield the batches of a file and the gaps in it. Raises `RallycrossError` if the file cannot be read."""
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
            f"samples {path}: cannot be read: {error.strerror or error} - check the disk and the file's permissions"
        ) from error


def owner_at(path: Path) -> bytes:
    """Return the owner (workload and shard) of the file that belongs at a path."""
    return f"{path.parent.name}/{path.stem}".encode()


def owner_of(path: Path) -> bytes:
    """Return the owner (workload and shard) that a file was written for, or b"" if it has none."""
    try:
        with path.open("rb") as file:
            metadata = pa.ipc.read_schema(pa.BufferReader(file.read(64 * 1024))).metadata or {}
    except (pa.ArrowException, OSError, EOFError):
        return b""
    return bytes(metadata.get(b"owner", b""))


def _unsealed(path: Path) -> Iterator[pa.RecordBatch | Gap]:
    """Yield the whole batches of a file of an older version."""
    size, position = path.stat().st_size, 0
    with pa.OSFile(str(path)) as file:
        try:
            for batch in pa.ipc.open_stream(file, options=_ONE_THREAD):
                batch.validate(full=True)
                yield batch
                position = file.tell()
        except (pa.ArrowException, OSError, MemoryError) as error:
            # Arrow raises these for a truncated or invalid stream. Only an error of the disk has an errno.
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
