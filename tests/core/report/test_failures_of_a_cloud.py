"""What a cloud does wrong in a load is in the report, with the request by which its logs name it."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest
import yaml
from fault_proxy import Act, Fault, FaultProxy, Request, changed, silence, status
from rich.console import Console
from small_cloud import SmallCloud

from rallycross import catalogue, task
from rallycross.benchmark import task_run
from rallycross.cli.results_tables import show_task
from rallycross.judging.judge import judge
from rallycross.report.files import rendered
from rallycross.results.store import Store

UUID = "44444444-2222-4333-8444-555555555555"
NO_HOST = "No valid host was found"
SERVERS = "/compute/v2.1/servers"


def refused(code: int, message: str, request_id: str, **headers: str) -> Act:
    """Answer as nova does: with a message and the request's id."""
    body = json.dumps({"badRequest": {"code": code, "message": message}}).encode()
    return status(code, body, Content_Type="application/json", x_openstack_request_id=request_id, **headers)


def as_failed(_: Request, answer: Any) -> Any:
    """Change the answer about a server: it is in an error state."""
    return {"server": {**answer["server"], "status": "ERROR", "fault": {"code": 500, "message": NO_HOST}}}


def faults() -> list[Fault]:
    """Return what goes wrong: in one iteration after another, of which the last two go well."""
    return [
        Fault(refused(500, "The database is away", "req-boot-500"), f"^POST {SERVERS}$"),
        Fault(refused(503, "Too busy", "req-boot-503", Retry_After="1"), f"^POST {SERVERS}$"),
        Fault(silence, f"^POST {SERVERS}$"),
        Fault(changed(as_failed), f"^GET {SERVERS}/servers-"),
        Fault(refused(409, "It is being changed", "req-delete-409"), f"^DELETE {SERVERS}/servers-"),
        # The clean-up meets the conflict for a while longer, with the servers of both.
        Fault(refused(409, "It is being changed", "req-clean-up"), f"^DELETE {SERVERS}/servers-[12]$", times=4),
    ]


def test_each_failure_is_in_the_report_with_its_request_and_message(
    small_cloud: SmallCloud, sqlite_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refusals, a server in ERROR and silence each fail one iteration; page, document and terminal have id and message.

    The run ends by itself, and nothing is left in the cloud.
    """
    monkeypatch.setenv("RALLYCROSS_REQUEST_LIMIT", "2")
    monkeypatch.setenv("RALLYCROSS_LATE_PATIENCE", "1")
    boot = {"flavor": {"name": "m1.nano"}, "image": {"name": "cirros"}}
    workload = {
        "title": "s",
        "scenario": {"NovaServers.boot_and_delete_server": boot},
        "runner": {"serial": {"times": 7}},
        "contexts": {"users": {}},
    }
    with FaultProxy(small_cloud.url) as proxy:
        proxy.faults += faults()
        task_run.run(
            task.load(yaml.safe_dump({"version": 2, "title": "T", "subtasks": [workload]}), known=catalogue.known()),
            proxy.cloud(small_cloud.cloud()),
            sqlite_store,
            uuid=UUID,
            samples=tmp_path,
            stop=threading.Event(),
        )
    judge(sqlite_store, UUID, samples=tmp_path)
    assert [small_cloud.count(kind) for kind in ("projects", "users", "servers")] == [0, 0, 0]
    assert sqlite_store.ledger.standing("small") == []
    row = sqlite_store.tasks.get(UUID)
    assert row is not None
    [stored] = row.workloads
    failures = {one.iteration: one for one in stored.figures.failures}
    assert (stored.status, sorted(failures)) == ("finished", [0, 1, 2, 3, 4])
    said = {number: (failure.request_id, failure.example) for number, failure in failures.items()}
    assert said[3][0].startswith("req-")  # the small cloud's own, of the request that asked for the server
    wanted = {
        0: ("req-boot-500", "500 The database is away"),
        1: ("req-boot-503", "503 Too busy"),
        2: ("", "no complete answer within 2 s (RALLYCROSS_REQUEST_LIMIT)"),
        3: (said[3][0], f"it is in status ERROR: {NO_HOST}"),
        4: ("req-delete-409", "409 It is being changed"),
    }
    shown = Console(width=200, record=True, file=(tmp_path / "out").open("w"))
    for part in show_task(sqlite_store, row, tmp_path):
        shown.print(part)
    terminal = shown.export_text()
    page, document = (
        rendered(sqlite_store, form, verification=None, task=UUID, samples=tmp_path).decode()
        for form in ("html", "json")
    )
    for number, (request, message) in wanted.items():
        assert (said[number][0], message in said[number][1]) == (request, True), said[number]
        for text in (page, document, terminal):
            assert request in text
        for text in (page, document):
            assert message in text
