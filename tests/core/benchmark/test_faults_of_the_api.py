"""A whole task on a cloud with a faulty API: the failures, the verdict and the leftovers."""

import threading
from pathlib import Path
from typing import Any

import pytest
import yaml
from fault_proxy import Act, Fault, FaultProxy, cut, lost, reset, says, silence, status, with_headers
from judged import is_invalid, missed
from small_cloud import SmallCloud

from rallycross import catalogue, task
from rallycross.benchmark import task_run
from rallycross.judging.judge import judge
from rallycross.judging.verdict import verdict
from rallycross.results.sample_file import read_samples
from rallycross.results.store import Store

UUID = "33333333-2222-4333-8444-555555555555"
# What becomes of a request to boot a server, iteration by iteration: the fault, and the failure that is measured.
FAULTS: dict[str, tuple[Act, str]] = {
    "429": (status(429, Retry_After="1"), "ApiError"),
    "503": (status(503, Retry_After="1"), "ApiError"),
    "413": (status(413), "ApiError"),
    "500": (status(500), "ApiError"),
    "reset": (reset, "Unreachable"),
    "carried out late, and never answered": (lost(0.5), "Unreachable"),
    "no answer in time": (silence, "Unreachable"),
    "a flood of headers": (with_headers(*[(f"X-{number}", "y" * 60000) for number in range(9)]), "Unreachable"),
    "cut short": (cut, "BadAnswer"),
    "html": (says(b"<html>", "text/html"), "BadAnswer"),
    "truncated JSON": (says(b'{"server": {"id'), "BadAnswer"),
    "null": (says(b"null"), "BadAnswer"),
    "a list": (says(b"[]"), "BadAnswer"),
    "empty": (says(b""), "BadAnswer"),
    "no content": (status(204, b""), "BadAnswer"),
    "another key": (says(b'{"volume": {}}'), "BadAnswer"),
    "null in its place": (says(b'{"server": null}'), "BadAnswer"),
    "a list in its place": (says(b'{"server": []}'), "BadAnswer"),
    "without an id": (says(b'{"server": {}}'), "BadAnswer"),
    "bad gzip": (with_headers(("Content-Encoding", "gzip")), "BadAnswer"),
    "choices": (status(300, b'{"choices": []}'), "BadAnswer"),
    "redirect": (status(307, Location="http://elsewhere.invalid/"), "BadAnswer"),
    "signed out": (status(401), ""),
}


def test_each_fault_is_one_failure_and_nothing_is_left(
    small_cloud: SmallCloud, sqlite_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the load each fault fails its iteration under its name, and is not sent again; the run ends, and is judged.

    Around the load, where every few requests fail as well, everything comes to stand and goes again.
    """
    monkeypatch.setenv("RALLYCROSS_API_PATIENCE", "60")
    monkeypatch.setenv("RALLYCROSS_REQUEST_LIMIT", "5")
    monkeypatch.setenv("RALLYCROSS_LATE_PATIENCE", "5")
    boot: dict[str, Any] = {"flavor": {"name": "m1.nano"}, "image": {"name": "cirros"}}
    budget = {"BadAnswer": 100, "Unreachable": 100, "ApiError 4xx": 10, "ApiError 5xx": 0}
    plan = {
        "version": 2,
        "title": "T",
        "subtasks": [
            {
                "title": "s",
                "scenario": {"NovaServers.boot_and_delete_server": boot},
                "runner": {"serial": {"times": len(FAULTS)}},
                "contexts": {"users": {"tenants": 2}},
                "sla": {"error_budget": budget},
            }
        ],
    }
    with FaultProxy(small_cloud.url) as proxy:
        proxy.faults += [Fault(act, "^POST /compute/v2.1/servers$") for act, _ in FAULTS.values()]
        # Not of signing in: an iteration of the load does that too, and which request a fault meets is chance.
        around = r"^(GET|DELETE|POST) /(identity/v3/(?!auth)|network/|block-storage/)"
        proxy.faults += [
            Fault(status(429, Retry_After="0"), around, times=-1, every=11),
            Fault(status(503), around, times=-1, every=13),
            Fault(reset, around.replace("|POST", ""), times=-1, every=17),
        ]
        task_run.run(
            task.load(yaml.safe_dump(plan), known=catalogue.known()),
            proxy.cloud(small_cloud.cloud()),
            sqlite_store,
            uuid=UUID,
            samples=tmp_path / "samples",
            stop=threading.Event(),
        )
    row = sqlite_store.tasks.get(UUID)
    assert row is not None
    [workload] = row.workloads
    assert (workload.status, workload.error) == ("finished", "")
    samples = read_samples(tmp_path / "samples" / workload.uuid).to_pylist()
    failures = [
        (sample["failure"] or {}).get("kind", "") for sample in sorted(samples, key=lambda one: one["iteration"])
    ]
    assert dict(zip(FAULTS, failures, strict=True)) == {name: kind for name, (_, kind) in FAULTS.items()}
    assert sum(request == "POST /compute/v2.1/servers" for request in proxy.requests) == len(FAULTS) + 1
    assert [small_cloud.count(kind) for kind in ("projects", "users", "servers")] == [0, 0, 0]
    assert sqlite_store.ledger.standing("small") == []
    judge(sqlite_store, UUID, samples=tmp_path / "samples")
    found = verdict(sqlite_store, task=UUID)
    # Where other work on the machine kept the generator, what the load missed is not the cloud's doing.
    assert found.word == ("invalid" if is_invalid(found.rows) else "failed")
    assert list(missed(found.rows)) == ["error_budget"]
    assert "ApiError 5xx" in missed(found.rows)["error_budget"]
