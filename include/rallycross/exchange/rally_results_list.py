"""Converts the list of `rally task results`, from any Rally since 2014, to the form of today's JSON results."""

import calendar
import time
from collections.abc import Iterable
from typing import Any

from rallycross.exchange.rally_hooks import modern_hooks
from rallycross.exchange.rally_schema import FARTHEST

Json = dict[str, Any]

# Rally writes the day before the month here; not every other program that writes this list does.
_FORMS = ("%Y-%d-%mT%H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%d-%m %H:%M:%S", "%Y-%m-%d %H:%M:%S")


# The keys of an iteration in early 2014, and their names now.
_RENAMED_KEYS = {"time": "duration", "idle_time": "idle_duration", "atomic_actions_time": "atomic_actions"}


def with_current_keys(document: Any) -> Any:
    """Give the iterations of a list today's keys. Anything malformed is left for the schema to report."""
    for result in document if isinstance(document, list) else []:
        given = result.get("result") if isinstance(result, dict) else None
        if isinstance(given, list):
            result["result"] = [_iteration(one) if isinstance(one, dict) else one for one in given]
    return document


def _iteration(given: Json) -> Json:
    made = {_RENAMED_KEYS.get(key, key): value for key, value in given.items()}
    if isinstance(made.get("error"), str):  # a message alone
        made["error"] = ["", made["error"], ""] if made["error"] else []
    actions = made.get("atomic_actions")
    if isinstance(actions, list) and actions and all(map(_is_pair, actions)):  # an ordered mapping as a list of pairs
        made["atomic_actions"] = _mapping(actions)
    elif isinstance(actions, list) and actions and all(isinstance(one, dict) and "action" in one for one in actions):
        made["atomic_actions"] = _mapping([one["action"], one.get("duration")] for one in actions)
    old = made.get("scenario_output")
    if not made.get("output") and isinstance(old, dict) and isinstance(old.get("data"), dict) and old["data"]:
        chart = {"title": "Scenario output", "chart_plugin": "StackedArea", "data": [*map(list, old["data"].items())]}
        made["output"] = {"additive": [chart], "complete": []}
    return made


def _is_pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and isinstance(value[0], str)


def _mapping(pairs: Iterable[list[Any]]) -> Json:
    """Return pairs as a mapping; a repeated name is given a number, as in later Rallys."""
    made: Json = {}
    for name, seconds in pairs:
        number, whole = 1, str(name)
        while whole in made:
            number += 1
            whole = f"{name} ({number})"
        made[whole] = seconds
    return made


def as_document(results: list[Json], *, task: str, title: str) -> Json:
    """Return a list of results, one for each workload, as a document: one task with a subtask for each workload."""
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
    """Return the time in `text` in seconds since the epoch, or None if it cannot be parsed.

    Day and month may be in either order. If both are possible, the time nearer to the first iteration is returned; if
    nothing was measured, the time in Rally's order.
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
