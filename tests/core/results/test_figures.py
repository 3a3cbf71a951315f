"""Single figures of workloads: written by judging, queried over many workloads, and migrated from older databases."""

import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import JSON, Engine, MetaData, create_engine, insert, text

from rallycross.results.database import _MIGRATIONS
from rallycross.results.models import FigureRow
from rallycross.results.store import Store
from rallycross.results.workload_figures import WorkloadFigures, from_document
from rallycross.task.plan import Subtask, Task, Workload

_DURATIONS = {"min": 0.5, "p50": 1.0, "p90": 2, "p95": 2.5, "p99": None, "max": 3.0, "avg": 1.25, "std": 0.0}
STATISTICS: dict[str, Any] = {
    "count": 4,
    "failed": 1,
    "seconds": 8.0,
    "throughput": 0.5,
    "throughput_succeeded": None,
    "warm_up": 0,
    "dropped": 2,
    "rows": [
        {"name": "total", "depth": 0, "count": 4, "failed": 1, **_DURATIONS},
        {"name": "total", "depth": 0, "count": 8, "failed": 0, **_DURATIONS, "p95": 9.5},
        {"name": "nova.\0boot \ud800", "depth": 1, "count": 8, "failed": 0, **_DURATIONS, "p95": 0.25},
    ],
    "service": {"name": "service", "depth": 0, "count": 4, "failed": 1, **_DURATIONS, "p95": 1.5},
    "schedule": None,
    "failures": [],
    "timeline": {"width": 1.0, "at": [], "count": [], "failed": []},
}
FIGURES, _ = from_document(STATISTICS)
assert FIGURES is not None
_FIRST_OF_LOAD = [("", 0, "seconds", 8.0, "s"), ("", 0, "throughput", 0.5, "1/s")]


def _begin(store: Store, uuid: str, *, cloud: str = "c", scenarios: tuple[str, ...] = ("Nova.boot",)) -> dict[int, str]:
    made = tuple(Workload(number, name, {}, "serial", {}, {}, {}) for number, name in enumerate(scenarios))
    return store.tasks.begin(_uuid(uuid), cloud=cloud, task=Task("t", (Subtask("s", made),)), environment={})


def _uuid(digit: str) -> str:
    return f"{digit * 8}-0000-4000-8000-000000000000"


def _figures(rows: list[FigureRow]) -> list[tuple[str, int, str, float, str]]:
    return [(row.action, row.depth, row.figure, row.value, row.unit) for row in rows]


def test_each_figure_of_a_judgement_is_a_row(store: Store) -> None:
    """Whole iterations have no action name, also next to an action called `total`, and None has no row."""
    [uuid] = _begin(store, "a").values()
    store.workloads.save_judgement(uuid, figures=WorkloadFigures(count=1), sla=[], passed=True)
    store.workloads.save_judgement(uuid, figures=FIGURES, sla=[], passed=True)

    found = _figures(store.figures.of(uuid))

    assert found[:2] == _FIRST_OF_LOAD
    assert [(action, depth, value) for action, depth, figure, value, _ in found if figure == "p95"] == [
        ("", 0, 2.5),
        ("total", 0, 9.5),
        ("nova.\ufffdboot ?", 1, 0.25),
    ]
    assert [(value, unit) for _, _, figure, value, unit in found if figure == "service_p95"] == [(1.5, "s")]
    assert {(figure, unit) for _, _, figure, _, unit in found} >= {("count", "1"), ("dropped", "1"), ("std", "s")}
    assert not {"p99", "throughput_succeeded"} & {figure for _, _, figure, _, _ in found}
    assert len(found) == 4 + 4 * 9


def test_a_figure_is_followed_over_tasks(store: Store) -> None:
    """The history of a figure has the workloads of a scenario, latest first, of one cloud or of all."""
    for number, (task, cloud) in enumerate((("a", "c"), ("b", "d"), ("c", "c"))):
        uuids = _begin(store, task, cloud=cloud, scenarios=("Nova.boot", "Nova.list"))
        for uuid in uuids.values():
            figures = replace(FIGURES, throughput=number + 1.0)
            store.workloads.save_judgement(uuid, figures=figures, sla=[], passed=True)

    every = store.figures.history("Nova.boot", "throughput")
    assert [(one.task[0], one.value, one.unit) for one in every] == [
        ("c", 3.0, "1/s"),
        ("b", 2.0, "1/s"),
        ("a", 1.0, "1/s"),
    ]
    assert [one.task[0] for one in store.figures.history("Nova.boot", "throughput", cloud="c")] == ["c", "a"]
    assert [one.task[0] for one in store.figures.history("Nova.list", "throughput", limit=1)] == ["c"]
    assert [one.value for one in store.figures.history("Nova.boot", "p95", action="total", limit=1)] == [9.5]
    assert store.figures.history("Nova.boot", "p95", action="nothing") == []


def test_figures_go_with_their_task(store: Store) -> None:
    """Deleting a task deletes its figures."""
    [uuid] = _begin(store, "a").values()
    store.workloads.save_judgement(uuid, figures=FIGURES, sla=[], passed=True)
    store.history.delete(_uuid("a"))

    assert store.figures.of(uuid) == []


@pytest.mark.parametrize("revision", [f"{number:04}" for number in range(1, 6)])
def test_figures_are_taken_from_every_older_database(revision: str, url: str) -> None:
    """The migrated figures are those that judging would write; invalid or missing statistics have none."""
    engine = _of(revision, url)
    given: list[Any] = [STATISTICS, None, {}, {"count": 1}, *[STATISTICS] * 40]
    _fill(engine, given)
    engine.dispose()
    store = Store.open(url)
    [judged] = _begin(store, "b").values()
    store.workloads.save_judgement(judged, figures=FIGURES, sla=[], passed=True)

    found = [_figures(store.figures.of(f"w{number:03}")) for number in range(len(given))]
    assert [len(figures) for figures in found] == [40, 0, 0, 0, *[40] * 40]
    assert found[0] == found[-1] == _figures(store.figures.of(judged))
    store.close()


@pytest.mark.parametrize("revision", ["0001", "0005"])
def test_damaged_documents_keep_no_older_database_shut(revision: str, tmp_path: Path) -> None:
    """A database with damaged documents is migrated; readable figures are taken over, and damage is reported."""
    url = f"sqlite:///{tmp_path / 'old.db'}"
    engine = _of(revision, url)
    row = STATISTICS["rows"][0]
    damaged = [
        {**STATISTICS, "rows": [7, {**row, "name": 1}, {**row, "depth": "x"}], "service": []},
        {**STATISTICS, "seconds": 10**400, "rows": {}},
        ["x"],
    ]
    _fill(engine, [STATISTICS, *damaged, {}])
    with engine.begin() as connection:
        connection.execute(text("UPDATE workloads SET statistics = '{\"count\": ' WHERE uuid = 'w004'"))
    engine.dispose()

    store = Store.open(url)

    assert [len(store.figures.of(f"w{number:03}")) for number in range(5)] == [40, 4, 12, 0, 0]
    told = {one.uuid: one.figure_damage for one in store.workloads.all()}
    assert [bool(told[f"w{number:03}"]) for number in range(5)] == [False, True, True, True, True]
    store.close()


def test_a_large_database_is_migrated_in_little_memory(tmp_path: Path) -> None:
    """The memory of a migration does not grow with the database."""
    large = {**STATISTICS, "rows": [{**STATISTICS["rows"][0], "name": f"action {number}"} for number in range(10)]}

    few, many = (_most_memory(f"sqlite:///{tmp_path / str(count)}", [large] * count) for count in (100, 600))

    assert many < 1.5 * few, f"{few / 1e6:.1f} MB for 100 workloads, {many / 1e6:.1f} MB for 600"


def _most_memory(url: str, statistics: list[Any]) -> int:
    """Return the peak memory in bytes of the migration of a database with these documents."""
    engine = _of("0005", url)
    _fill(engine, statistics)
    engine.dispose()
    tracemalloc.start()
    try:
        store = Store.open(url)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        store.close()


def _of(revision: str, url: str) -> Engine:
    """Return a database in the form of an older version."""
    if url.startswith("sqlite:///"):
        Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url)
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    return engine


def _fill(engine: Engine, statistics: list[Any]) -> None:
    tables = MetaData()
    tables.reflect(engine)
    task, subtask, workload = (tables.tables[name] for name in ("tasks", "subtasks", "workloads"))
    with engine.begin() as connection:
        connection.execute(task.insert(), _some(task, uuid="old"))
        connection.execute(subtask.insert(), _some(subtask, id=1000, task_uuid="old"))
        own = _some(workload, task_uuid="old", subtask_id=1000)
        rows = [{**own, "uuid": f"w{number:03}", "statistics": one} for number, one in enumerate(statistics)]
        connection.execute(insert(workload), rows)


def _some(table: Any, **given: Any) -> dict[str, Any]:
    """Return a row with a value in each required column."""
    kinds = {str: "x", int: 1, float: 1.0, bool: True}
    return {
        one.name: given.get(one.name, {} if isinstance(one.type, JSON) else kinds[one.type.python_type])
        for one in table.columns
        if not one.nullable
    }
