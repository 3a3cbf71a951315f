"""The list of `rally task results`, brought into the form of today's JSON results."""

import calendar
import time
from typing import Any

Json = dict[str, Any]

# Rally writes the day before the month here. Other programs that write this list do not all follow it.
_FORMS = ("%Y-%d-%mT%H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%d-%m %H:%M:%S", "%Y-%m-%d %H:%M:%S")


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
    if measured_at is None or not readings:
        return readings[0] if readings else None
    return min(readings, key=lambda reading: abs(reading - measured_at))


def _workload(result: Json) -> Json:
    key, kw = result["key"], result["key"]["kw"]
    runner = dict(kw.get("runner") or {})
    kind = runner.pop("type", "serial")
    rows = result.get("sla", [])
    starts = [one["timestamp"] for one in result["result"] if one.get("timestamp") is not None]
    began = created_at(result.get("created_at", ""), min(starts, default=None))
    moments = {}
    if began is not None:
        moments = {"created_at": _iso(began), "updated_at": _iso(began + result["full_duration"])}
    return {
        "description": key.get("description"),
        "scenario": {key["name"]: kw.get("args") or {}},
        "runner": {kind: runner},
        "contexts": kw.get("context") or {},
        "sla": kw.get("sla") or {},
        "sla_results": {"sla": rows},
        "pass_sla": all(row["success"] for row in rows),
        "hooks": [_hook(hook) for hook in result.get("hooks", [])],
        "load_duration": result["load_duration"],
        "full_duration": result["full_duration"],
        "data": result["result"],
        **moments,
    }


def _hook(hook: Json) -> Json:
    config, trigger = hook["config"], hook["config"]["trigger"]
    return {
        **hook,
        "config": {
            "description": config.get("description") or "",
            "action": {config["name"]: config.get("args")},
            "trigger": {trigger["name"]: trigger.get("args", {})},
        },
    }


def _iso(at: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at))
