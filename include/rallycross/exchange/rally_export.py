"""Tasks as Rally's JSON results, format 1.2: what `rally task import`, `report`, `trends` and `sla-check` read.

    {"info": {"rally_version", "generated_at", "format_version"},
     "tasks": [{"uuid", "title", ..., "subtasks": [{"title", ..., "workloads": [{..., "data": [iteration, ...]}]}]}]}

It does not contain warm-up and dropped iterations.
"""

import heapq
import json
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from uuid import uuid5

import numpy as np

from rallycross.exchange.iterations import Json, iteration_of, sample_from_row
from rallycross.exchange.rally_table import RallyTable
from rallycross.exchange.sample_columns import Columns
from rallycross.results.models import SubtaskRow, TaskRow, WorkloadRow
from rallycross.results.reference import NAMESPACE
from rallycross.results.sample_file import SUFFIX, read_batches
from rallycross.secret import shown, shown_text
from rallycross.task.plan import Timing

FORMAT = "1.2"
_CLOCKS_DIFFER = 0.001  # seconds
ISO = "%Y-%m-%dT%H:%M:%S"

Data = Callable[[Iterator[str]], list[str]]  # takes the iterations of a workload, and returns the marker of their place


def rally_json(tasks: Iterable[TaskRow], samples: Path, *, version: str, now: float) -> Iterator[str]:
    """Yield the document as pieces of text, with at most a batch of a workload's iterations in memory.

    `samples` is the folder of the sample files, `version` the program's, `now` seconds since the epoch.
    """
    streams: list[Iterator[str]] = []
    marker = "\0iterations\0"  # unique: stored texts do not contain NUL

    def data(iterations: Iterator[str]) -> list[str]:
        streams.append(iterations)
        return [marker]

    document = {
        "info": {"rally_version": version, "generated_at": _moment(now), "format_version": FORMAT},
        "tasks": [_task(task, samples, data) for task in tasks],
    }
    pieces = json.dumps(document, indent=1, allow_nan=False).split(json.dumps(marker))
    yield pieces[0]
    for stream, piece in zip(streams, pieces[1:], strict=True):
        yield from stream
        yield piece
    yield "\n"


def _task(task: TaskRow, samples: Path, data: Data) -> Json:
    return {
        "uuid": task.uuid,
        "title": shown_text(task.title),
        "description": shown_text(task.description),
        "status": task.status,
        "tags": task.tags,
        "env_uuid": str(uuid5(NAMESPACE, task.cloud)),
        "env_name": task.cloud,
        "created_at": _moment(task.started_at),
        "updated_at": _moment(task.ended_at if task.ended_at is not None else task.started_at),
        "pass_sla": all(workload.passed for workload in task.workloads),
        "subtasks": [_subtask(task, subtask, samples, data) for subtask in task.subtasks],
    }


def _subtask(task: TaskRow, subtask: SubtaskRow, samples: Path, data: Data) -> Json:
    begun = [row.started_at for row in subtask.workloads if row.started_at is not None]
    ended = [row.ended_at for row in subtask.workloads if row.ended_at is not None]
    workloads = [
        _workload(workload, position, task.timing, samples / workload.uuid, data)  # type: ignore[arg-type]
        for position, workload in enumerate(subtask.workloads)
    ]
    return {
        "uuid": str(uuid5(NAMESPACE, f"{task.uuid}/{subtask.position}")),
        "title": subtask.title,
        "description": subtask.description,
        "status": "finished" if all(row.status == "finished" for row in subtask.workloads) else "aborted",
        "created_at": _moment(min(begun, default=task.started_at)),
        "updated_at": _moment(max(ended, default=task.started_at)),
        "sla": {},
        "workloads": workloads,
    }


def _workload(row: WorkloadRow, position: int, timing: Timing, folder: Path, data: Data) -> Json:
    """Return a workload; `position` is its position in its subtask, as in Rally."""
    origin = row.load_began_at or row.started_at or 0.0
    table = RallyTable()
    shortest, longest, first, last, failed, total = float("inf"), 0.0, float("inf"), 0.0, 0, 0
    for batch in _measured(folder, timing):
        table.add(batch)
        shortest = min(shortest, float(batch.duration.min()))
        longest = max(longest, float(batch.duration.max()))
        first = min(first, float(batch.began.min()))
        last = max(last, float((batch.began + batch.duration).max()))
        failed += int(batch.failed.sum())
        total += len(batch)
    load = row.load_seconds or 0.0
    return {
        "uuid": row.uuid,
        "description": row.description,
        "runner": {row.runner: row.runner_args},
        "hooks": [_hook(result) for result in shown(row.hook_results)],
        "scenario": {row.scenario: shown(row.args)},
        "min_duration": shortest if total else None,
        "max_duration": longest if total else None,
        "start_time": origin + first if total else None,
        # Rally's charts start at the first start, and fail if an iteration ends after this duration.
        "load_duration": load if last - first <= load + _CLOCKS_DIFFER else last - first,
        "full_duration": row.full_seconds or 0.0,
        "statistics": table.statistics(),
        "data": data(_iterations(folder, origin, timing)),
        "failed_iteration_count": failed,
        "total_iteration_count": total,
        "created_at": _moment(row.started_at or 0.0),
        "updated_at": _moment(row.ended_at or row.started_at or 0.0),
        "contexts": shown(row.contexts),
        "contexts_results": [_context(done) for done in shown(row.contexts_done)],
        "position": position,
        "pass_sla": bool(row.passed),
        "sla_results": {
            "sla": [
                {"criterion": sla.criterion, "success": sla.passed, "detail": shown_text(sla.detail)}
                for sla in row.sla_rows
            ]
        },
        "sla": row.sla,
    }


def _measured(folder: Path, timing: Timing) -> Iterator[Columns]:
    """Yield the batches of all shards, next always the one of the shard that is earliest in time."""
    shards = [(0.0, path.stem, read_batches(folder, path.stem)) for path in folder.glob(f"*{SUFFIX}")]
    heapq.heapify(shards)
    while shards:
        _, name, records = shards[0]
        record = next(records, None)
        if record is None:
            heapq.heappop(shards)
            continue
        columns = Columns.measured(record, timing=timing)
        heapq.heapreplace(shards, (float(columns.began.max(initial=0.0)), name, records))
        if len(columns):
            yield columns


def _iterations(folder: Path, origin: float, timing: Timing) -> Iterator[str]:
    """Yield the iterations as JSON, separated by commas, in order of start, as Rally requires.

    The files have them in order of end: iterations that overtook a longer one wait here for it.
    """
    starts = [batch.began for batch in _measured(folder, timing)]
    expected = iter(np.sort(np.concatenate([np.empty(0), *starts])).tolist())
    awaited = next(expected, None)
    waiting: list[tuple[float, int, str]] = []
    between = ""
    for batch in _measured(folder, timing):
        for began, row in zip(batch.began.tolist(), batch.record.to_pylist(), strict=True):
            row["outputs"] = json.loads(row["outputs"]) if row["outputs"] else []
            text = json.dumps(iteration_of(sample_from_row(row), origin, timing=timing))
            heapq.heappush(waiting, (began, row["iteration"], text))
        while waiting and waiting[0][0] == awaited:
            yield between + heapq.heappop(waiting)[-1]
            between = ",\n"
            awaited = next(expected, None)


def _hook(result: Json) -> Json:
    """Return a hook's result with the keys that Rally requires.

    Its action and its trigger are pairs of name and arguments. Rally 5.1.1 itself writes mappings there, but cannot
    read them: its `report` and `trends` fail on its own files that have hooks.
    """
    config = {"description": "", **result.get("config", {})}
    for key in ("action", "trigger"):
        config[key] = next(iter(config.get(key, {}).items()), ("", {}))
    results = [_hook_run(run) for run in result.get("results", [])]
    return {"config": config, "results": results, "summary": result.get("summary", {})}


def _hook_run(run: Json) -> Json:
    """Return a run of a hook with only the keys that Rally allows, and its error as type, message and traceback."""
    by = run.get("triggered_by") or {}
    started = run.get("started_at")
    finished = run.get("finished_at")
    made: Json = {
        "status": run.get("status", ""),
        "finished_at": finished if finished is not None else started or 0.0,
        "triggered_by": {"event_type": str(by.get("event_type", "")), "value": by.get("value")},
    }
    if started is not None:
        made["started_at"] = started
    if error := run.get("error"):
        if isinstance(error, dict):
            error = [error.get(key) or "" for key in ("etype", "msg", "details")]
        elif isinstance(error, str):
            error = ["", error, ""]
        made["error"] = [str(part) for part in (*error, "", "", "")[:3]]
    if output := run.get("output"):
        made["output"] = {kind: output.get(kind) or [] for kind in ("additive", "complete")}
    return made


def _context(done: Json) -> Json:
    """Return the result of a context with the lists that Rally's report requires."""
    return {
        key: {"atomic_actions": [], **value} if key in {"setup", "cleanup"} and isinstance(value, dict) else value
        for key, value in done.items()
    }


def _moment(at: float) -> str:
    return time.strftime(ISO, time.gmtime(at))
