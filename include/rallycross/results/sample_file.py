"""Sample files: what a load has measured, readable up to the last whole batch whatever happens.

One file for each workload and shard: `<samples>/<workload uuid>/<shard>.arrows`, an Arrow IPC stream of zstd-compressed
record batches. A stream needs no footer, so a file whose writer was killed lacks its tail and nothing else.

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
from array import array
from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import pyarrow as pa

from rallycross.load.sample import Action, Sample

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
MOST_ROWS = 8192  # of a batch: what is held in memory, by the writer and by each reader, does not grow with the rate
_MOST_NAMES = 2**15 - 2  # of actions in one file; a name that has an id in it makes as many as there are iterations
_OTHER = "(more actions than can be told apart)"
_NEVER = float("nan")  # stands for a `due` of None in a column of floats


class SampleWriter:
    """Writes the samples of one workload's shard. May be added to by one thread and flushed by another."""

    def __init__(self, path: Path) -> None:
        """Begin the file; one that is there already is never written over (`FileExistsError`)."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("xb", buffering=0)
        options = pa.ipc.IpcWriteOptions(compression="zstd")
        self._stream = pa.ipc.new_stream(self._file, SCHEMA, options=options)
        self._names: dict[str, int] = {}
        self._lock = Lock()  # of what was added
        self._writing = Lock()  # of the stream
        self._columns = _Columns()

    def add(self, sample: Sample) -> None:
        """Take a sample. It is on disk after the next `flush`, or when there are many."""
        with self._lock:
            self._columns.add(sample, self._names)
            full = len(self._columns.iterations) >= MOST_ROWS
        if full:
            self.flush()

    def flush(self) -> None:
        """Write what was added since the last time, as one batch."""
        with self._writing:  # adding does not wait for the disk, closing does
            with self._lock:
                columns, self._columns = self._columns, _Columns()
                names = list(self._names)
            if columns.iterations:
                self._stream.write_batch(columns.batch(names))

    def close(self) -> None:
        """Flush, and end the stream."""
        self.flush()
        self._stream.close()
        self._file.close()


def warm_up() -> None:
    """Do what Arrow does at its first batch: it imports pandas, and keeps a load waiting for a tenth of a second."""
    columns, names = _Columns(), dict[str, int]()
    columns.add(Sample(0, 0, None, 0.0, 0.0, actions=[Action("warm-up", 0, 0.0, 0.0)]), names)
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_stream(pa.BufferOutputStream(), SCHEMA, options=options) as stream:
        stream.write_batch(columns.batch(list(names)))


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

    def add(self, sample: Sample, names: dict[str, int]) -> None:
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
        for action in sample.actions:
            number = names.get(action.name)
            self.names.append(_number(action.name, names) if number is None else number)
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


def _number(name: str, names: dict[str, int]) -> int:
    """Return the number of a name that is not among the names as it is, and take it up where there is room."""
    name = _storable(name) if len(names) < _MOST_NAMES else _OTHER
    return names.setdefault(name, len(names))


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

    A file ends at its last whole batch: what a killed writer has left of the next one is passed over.
    """
    for path in sorted(folder.glob(f"{shard}{SUFFIX}")):
        with pa.OSFile(str(path)) as file:
            yield from _whole_batches(file)


def read_samples(folder: Path) -> pa.Table:
    """Return a workload's samples as one table; without rows where nothing was measured."""
    return pa.Table.from_batches(read_batches(folder), SCHEMA)


def _whole_batches(file: pa.NativeFile) -> Iterator[pa.RecordBatch]:
    try:
        # A batch holds a second: mostly too little for threads to gain what they cost.
        yield from pa.ipc.open_stream(file, options=pa.ipc.IpcReadOptions(use_threads=False))
    except (pa.ArrowInvalid, OSError) as error:
        # How Arrow says that a stream stops in the middle of a message. An error of the disk has a number.
        if getattr(error, "errno", None) is not None:
            raise
