"""Reads Rally's JSON results as tasks: rows for the store, samples for the sample files.

Formats: 1.0, 1.1 and 1.2 (`rally task report --json`), and the list of `rally task results`, which has neither a task
nor uuids. Durations and verdict are Rally's.
"""

import calendar
import json
import math
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any
from uuid import UUID, uuid5

from jsonschema import Draft202012Validator

from rallycross.errors import Complaint, InvalidInput, brief
from rallycross.exchange.iterations import Json, sample_of
from rallycross.exchange.rally_hooks import modern_hooks
from rallycross.exchange.rally_results_list import as_document, with_current_keys
from rallycross.exchange.rally_schema import FARTHEST, OLD_RESULTS, RESULTS
from rallycross.load.sample import Sample
from rallycross.results.models import SubtaskRow, TaskRow, WorkloadRow, WorkloadSlaRow
from rallycross.results.reference import NAMESPACE, workload_reference
from rallycross.settings import settings
from rallycross.userfile import too_many

FORMATS = ("1.0", "1.1", "1.2")
_MOST_COMPLAINTS = 20
# The keys that lead to actions.
_TO_ACTIONS = frozenset({"tasks", "subtasks", "workloads", "data", "result", "atomic_actions", "children"})
_ENDS = {"aborted_on_sla": "aborted_on_sla", "aborted_manually": "aborted", "something_went_wrong": "crashed"}


@dataclass(frozen=True)
class Imported:
    """A task without statistics, and its iterations by the uuid of their workload."""

    task: TaskRow
    iterations: dict[str, list[Json]]

    def samples(self, workload: WorkloadRow) -> Iterator[Sample]:
        """Yield a workload's samples, in order of start."""
        origin, last = workload.load_began_at or 0.0, 0.0
        for number, iteration in enumerate(self.iterations[workload.uuid]):
            sample = sample_of(iteration, number, origin, default_start=last)
            last = sample.ended
            yield sample


def read_rally(text: str, *, file: str, cloud: str = "") -> list[Imported]:
    """Return the tasks of a file of results; `cloud` is the cloud's name (default: the name of Rally's environment).

    Raises `InvalidInput` with all complaints about the file.
    """
    document, unknown = _parsed(text, file)
    document = with_current_keys(document)
    schema = OLD_RESULTS if isinstance(document, list) else RESULTS
    _complain(file, _against(document, schema, file, unknown))
    _complain(file, _backwards(document, "", file))
    if isinstance(document, list):
        # The list has no task uuid; importing the same list again must give the same one.
        task = str(uuid5(NAMESPACE, json.dumps(document, sort_keys=True)))
        document = as_document(document, task=task, title="")
    version = str(document.get("info", {}).get("format_version", "1.0"))
    if version not in FORMATS:
        what, remedy = (
            f"format version {version} is not known",
            f"known formats: {', '.join(FORMATS)} and the list of `rally task results`",
        )
        _complain(file, [Complaint(file, 0, 0, "info.format_version", what, remedy)])
    if not any(subtask["workloads"] for task in document["tasks"] for subtask in task["subtasks"]):
        what, remedy = "there are no workloads", "give the results of a task that was run"
        _complain(file, [Complaint(file, 0, 0, "", what, remedy)])
    return [_task(task, file, cloud) for task in document["tasks"]]


def _parsed(text: str, file: str) -> tuple[Any, dict[str, str]]:
    """Return the parsed text with None for NaN and infinity, and the places of these."""
    if sum(text.count(mark) for mark in ",[{") > settings().results_values:  # each value follows one of these
        raise InvalidInput([too_many(file)])
    unknown: dict[str, str] = {}
    try:
        document = json.loads(text.removeprefix("\ufeff"))
        if "\\ud" in text.lower():  # only escapes can produce lone surrogates, which cannot be stored
            json.dumps(document, ensure_ascii=False).encode()
        document = _numbers(document, "", unknown)
    except json.JSONDecodeError as error:
        raise InvalidInput([Complaint(file, error.lineno, error.colno, "", f"not JSON: {error.msg}")]) from error
    except (ValueError, RecursionError) as error:
        what = "values are nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise InvalidInput([Complaint(file, 0, 0, "", f"not JSON that can be read: {what}")]) from error
    if not isinstance(document, list) and not (isinstance(document, dict) and "tasks" in document):
        remedy = "make one by `rally task report --json` or `rally task results`"
        raise InvalidInput([Complaint(file, 0, 0, "", "not results of Rally", remedy)])
    return document, unknown


def _numbers(value: Any, key: str, unknown: dict[str, str]) -> Any:
    """Replace NaN and infinity, which Rally writes for unknown values, with None."""
    if isinstance(value, float) and not math.isfinite(value):
        unknown[key.lstrip(".")] = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value)]
        return None
    if isinstance(value, list):
        for number, one in enumerate(value):
            if isinstance(one, list | dict | float):
                value[number] = _numbers(one, f"{key}[{number}]", unknown)
    elif isinstance(value, dict):
        for name, one in value.items():
            if isinstance(one, list | dict | float):
                value[name] = _numbers(one, f"{key}.{name}", unknown)
    return value


def _against(document: Any, schema: Json, file: str, unknown: dict[str, str]) -> Iterator[Complaint]:
    for error in Draft202012Validator(schema).iter_errors(document):
        key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path).lstrip(".")
        what = f"{unknown[key]} is not a number" if key in unknown else error.message
        yield Complaint(file, 0, 0, key, brief(what, 200))


def _backwards(value: Any, key: str, file: str) -> Iterator[Complaint]:
    """Yield a complaint about each action that ends before it begins, at any depth."""
    if isinstance(value, list):
        for number, one in enumerate(value):
            yield from _backwards(one, f"{key}[{number}]", file)
    elif isinstance(value, dict):
        began, ended = value.get("started_at"), value.get("finished_at")
        if isinstance(began, int | float) and isinstance(ended, int | float) and ended < began:
            yield Complaint(
                file, 0, 0, key, f"ends {began - ended:.6g} s before it begins", "correct it, or leave it out"
            )
        for name in _TO_ACTIONS & value.keys():
            yield from _backwards(value[name], f"{key}.{name}".lstrip("."), file)


def _complain(file: str, complaints: Iterable[Complaint]) -> None:
    found = list(islice(complaints, _MOST_COMPLAINTS + 1))  # finding all of them takes minutes
    if len(found) > _MOST_COMPLAINTS:
        found[_MOST_COMPLAINTS:] = [Complaint(file, 0, 0, "~", "further errors are not shown")]
    if found:
        raise InvalidInput(found)


def _task(given: Json, file: str, cloud: str) -> Imported:
    began = _moment(given.get("created_at"))
    uuid = _uuid(given.get("uuid")) or str(uuid5(NAMESPACE, json.dumps(given, sort_keys=True)))
    subtasks: list[SubtaskRow] = []
    iterations: dict[str, list[Json]] = {}
    for position, subtask in enumerate(given["subtasks"]):
        workloads = []
        for workload in subtask["workloads"]:
            row = _workload(workload, uuid, len(iterations), given)
            if row.uuid in iterations:
                row.uuid = workload_reference(uuid, row.position)
            iterations[row.uuid] = _in_order(workload["data"])
            workloads.append(row)
        subtasks.append(
            SubtaskRow(
                task_uuid=uuid,
                position=position,
                title=subtask.get("title") or "",
                description=subtask.get("description") or "",
                group="",
                tags=[],
                run_in_parallel=False,
                workloads=workloads,
            )
        )
    starts = [row.load_began_at for subtask in subtasks for row in subtask.workloads if row.load_began_at]
    ends = [row.ended_at for subtask in subtasks for row in subtask.workloads if row.ended_at is not None]
    updated = _moment(given.get("updated_at"))
    status = given.get("status", "finished")
    task = TaskRow(
        uuid=uuid,
        cloud=cloud or given.get("env_name") or "imported",
        title=given.get("title") or _title(subtasks),
        description=given.get("description") or "",
        tags=given.get("tags", []),
        source="",
        file="",
        status=status if status in {"finished", "aborted"} else "crashed",  # also an interrupted one
        timing="rally",
        origin=file,
        environment={},
        started_at=began if began is not None else min(starts, default=0.0),
        ended_at=max([*ends, began or 0.0]) if updated is None or updated < (began or 0.0) else updated,
        subtasks=subtasks,
    )
    return Imported(task, iterations)


def _workload(given: Json, task_uuid: str, position: int, task: Json) -> WorkloadRow:
    ((scenario, args),) = given["scenario"].items()
    ((runner, runner_args),) = given["runner"].items()
    rows = given.get("sla_results", {}).get("sla") or []
    missed = [row["criterion"] for row in rows if not row["success"]]
    status = next((_ENDS[name] for name in missed if name in _ENDS), "finished")
    hooks = modern_hooks(given.get("hooks") or [])
    began = _moment(given.get("created_at") or task.get("created_at"))
    starts = [one["timestamp"] for one in given["data"] if one.get("timestamp") is not None]
    load_began = float(min(starts, default=began or 0.0))
    load = given.get("load_duration")
    if load is None:
        load = _load_seconds(given["data"], load_began)
    return WorkloadRow(
        uuid=_uuid(given.get("uuid")) or workload_reference(task_uuid, position),
        task_uuid=task_uuid,
        position=position,
        scenario=scenario,
        description=given.get("description") or "",
        args=args or {},
        runner=runner,
        runner_args=runner_args or {},
        contexts=given.get("contexts", {}),
        sla=given.get("sla", {}),
        hooks=[hook["config"] for hook in hooks],
        status=status,
        error="",
        error_detail="",
        started_at=began,
        ended_at=_ended(given, load_began if began is None else began, load),
        load_began_at=load_began,
        load_seconds=load,
        full_seconds=given.get("full_duration"),
        contexts_done=given.get("contexts_results", []),
        progress={},
        generator={},
        hook_results=hooks,
        statistics=None,
        passed=given.get("pass_sla", not missed),
        sla_rows=[
            WorkloadSlaRow(criterion=row["criterion"], passed=row["success"], detail=row.get("detail") or "")
            for row in rows
        ],
    )


def _title(subtasks: list[SubtaskRow]) -> str:
    """Return a title for a task without one: its scenarios."""
    names = list(dict.fromkeys(row.scenario for subtask in subtasks for row in subtask.workloads))
    if len(names) < 3:
        return " and ".join(names)
    return f"{names[0]} and {len(names) - 1} more"


def _load_seconds(iterations: list[Json], began: float) -> float:
    """Return the duration of a load: from first start to last end, or the sum if there are no timestamps."""
    took = [one["duration"] + (one.get("idle_duration") or 0.0) for one in iterations]
    if any(one.get("timestamp") is None for one in iterations):
        return float(sum(took))
    ends = (one["timestamp"] + seconds for one, seconds in zip(iterations, took, strict=True))
    return float(max(ends, default=began) - began)


def _ended(given: Json, began: float, load: float) -> float:
    """Return when a workload ended: its `updated_at`, or else its start plus its duration."""
    updated = _moment(given.get("updated_at"))
    if updated is not None and updated >= began:
        return updated
    return began + max(given.get("full_duration") or 0.0, load)


def _in_order(iterations: list[Json]) -> list[Json]:
    """Return iterations sorted by start, as Rally numbers them; without timestamps the order is kept."""
    if any(iteration.get("timestamp") is None for iteration in iterations):
        return iterations
    return sorted(iterations, key=lambda iteration: float(iteration["timestamp"]))


def _moment(text: str | None) -> float | None:
    """Return one of Rally's times, which are in UTC, in seconds since the epoch; None if it is invalid."""
    text = (text or "").removesuffix("Z").removesuffix("+00:00")
    for form in ("%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S.%f"):
        try:
            moment = float(calendar.timegm(time.strptime(text, form)))
        except ValueError:
            continue
        return moment if abs(moment) <= FARTHEST else None
    return None


def _uuid(text: str | None) -> str | None:
    """Return the uuid, or None for a placeholder such as Rally's `n/a`."""
    try:
        return str(UUID(text or ""))
    except ValueError:
        return None
