"""Samples as flat rows for CSV and Parquet: a row for each iteration, followed by a row for each of its actions.

task, workload   uuids
scenario
position         of the workload in its task, 0-based
iteration        0-based
shard
state            ran, queued, dropped, warm_up: see `load.sample`
action           name; empty in the iteration's own row
depth            of the action: 0 directly in the iteration; null in the iteration's own row
due, started, ended
                 seconds since the epoch; due is null in a loop without a pace, and for actions
idle             seconds of deliberate pauses; null for actions
duration         seconds: of an iteration as it is judged (from its due time, without pauses), or null if it was
                 dropped; of an action from its start to its end
failed
failure_kind, failure_message, request_id
                 null for actions and for iterations that did not fail
"""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from rallycross.exchange.sample_columns import Columns
from rallycross.load.sample import State
from rallycross.results.models import TaskRow, WorkloadRow
from rallycross.results.sample_file import read_batches
from rallycross.secret import shown_text

_NAMED = pa.dictionary(pa.int32(), pa.string())
SCHEMA = pa.schema(
    [
        ("task", _NAMED),
        ("workload", _NAMED),
        ("scenario", _NAMED),
        ("position", pa.int32()),
        ("iteration", pa.int64()),
        ("shard", pa.int32()),
        ("state", _NAMED),
        ("action", pa.string()),
        ("depth", pa.int16()),
        ("due", pa.float64()),
        ("started", pa.float64()),
        ("ended", pa.float64()),
        ("idle", pa.float64()),
        ("duration", pa.float64()),
        ("failed", pa.bool_()),
        ("failure_kind", pa.string()),
        ("failure_message", pa.string()),
        ("request_id", pa.string()),
    ]
)
_FAILURE = ("kind", "message", "request_id")
# The start of a formula, also after spaces or quotation marks; the \uff.. are full-width forms.
_FORMULA = re.compile("(^|[;\\t])([\\s\"'\ufeff\\0-\x1f]*[=+@\\-\uff1d\uff0b\uff0d\uff20\\t\\r])")
_FIGURE = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_ROWS = 100_000  # rows held in memory before they are written as one group


def flat(record: pa.RecordBatch, task: TaskRow, workload: WorkloadRow) -> pa.RecordBatch:
    """Return a record batch of samples as flat rows (`SCHEMA`)."""
    columns = Columns(record, timing=task.timing)  # type: ignore[arg-type]
    actions = columns.actions
    size, more = len(columns), len(actions.code)
    origin = workload.load_began_at or 0.0
    # Iterations first, then actions: a stable sort by iteration puts each action below its iteration.
    sample = np.concatenate([np.arange(size), actions.sample])
    order = np.argsort(sample, kind="stable")
    state = np.asarray(record.column("state"))[sample]
    failure = {name: _shown(pa.compute.struct_field(record.column("failure"), name)) for name in _FAILURE}
    names = pa.DictionaryArray.from_arrays(pa.array(actions.code), pa.array(actions.names, pa.string()))
    dropped = np.asarray(record.column("state")) == State.DROPPED
    nothing = pa.nulls(more, pa.float64())

    def both(iterations: pa.Array, of_actions: pa.Array) -> pa.Array:
        return pa.concat_arrays([iterations, of_actions]).take(pa.array(order))

    def again(name: str) -> pa.Array:
        return record.column(name).take(pa.array(sample[order]))

    def always(value: str) -> pa.Array:
        return pa.DictionaryArray.from_arrays(pa.array(np.zeros(size + more, np.int32)), pa.array([value]))

    def seconds(values: pa.Array) -> pa.Array:
        return pa.compute.add(values, origin)

    text = pa.nulls(more, pa.string())
    states = pa.array([one.name.lower() for one in State])
    return pa.RecordBatch.from_arrays(
        [
            always(task.uuid),
            always(workload.uuid),
            always(workload.scenario),
            pa.array(np.full(size + more, workload.position, np.int32)),
            again("iteration"),
            again("shard"),
            pa.DictionaryArray.from_arrays(pa.array(state[order].astype(np.int32)), states),
            both(pa.array([""] * size, pa.string()), names.cast(pa.string())),
            both(pa.nulls(size, pa.int16()), pa.array(actions.depth.astype(np.int16))),
            both(seconds(record.column("due")), nothing),
            both(seconds(record.column("started")), seconds(pa.array(actions.started))),
            both(seconds(record.column("ended")), seconds(pa.array(actions.ended))),
            both(record.column("idle"), nothing),
            both(pa.array(columns.duration, mask=dropped), pa.array(actions.ended - actions.started)),
            both(pa.array(columns.failed), pa.array(actions.failed)),
            *(both(failure[name], text) for name in _FAILURE),
        ],
        schema=SCHEMA,
    )


def _shown(texts: pa.Array) -> pa.Array:
    """Return texts without secrets. Each distinct text is only processed once."""
    encoded = texts.dictionary_encode()
    told = [shown_text(text) for text in encoded.dictionary.to_pylist()]
    return pa.DictionaryArray.from_arrays(encoded.indices, pa.array(told, pa.string())).cast(pa.string())


def harmless(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula; numbers are not changed.

    A semicolon separates cells in locales with a decimal comma, and a tab does in pasted text.
    """
    return text if _FIGURE.fullmatch(text) else _FORMULA.sub(r"\1'\2", text)


def _harmless(column: pa.ChunkedArray) -> pa.Array:
    encoded = column.combine_chunks().dictionary_encode()
    texts = [harmless(text) for text in encoded.dictionary.to_pylist()]
    return pa.DictionaryArray.from_arrays(encoded.indices, pa.array(texts, pa.string())).cast(pa.string())


def rows(tasks: list[TaskRow], samples: Path) -> Iterator[pa.Table]:
    """Yield all rows of tasks in order, as tables of about `_ROWS` rows."""
    gathered: list[pa.RecordBatch] = []
    count = 0
    for task in tasks:
        for workload in task.workloads:
            for record in read_batches(samples / workload.uuid):
                gathered.append(flat(record, task, workload))
                count += gathered[-1].num_rows
                if count >= _ROWS:
                    yield pa.Table.from_batches(gathered, SCHEMA)
                    gathered, count = [], 0
    yield pa.Table.from_batches(gathered, SCHEMA)


def write_csv(tasks: list[TaskRow], path: Path, *, samples: Path) -> None:
    """Write all rows as CSV with a header, in UTF-8; formulas are made text by a leading '."""
    plain = pa.schema([(one.name, pa.string() if one.type == _NAMED else one.type) for one in SCHEMA])
    with pa.csv.CSVWriter(str(path), plain) as writer:
        for table in rows(tasks, samples):
            columns = [
                _harmless(column) if one.type == pa.string() else column
                for one, column in zip(plain, table.cast(plain).columns, strict=True)
            ]
            writer.write_table(pa.Table.from_arrays(columns, schema=plain))


def write_parquet(tasks: list[TaskRow], path: Path, *, samples: Path) -> None:
    """Write all rows as Parquet, compressed with zstd."""
    with pa.parquet.ParquetWriter(str(path), SCHEMA, compression="zstd") as writer:
        for table in rows(tasks, samples):
            writer.write_table(table)
