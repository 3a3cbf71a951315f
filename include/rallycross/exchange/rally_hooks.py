"""Hooks of Rally's results, in all forms that Rally has used, as `{"config", "results", "summary"}`.

Since 2017 a hook has its `config`, of which action and trigger are `{name: arguments}`, pairs of these, or (`name`,
`args` and `trigger` with `name` and `args`) as in a task file v1. In 2016 each run of a hook was an entry of its own,
with the hook's name and no configuration.
"""

from collections import Counter
from typing import Any

Json = dict[str, Any]


def modern_hooks(given: list[Json]) -> list[Json]:
    """Return hooks in today's form: one entry for each hook, with all its runs."""
    made = [_of_config(hook) for hook in given if "config" in hook]
    alone: dict[tuple[str, str], list[Json]] = {}
    for run in given:
        if "config" not in run:
            alone.setdefault((run["hook"], run.get("description") or ""), []).append(run)
    return [*made, *(_of_runs(name, description, runs) for (name, description), runs in alone.items())]


def _of_config(hook: Json) -> Json:
    config = hook["config"]
    if "name" in config:
        trigger = config.get("trigger") or {}
        name = trigger.get("name", "event")
        args = trigger.get("args", {key: value for key, value in trigger.items() if key != "name"})
        config = {
            "description": config.get("description") or "",
            "action": {config["name"]: config.get("args")},
            "trigger": {name: args},
        }
    else:
        config = {**config, **{key: _named(config[key]) for key in ("action", "trigger") if key in config}}
    results = [_run(run) for run in hook.get("results") or []]
    return {**hook, "config": config, "results": results, "summary": hook.get("summary") or _summary(results)}


def _of_runs(name: str, description: str, runs: list[Json]) -> Json:
    results = [_run({key: value for key, value in run.items() if key not in {"hook", "description"}}) for run in runs]
    moments: dict[str, list[Any]] = {}
    for result in results:
        if "event_type" in result.get("triggered_by", {}):
            moments.setdefault(result["triggered_by"]["event_type"], []).append(result["triggered_by"].get("value"))
    unit = next(iter(moments), "")
    config = {
        "description": description,
        "action": {name: None},  # its arguments are not known
        "trigger": {"event": {"unit": unit, "at": moments[unit]}} if unit else {},
    }
    return {"config": config, "results": results, "summary": _summary(results)}


def _named(given: Any) -> Any:
    """Return a pair of name and arguments as `{name: arguments}`, and anything else unchanged."""
    pair = isinstance(given, list) and len(given) == 2 and isinstance(given[0], str)
    return {given[0]: given[1]} if pair else given


def _run(given: Json) -> Json:
    """Return a run of a hook with its trigger event as type and value, and its output as charts."""
    run = dict(given)
    by = run.get("triggered_by") or {}
    if by and "event_type" not in by:  # {"iteration": 3}, {"time": 20}
        kind, value = next(iter(by.items()))
        run["triggered_by"] = {"event_type": kind, "value": value}
    elif "triggered_by" in run:
        run["triggered_by"] = by
    if isinstance(run.get("error"), str):
        run["error"] = ["", run["error"], ""] if run["error"] else []
    if isinstance(run.get("output"), str):
        chart = {"title": "Output", "chart_plugin": "TextArea", "data": run["output"].splitlines()}
        run["output"] = {"additive": [], "complete": [chart] if run["output"] else []}
    return run


def _summary(results: list[Json]) -> dict[str, int]:
    return dict(Counter(str(result.get("status", "")) for result in results))
