"""Simultaneous loads on one cloud are mentioned in both runs."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest
import yaml
from small_cloud import SmallCloud

from rallycross import catalogue, task
from rallycross.benchmark import task_run
from rallycross.cli.results_tables import show_task
from rallycross.judging.judge import judge
from rallycross.report.files import rendered
from rallycross.results.store import Store

FIRST, SECOND = "aaaaaaaa-2222-4333-8444-555555555555", "bbbbbbbb-2222-4333-8444-555555555555"
PLAN: dict[str, Any] = {
    "version": 2,
    "title": "The same",
    "subtasks": [
        {"title": "s", "scenario": {"Authenticate.keystone": {}}, "runner": {"constant_for_duration": {"duration": 4}}}
    ],
}


@pytest.mark.parametrize("together", [True, False])
def test_a_load_beside_another_is_told_in_both(
    together: bool, small_cloud: SmallCloud, sqlite_store: Store, tmp_path: Path
) -> None:
    """Both logs and both reports mention simultaneous loads; consecutive loads are not mentioned."""
    store = sqlite_store
    told: dict[str, list[str]] = {FIRST: [], SECOND: []}

    enough = threading.Event()

    def run(uuid: str, duration: float, stop: threading.Event) -> None:
        plan = json.loads(json.dumps(PLAN))
        plan["subtasks"][0]["runner"]["constant_for_duration"]["duration"] = duration
        task_run.run(
            task.load(yaml.safe_dump(plan), known=catalogue.known()),
            small_cloud.cloud(),
            store,
            uuid=uuid,
            samples=tmp_path,
            stop=stop,
            tell=told[uuid].append,
        )

    first = threading.Thread(target=run, args=(FIRST, 60 if together else 0.2, enough))
    first.start()
    while together and not any(one.load_began_at for one in getattr(store.tasks.get(FIRST), "workloads", [])):
        first.join(0.05)
        assert first.is_alive()
    if not together:
        first.join()
    run(SECOND, 0.5, threading.Event())
    enough.set()
    first.join()
    for uuid, other in ((FIRST, SECOND), (SECOND, FIRST)):
        judge(store, uuid, samples=tmp_path)
        html, document = (
            rendered(store, form, verification=None, task=uuid, samples=tmp_path).decode() for form in ("html", "json")
        )
        row = store.tasks.get(uuid)
        assert row is not None
        shown = " ".join(str(part) for part in show_task(store, row, tmp_path))
        assert [one["task"] for one in json.loads(document)["beside"]] == ([other] if together else [])
        assert (f"The same, task {other}" in html) is together
        assert (f"task {other}" in shown) is together
        assert any(other in line for line in told[uuid]) is together
