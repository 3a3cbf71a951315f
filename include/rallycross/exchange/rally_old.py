"""The list of `rally task results`, of any year, brought into the form of today's JSON results."""

import calendar
import time
from collections.abc import Iterable
from typing import Any

from rallycross.exchange.rally_hooks import modern_hooks
from rallycross.exchange.rally_schema import FARTHEST

Json = dict[str, Any]

# Rally writes the day before the month here. Other programs that write this list do not all follow it.
_FORMS = ("%Y-%d-%mT%H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%d-%m %H:%M:%S", "%Y-%m-%d %H:%M:%S")


# What the keys of an iteration were called early in 2014.
_CALLED = {"time": "duration", "idle_time": "idle_duration", "atomic_actions_time": "atomic_actions"}


def renamed(document: Any) -> Any:
    """Give the iterations of a list today's keys; what is not as it should be is left for the schema to tell."""
    for result in document if isinstance(document, list) else []:
        given = result.get("result") if isinstance(result, dict) else None
        if isinstance(given, list):
            result["result"] = [_iteration(one) if isinstance(one, dict) else one for one in given]
    return document


def _iteration(given: Json) -> Json:
    made = {_CALLED.get(key, key): value for key, value in given.items()}
    if isinstance(made.get("error"), str):  # a message alone
        made["error"] = ["", made["error"], ""] if made["error"] else []
    actions = made.get("atomic_actions")
    if isinstance(actions, list) and actions and all(map(_is_pair, actions)):  # an ordered mapping, as JSON has it
        made["atomic_actions"] = _mapping(actions)
    elif isinstance(actions, list) and actions and all(isinstance(one, dict) and "action" in one for one in actions):
        made["atomic_actions"] = _mapping([one["action"], one.get("duration")] for one in actions)
    told = made.get("scenario_output")
    if not made.get("output") and isinstance(told, dict) and isinstance(told.get("data"), dict) and told["data"]:
        chart = {"title": "Scenario output", "chart_plugin": "StackedArea", "data": [*map(list, told["data"].items())]}
        made["output"] = {"additive": [chart], "complete": []}
    return made


def _is_pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and isinstance(value[0], str)


def _mapping(pairs: Iterable[list[Any]]) -> Json:
    """Return pairs as a mapping; a name that comes again gets a number, as Rally has numbered it since."""
    made: Json = {}
    for name, seconds in pairs:
        number, whole = 1, str(name)
        while whole in made:
            number += 1
            whole = f"{name} ({number})"
        made[whole] = seconds
    return made


def modern(results: list[Json], *, task: str, title: str) -> Json:
    """Return a list of results, an entry a workload, as a document with one task, a subtask for each workload."""
    workloads = [_workload(result) for result in results]
    moments = {"created_at": min, "updated_at": max}
    task_row: Json = {"uuid": task, "title": title, "status": "finished", "tags": []}
    for name, choose in moments.items():
        known = [workload[name] for workload in workloads if name in workload]
        if known:
            task_row[name] = choose(known)
    task_row["subtasks"] = [
        {"title": next(iter(workload["scenario"])), "workloads": [workload]} for workload in workloads
    ]
    return {"info": {"format_version": "1.0"}, "tasks": [task_row]}


def created_at(text: str, measured_at: float | None) -> float | None:
    """Return the time, in seconds since the epoch, that `text` speaks of; None where it cannot be read.

    Day and month may stand in either order. Where both can be, it is the one that is nearer to when the first
    iteration was measured; where nothing was, Rally's order.
    """
    readings = []
    for form in _FORMS:
        try:
            readings.append(float(calendar.timegm(time.strptime(text, form))))
        except ValueError:
            continue
    readings = [reading for reading in readings if abs(reading) <= FARTHEST]
    if measured_at is None or not readings:
        return readings[0] if readings else None
    return min(readings, key=lambda reading: abs(reading - measured_at))


def _workload(result: Json) -> Json:
    key, kw = result["key"], result["key"]["kw"]
    runner = dict(kw.get("runner") or {})
    kind = runner.pop("type", "serial")
    rows = result.get("sla") or []
    load, full = result.get("load_duration"), result.get("full_duration")
    starts = [one["timestamp"] for one in result["result"] if one.get("timestamp") is not None]
    began = created_at(result.get("created_at", ""), min(starts, default=None))
    moments = {}
    if began is not None:
        moments = {"created_at": _iso(began), "updated_at": _iso(began + (full or load or 0.0))}
    return {
        "description": key.get("description"),
        "scenario": {key["name"]: kw.get("args") or {}},
        "runner": {kind: runner},
        "contexts": kw.get("context") or {},
        "sla": kw.get("sla") or {},
        "sla_results": {"sla": rows},
        "pass_sla": all(row["success"] for row in rows),
        "hooks": modern_hooks(result.get("hooks") or []),
        "load_duration": load,
        "full_duration": full,
        "data": result["result"],
        **moments,
    }


def _iso(at: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at))
