"""How long each page of the UI takes beside 10,000 runs of 10 workloads with their figures.

Each page is rendered three times, and the longest time is printed; the program fails if one took longer than a second.

usage: .venv/bin/python tests/benchmarks/many_pages.py [URL]     (default: SQLite in a new folder; URL: an empty
database, or one that this program has filled)
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rallycross.results.store import Store
from rallycross.ui.leftovers import leftovers_page
from rallycross.ui.overview import overview_page
from rallycross.ui.page import Links, Page
from rallycross.ui.run import run_page
from rallycross.ui.runs import runs_page
from rallycross.ui.trends import trends_page
from rallycross.views.live import RunKey

RUNS, WORKLOADS, ACTIONS, RECIPES, CLOUDS = 10_000, 10, 3, 20, 10
LIMIT = 1.0  # seconds
_STATISTICS = (
    '{"version": 2, "count": 100, "rows": [' + ",".join(['{"name": "x", "count": 1, "failed": 0}'] * 40) + "]}"
)


def fill(store: Store) -> None:
    """Store the runs by statements of the database: objects would take minutes."""
    sqlite = store.database.engine.dialect.name == "sqlite"
    no, yes = ("0", "1") if sqlite else ("FALSE", "TRUE")
    task, workload = _id("i", 8000, sqlite=sqlite), _id("i", 9000, sqlite=sqlite)
    each = ACTIONS + 1
    text, many, one = "''", "'[]'", "'{}'"
    begun = "1.7e9 + i * 600"
    tables = [
        (
            RUNS,
            "tasks",
            {
                **dict.fromkeys(("description", "file", "origin", "stop_reason"), text),
                "uuid": task,
                "cloud": f"'cloud-' || (i % {CLOUDS})",
                "title": f"'recipe ' || (i % {RECIPES})",
                "tags": "'[\"nightly\"]'",
                "source": "'version: 2'",
                "status": "'finished'",
                "timing": "'intended'",
                "environment": '\'{"rallycross": "0.1.0"}\'',
                "started_at": begun,
                "ended_at": f"{begun} + 300",
            },
        ),
        (
            RUNS,
            "subtasks",
            {
                **dict.fromkeys(("title", "description", "group_name"), text),
                "id": "i + 1",
                "task_uuid": task,
                "position": "0",
                "tags": many,
                "run_in_parallel": no,
            },
        ),
        (
            RUNS * WORKLOADS,
            "workloads",
            {
                **dict.fromkeys(("description", "error", "error_detail"), text),
                **dict.fromkeys(("hooks", "contexts_done", "hook_results"), many),
                **dict.fromkeys(("args", "runner_args", "contexts", "sla", "progress", "generator"), one),
                "uuid": workload,
                "task_uuid": _id(f"(i / {WORKLOADS})", 8000, sqlite=sqlite),
                "subtask_id": f"i / {WORKLOADS} + 1",
                "position": f"i % {WORKLOADS}",
                "scenario": "'NovaServers.boot_and_delete_server'",
                "runner": "'constant'",
                "status": "'finished'",
                "started_at": begun,
                "ended_at": f"{begun} + 300",
                "statistics": f"'{_STATISTICS}'",
                "passed": yes,
            },
        ),
        (
            RUNS * WORKLOADS,
            "sla_rows",
            {
                "workload_uuid": workload,
                "criterion": "'failure_rate'",
                "passed": f"CASE WHEN i % 997 = 0 THEN {no} ELSE {yes} END",
                "detail": text,
            },
        ),
    ]
    for figure in ("p50", "p95", "avg"):
        values = {
            "workload_uuid": _id(f"(i / {each})", 9000, sqlite=sqlite),
            "action": f"CASE WHEN i % {each} = 0 THEN '' ELSE 'nova.action_' || (i % {each}) END",
            "depth": "0",
            "figure": f"'{figure}'",
            "value": "1 + (i % 7) / 10.0",
            "unit": "'s'",
        }
        tables.append((RUNS * WORKLOADS * each, "figures", values))
    numbers = (
        "SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {} - 1" if sqlite else "SELECT generate_series(0, {} - 1)"
    )
    with store.database.engine.execution_options(no_parameters=True).begin() as connection:
        for most, table, columns in tables:
            connection.exec_driver_sql(
                f"INSERT INTO {table} ({', '.join(columns)}) WITH RECURSIVE n(i) AS ({numbers.format(most)})"
                f" SELECT {', '.join(columns.values())} FROM n"
            )
        connection.exec_driver_sql("ANALYZE")


def _id(number: str, group: int, *, sqlite: bool) -> str:
    """Return the SQL of a uuid with a number in it."""
    padded = f"printf('%08d', {number})" if sqlite else f"lpad(({number})::text, 8, '0')"
    return f"{padded} || '-0000-4000-{group}-000000000000'"


def main() -> int:
    """Fill the database, and time each page."""
    url = (
        sys.argv[1] if len(sys.argv) > 1 else f"sqlite:///{Path(tempfile.mkdtemp(prefix='many-pages-')) / 'results.db'}"
    )
    store, links = Store.open(url), Links()
    if not store.tasks.latest(limit=1):
        fill(store)
    task = f"{RUNS - 1:08}-0000-4000-8000-000000000000"
    recipe = {"title": "recipe 7", "cloud": "cloud-7"}
    pages: dict[str, Callable[[], Page]] = {
        "overview": lambda: overview_page(store, links),
        "runs": lambda: runs_page(store, links, {}),
        "runs, 200 of them": lambda: runs_page(store, links, {"size": "200"}),
        "runs of a cloud": lambda: runs_page(store, links, {"cloud": "cloud-3"}),
        "runs of a recipe": lambda: runs_page(store, links, {"title": "recipe 3"}),
        "runs with a tag": lambda: runs_page(store, links, {"tag": "nightly"}),
        "runs with a tag that none has": lambda: runs_page(store, links, {"tag": "none"}),
        "runs that failed": lambda: runs_page(store, links, {"verdict": "failed"}),
        "runs that are invalid": lambda: runs_page(store, links, {"verdict": "invalid"}),
        "runs, the last page": lambda: runs_page(store, links, {"after": "1700000600.0~x"}),
        "a run": lambda: run_page(store, links, RunKey(task=task), follow=""),
        "trends": lambda: trends_page(store, links, {}),
        "trends of a recipe": lambda: trends_page(store, links, recipe),
        "trends of an action": lambda: trends_page(
            store, links, {**recipe, "workload": "3", "action": "nova.action_2"}
        ),
        "leftovers": lambda: leftovers_page(store, links, {}),
    }
    print(f"{url.partition('://')[0]}: {RUNS:,} runs of {WORKLOADS} workloads")
    slow = 0
    for name, make in pages.items():
        took, used = [], []
        for _ in range(3):
            began, cpu = time.perf_counter(), time.process_time()
            make()
            took.append(time.perf_counter() - began)
            used.append(time.process_time() - cpu)
        slow += max(took) > LIMIT
        print(f"{name:<32} {max(took):6.3f} s   CPU {max(used):6.3f} s")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
