"""Conversion between iterations in Rally's JSON and samples.

    {"timestamp": start, seconds since the epoch, "duration": without "idle_duration",
     "error": [type, message, traceback] or [], "output": {"additive": [], "complete": []},
     "atomic_actions": [{"name", "started_at", "finished_at", "children": [...], "failed": true (or left out)}]}

Rally takes all its times from the wall clock, so they are multiples of 2**-22 s. Subtracting and adding an origin that
is such a multiple too is exact: an imported time is exported to the last bit.
"""

from functools import lru_cache
from typing import Any

from rallycross.load.sample import Action, Failure, Sample, State
from rallycross.secret import shown, shown_text
from rallycross.task.plan import Timing

Json = dict[str, Any]


def sample_of(iteration: Json, number: int, origin: float, *, default_start: float = 0.0) -> Sample:
    """Return an iteration of Rally's as a sample; its times count from `origin`, seconds since the epoch.

    An iteration without a timestamp, as old Rallys wrote them, starts `default_start` seconds after the origin.
    """
    timestamp = iteration.get("timestamp")
    started = default_start if timestamp is None else timestamp - origin
    idle = float(iteration.get("idle_duration") or 0.0)
    actions: list[Action] = []
    given = iteration["atomic_actions"]
    _flatten(_dated(given, origin + started) if isinstance(given, dict) else given, 0, origin, actions)
    output = iteration.get("output") or {}
    return Sample(
        number,
        shard=0,
        due=None,
        started=started,
        ended=started + (iteration["duration"] + idle),
        idle=idle,
        failure=_failure(iteration.get("error") or []),
        actions=actions,
        outputs=[
            {"kind": kind, **one}
            for kind in ("additive", "complete")
            for one in output.get(kind) or []
            if isinstance(one, dict)
        ],
    )


def iteration_of(sample: Sample, origin: float, *, timing: Timing) -> Json:
    """Return a sample as an iteration of Rally's; its times count from `origin`, seconds since the epoch.

    With intended timing the iteration starts, for Rally, at its due time, since its duration counts from there.
    """
    began = sample.started if timing == "rally" or sample.due is None else sample.due
    failure = sample.failure
    outputs: dict[str, list[Json]] = {"additive": [], "complete": []}
    for output in sample.outputs:
        rest = {key: value for key, value in output.items() if key != "kind"}
        outputs.setdefault(output.get("kind", "complete"), []).append(shown(rest))
    return {
        "timestamp": origin + began,
        "duration": sample.ended - began - sample.idle,
        "idle_duration": float(sample.idle),
        "error": [failure.kind, *map(_shown, (failure.message, failure.detail))] if failure else [],
        "output": outputs,
        "atomic_actions": _tree(sample.actions, origin),
    }


@lru_cache(maxsize=1024)
def _shown(text: str) -> str:
    return shown_text(text)


def sample_from_row(row: Json) -> Sample:
    """Return the sample of a row of a sample file (`RecordBatch.to_pylist`); its `outputs` are parsed JSON."""
    return Sample(
        row["iteration"],
        row["shard"],
        row["due"],
        row["started"],
        row["ended"],
        row["idle"],
        Failure(**row["failure"]) if row["failure"] else None,
        [Action(**action) for action in row["actions"]],
        State(row["state"]),
        row["outputs"] or [],
    )


def _failure(error: list[Any]) -> Failure | None:
    """Return Rally's list of type, message and traceback as a failure; old lists are shorter."""
    if not error:
        return None
    kind, message, detail = (*(str(part) for part in error), "", "", "")[:3]
    return Failure(kind, message, detail)


def _flatten(actions: list[Json], depth: int, origin: float, into: list[Action]) -> None:
    for action in actions:
        started, ended = action.get("started_at"), action.get("finished_at")
        at = 0.0 if started is None else started - origin  # Rally omits times that were not reached
        end = at if ended is None else ended - origin
        broken = started is not None and ended is None  # the action did not end
        into.append(Action(str(action["name"]), depth, at, end, failed=bool(action.get("failed", broken))))
        _flatten(action.get("children") or [], depth + 1, origin, into)


def _dated(durations: Json, at: float) -> list[Json]:
    """Return actions with times, one after another, where an old Rally only kept durations; Rally does the same."""
    dated: list[Json] = []
    for name, seconds in durations.items():
        dated.append({"name": name, "started_at": at, "finished_at": at + (seconds or 0.0), "failed": seconds is None})
        at = dated[-1]["finished_at"]
    return dated


def _tree(actions: list[Action], origin: float) -> list[Json]:
    """Return actions, which are in order of start, as a tree: each is a child of the latest one of the level above."""
    roots: list[Json] = []
    levels = [roots]
    for action in actions:
        node: Json = {
            "name": action.name,
            "started_at": origin + action.started,
            "finished_at": origin + action.ended,
            "children": [],
        }
        if action.failed:
            node["failed"] = True
        del levels[action.depth + 1 :]
        levels[-1].append(node)
        levels.append(node["children"])
    return roots
