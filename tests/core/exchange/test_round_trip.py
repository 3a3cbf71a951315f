"""Results of Rally are the same after import and export; anything else is refused with the reason."""

import contextlib
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rallycross.errors import InvalidInput, RallycrossError
from rallycross.exchange.files import export_rally, import_rally
from rallycross.exchange.iterations import iteration_of, sample_of
from rallycross.exchange.rally_import import read_rally
from rallycross.exchange.rally_results_list import created_at
from rallycross.results.sample_file import read_samples
from rallycross.results.store import Store

GRID = 2**22  # the wall clock's floats lie on it; see `exchange.iterations`
ORIGIN = 1_795_396_000.0
TICKS = st.integers(0, 100 * GRID)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@st.composite
def _actions(draw: st.DrawFn, start: int, end: int, depth: int = 0) -> list[dict[str, Any]]:
    """Draw actions one after another between two ticks, each perhaps with nested ones."""
    cuts = sorted(draw(st.lists(st.integers(start, end), max_size=4)))
    drawn = []
    for began, ended in zip(cuts[::2], cuts[1::2], strict=False):
        action: dict[str, Any] = {
            "name": draw(st.sampled_from(["nova.boot_server", "nova.wait", "x"])),
            "started_at": ORIGIN + began / GRID,
            "finished_at": ORIGIN + ended / GRID,
            "children": draw(_actions(began, ended, depth + 1)) if depth < 3 else [],
        }
        if draw(st.booleans()):
            action["failed"] = True
        drawn.append(action)
    return drawn


@st.composite
def _iterations(draw: st.DrawFn) -> dict[str, Any]:
    start, work, idle = draw(TICKS), draw(TICKS), draw(TICKS)
    output = st.fixed_dictionaries({"title": TEXT, "chart_plugin": st.just("Pie"), "data": st.just([["a", 1]])})
    return {
        "timestamp": ORIGIN + start / GRID,
        "duration": work / GRID,
        "idle_duration": idle / GRID,
        "error": draw(st.one_of(st.just([]), st.lists(TEXT, min_size=3, max_size=3))),
        "output": {"additive": draw(st.lists(output, max_size=2)), "complete": draw(st.lists(output, max_size=2))},
        "atomic_actions": draw(_actions(start, start + work + idle)),
    }


def _workload(iterations: list[dict[str, Any]], uuid: str) -> dict[str, Any]:
    return {
        "uuid": uuid,
        "description": "what it does",
        "scenario": {"NovaServers.boot_server": {"flavor": {"name": "m1.tiny"}}},
        "runner": {"constant": {"times": 3, "concurrency": 1}},
        "contexts": {"users": {"tenants": 1}},
        "contexts_results": [{"plugin_name": "users", "plugin_cfg": {"tenants": 1}}],
        "hooks": [],
        "sla": {"failure_rate": {"max": 0}, "somebody's own": [1]},
        "sla_results": {"sla": [{"criterion": "somebody's own", "success": False, "detail": "no"}]},
        "pass_sla": False,
        "load_duration": 1000.0,  # longer than any iteration here: a shorter one is put right when exported
        "full_duration": 1001.0,
        "created_at": "2026-11-23T10:00:00",
        "updated_at": "2026-11-23T10:01:00",
        "data": sorted(iterations, key=lambda one: one["timestamp"]),
    }


def _results(iterations: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "info": {"rally_version": "3.0.0", "generated_at": "2026-11-23T10:02:00", "format_version": "1.1"},
        "tasks": [
            {
                "uuid": "6f1d3c40-0000-4000-8000-000000000002",
                "title": "A title",
                "description": "A description",
                "status": "finished",
                "tags": ["one", "two"],
                "env_name": "a-cloud",
                "created_at": "2026-11-23T10:00:00",
                "updated_at": "2026-11-23T10:02:00",
                "subtasks": [
                    {
                        "title": "A subtask",
                        "description": "Of it",
                        "workloads": [_workload(iterations, "6f1d3c40-0000-4000-8000-000000000003")],
                    }
                ],
            }
        ],
    }


def _common(given: Any, back: Any) -> Any:
    """Return the part of `back` that `given` has too."""
    if isinstance(given, dict) and isinstance(back, dict):
        return {key: _common(value, back[key]) for key, value in given.items() if key in back}
    if isinstance(given, list) and isinstance(back, list) and len(given) == len(back):
        return [_common(one, other) for one, other in zip(given, back, strict=True)]
    return back


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(iterations=st.lists(_iterations(), max_size=5, unique_by=lambda one: one["timestamp"]))
def test_what_was_imported_is_exported_as_it_was(
    store: Store, tmp_path: Path, iterations: list[dict[str, Any]]
) -> None:
    """All that both formats have is the same to the last digit, for iterations with times of a wall clock."""
    document = _results(iterations)
    given_file, back_file, samples = (tmp_path / name for name in ("given.json", "back.json", "samples"))
    given_file.write_text(json.dumps(document))
    (uuid,) = import_rally(store, given_file, samples=samples)
    task = store.tasks.get(uuid)
    assert task is not None
    export_rally([task], back_file, samples=samples)
    back = json.loads(back_file.read_text())
    store.history.delete(uuid)  # for the next example
    shutil.rmtree(samples)

    back["info"] = document["info"]
    assert _common(document, back) == document


@given(iteration=_iterations(), shift=st.floats(-1, 1))
def test_an_iteration_off_the_grid_is_kept_to_a_nanosecond(iteration: dict[str, Any], shift: float) -> None:
    """Times that no wall clock produces are rounded by less than a nanosecond."""
    iteration["duration"] += abs(shift)
    iteration["atomic_actions"] = []

    back = iteration_of(sample_of(iteration, 0, ORIGIN - shift), ORIGIN - shift, timing="rally")

    assert abs(back["duration"] - iteration["duration"]) < 1e-9
    assert abs(back["timestamp"] - iteration["timestamp"]) < 1e-6


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=6,
)


@st.composite
def _mangled(draw: st.DrawFn) -> Any:
    """Draw results in which one value, anywhere, is replaced or missing."""
    old = {
        "key": {"name": "Dummy.dummy", "pos": 0, "kw": {"args": {}, "runner": {"type": "serial"}, "sla": {}}},
        "sla": [{"criterion": "failure_rate", "success": True, "detail": ""}],
        "hooks": [{"config": {"name": "sys_call", "args": "ls", "trigger": {"name": "event", "args": {}}}}],
        "result": [{"timestamp": 1.5, "duration": 1.0, "error": [], "atomic_actions": {"x": 1.0}, "output": {}}],
        "load_duration": 1.0,
        "full_duration": 1.0,
        "created_at": "2026-23-11T10:00:00",
    }
    iteration = {
        "timestamp": ORIGIN,
        "duration": 1.0,
        "error": [],
        "output": {"additive": [{}]},
        "atomic_actions": [{"name": "x", "started_at": ORIGIN, "finished_at": ORIGIN, "children": []}],
    }
    document: Any = draw(st.sampled_from([_results([iteration]), [old]]))
    document = json.loads(json.dumps(document))
    at = document
    while True:
        keys = list(at) if isinstance(at, dict) else list(range(len(at)))
        key = draw(st.sampled_from(keys))
        deeper = at[key]
        if isinstance(deeper, dict | list) and deeper and draw(st.integers(0, 5)):
            at = deeper
            continue
        if draw(st.booleans()):
            at[key] = draw(JSON)
        else:
            del at[key]
        return document


@settings(max_examples=400)
@given(document=_mangled())
def test_mangled_results_are_read_or_complained_about(document: Any) -> None:
    """A file with any wrong value gives samples or complaints, never another error."""
    with contextlib.suppress(InvalidInput):
        for one in read_rally(json.dumps(document), file="results.json"):
            for workload in one.task.workloads:
                list(one.samples(workload))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("{}", "not results of Rally"),
        ("[[1]]", "is not of type 'object'"),
        ('{"tasks": [{}]}', "'subtasks' is a required property"),
        ('{"info": {"format_version": "2.0"}, "tasks": []}', "format version 2.0 is not known"),
        ('{"tasks": [{"subtasks": [], "status": NaN}]}', "tasks[0].status: NaN is not a number"),
        ('{"tasks": [{"subtasks": [], "title": "\\ud800"}]}', "surrogates not allowed"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_what_is_no_result_of_rally_is_told_what_is_wrong(text: str, said: str) -> None:
    """The complaint has the name of the file and what is wrong with it."""
    with pytest.raises(InvalidInput) as caught:
        read_rally(text, file="results.json")

    assert said in str(caught.value)
    assert "results.json" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "measured_at", "day"),
    [
        ("2026-23-11T10:00:00", None, "2026-11-23"),  # only one order can be
        ("2026-11-23T10:00:00", None, "2026-11-23"),
        ("2026-03-11T10:00:00", None, "2026-11-03"),  # Rally's order, as nothing speaks against it
        ("2026-03-11T10:00:00", 1_773_223_300.0, "2026-03-11"),  # measured on the 11th of March
        ("2026-03-11T10:00:00", 1_793_700_100.0, "2026-11-03"),  # measured on the 3rd of November
    ],
)
def test_day_and_month_of_the_old_list_are_told_apart(text: str, measured_at: float | None, day: str) -> None:
    """The order of day and month is the one nearer to the first iteration."""
    found = created_at(text, measured_at)

    assert found is not None
    assert datetime.fromtimestamp(found, tz=UTC).date().isoformat() == day


def test_a_task_without_a_date_began_with_its_first_iteration() -> None:
    """A task without a creation time begins with its first iteration."""
    iteration = {"timestamp": 1_700_000_000.0, "duration": 1.0, "atomic_actions": []}
    workload = {"scenario": {"A.b": {}}, "runner": {"serial": {}}, "data": [iteration]}
    [imported] = read_rally(json.dumps({"tasks": [{"subtasks": [{"workloads": [workload]}]}]}), file="r.json")
    assert imported.task.started_at == 1_700_000_000.0


def test_a_task_comes_once_and_whole(store: Store, tmp_path: Path) -> None:
    """A second import of a file is refused without any change; an interrupted import leaves nothing."""
    file = tmp_path / "given.json"
    file.write_text(json.dumps(_results([])))
    (uuid,) = import_rally(store, file, samples=tmp_path / "samples")

    with pytest.raises(RallycrossError, match="already exists"):
        import_rally(store, file, samples=tmp_path / "samples")
    store.history.delete(uuid)
    with pytest.raises(RallycrossError, match="samples of this task exist without it"):
        import_rally(store, file, samples=tmp_path / "samples")

    assert store.tasks.get(uuid) is None
    assert read_samples(tmp_path / "samples" / "6f1d3c40-0000-4000-8000-000000000003").num_rows == 0


def _of(iteration: dict[str, Any]) -> str:
    workload = {"scenario": {"A.b": {}}, "runner": {"serial": {}}, "data": [iteration]}
    return json.dumps({"tasks": [{"subtasks": [{"workloads": [workload]}]}]})


@pytest.mark.parametrize(
    ("iteration", "said"),
    [
        ({"duration": -1, "atomic_actions": []}, r"data\[0\].duration: -1 is less than the minimum of 0"),
        ({"duration": 1, "idle_duration": -2, "atomic_actions": []}, r"data\[0\].idle_duration: -2 is less than"),
        ({"duration": 1, "atomic_actions": {"a": -3}}, r"data\[0\].atomic_actions.*-3"),
        (
            {"duration": 1, "atomic_actions": [{"name": "a", "started_at": 5, "finished_at": 3}]},
            r"tasks\[0\].subtasks\[0\].workloads\[0\].data\[0\].atomic_actions\[0\]: ends 2 s before it begins",
        ),
        ({"duration": float("nan"), "atomic_actions": []}, "NaN is not a number"),
        ({"duration": 1e300, "atomic_actions": []}, r"data\[0\].duration: 1e\+300 is greater than"),
    ],
)
def test_times_that_cannot_be_are_told_with_their_place(iteration: dict[str, Any], said: str) -> None:
    """Negative durations, actions that end before they begin, and invalid numbers are refused with their place."""
    with pytest.raises(InvalidInput, match=said):
        read_rally(_of(iteration), file="r.json")
