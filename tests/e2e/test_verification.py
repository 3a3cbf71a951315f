"""A real cloud is verified by a real tempest: whole, stopped, killed, refused."""

import os
import signal
import stat
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rallycross.cloud.cloud import Cloud
from rallycross.errors import RallycrossError
from rallycross.verification.command import Stopped
from rallycross.verification.selection import Choice
from rallycross.verification.source import Source
from rallycross.verification.test import TestResult
from rallycross.verification.verify import Request, Totals, options_of, verify
from rallycross.verification.workers import PIDS

pytestmark = pytest.mark.e2e


class Told:
    """What a verification has told."""

    def __init__(self, then: Callable[[TestResult], None] = lambda _: None) -> None:
        self.total = 0
        self.environment: dict[str, Any] = {}
        self.results: dict[str, TestResult] = {}
        self.then = then

    def begin(self, total: int, environment: dict[str, Any]) -> None:
        """Take note of the beginning."""
        self.total, self.environment = total, environment

    def record(self, result: TestResult) -> None:
        """Take note of a test."""
        self.results[result.name] = result
        self.then(result)


def quick(cloud: Cloud, workspace: Path, told: Told, stop: threading.Event | None = None) -> Totals:
    """Run the quick set."""
    return verify(
        cloud,
        Request(Choice(set="quick")),
        workspace=workspace,
        environments=workspace.parent / "environments",
        begin=told.begin,
        record=told.record,
        stop=stop or threading.Event(),
    )


def made_by_tempest(cloud: Cloud) -> list[str]:
    """Return the names of what tempest has made and that still stands."""
    connection = cloud.connect()
    identity: Any = connection.identity
    domains = list(identity.domains())
    things = [*domains, *identity.projects(), *identity.users(), *identity.roles(), *identity.groups()]
    things += [*connection.compute.servers(all_projects=True), *connection.compute.flavors()]
    things += [*connection.network.networks(), *connection.network.routers(), *connection.image.images()]
    things += connection.block_storage.volumes(all_projects=True)
    return [thing.name for thing in things if (thing.name or "").startswith("tempest-")]


def test_the_quick_set_passes_and_leaves_nothing_behind(embedded_cloud: Cloud, tmp_path: Path) -> None:
    """Every planned test has a result, none fails, what was decided is told, and the cloud is as it was before."""
    told = Told()
    totals = quick(embedded_cloud, tmp_path / "w", told)
    failed = {name: result.traceback for name, result in told.results.items() if result.status == "fail"}
    assert not failed
    assert totals.tests == told.total == len(told.results) == totals.passed + totals.skipped
    assert totals.passed >= 20
    assert "fake" in told.environment["hypervisors"]
    assert told.environment["options"]["compute.image_ref"]["why"].startswith("cirros")
    assert totals.left_behind == ()
    assert made_by_tempest(embedded_cloud) == []
    assert stat.S_IMODE((tmp_path / "w" / "tempest.conf").stat().st_mode) == 0o600


def test_a_stopped_verification_is_told_and_cleaned_up(embedded_cloud: Cloud, tmp_path: Path) -> None:
    """Stopping ends the run with what was seen until then; half-made servers and projects do not stay."""
    stop = threading.Event()
    told = Told(then=lambda result: stop.set() if result.status == "success" else None)
    with pytest.raises(Stopped, match=r"after \d+ of \d+ tests: the verification was stopped"):
        quick(embedded_cloud, tmp_path / "w", told, stop)
    assert 0 < len(told.results) < told.total
    assert made_by_tempest(embedded_cloud) == []
    assert not (tmp_path / "w" / PIDS).exists()


def test_what_a_killed_verification_left_is_ended_and_deleted_by_the_next(
    embedded_cloud: Cloud, tmp_path: Path
) -> None:
    """After kill -9, the next run in the same workspace begins with the processes and things that were left."""
    workspace = tmp_path / "w"
    pid = os.fork()
    if pid == 0:
        try:
            quick(embedded_cloud, workspace, Told(then=lambda _: os.kill(os.getpid(), signal.SIGKILL)))
        finally:
            os._exit(1)
    _, code = os.waitpid(pid, 0)
    assert os.WTERMSIG(code) == signal.SIGKILL
    orphans = [int(line.split()[0]) for line in (workspace / PIDS).read_text().splitlines()]
    assert orphans
    assert made_by_tempest(embedded_cloud) != []

    stop = threading.Event()
    stop.set()
    with pytest.raises(Stopped):
        quick(embedded_cloud, workspace, Told(), stop)
    deadline = time.monotonic() + 10
    while any(Path(f"/proc/{orphan}").exists() for orphan in orphans) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not [orphan for orphan in orphans if Path(f"/proc/{orphan}").exists()]
    assert made_by_tempest(embedded_cloud) == []


def test_wrong_credentials_are_told_before_anything_is_made(embedded_cloud: Cloud, tmp_path: Path) -> None:
    """The message names the cloud and says that it does not let us in; no configuration is written."""
    auth = {**embedded_cloud.config["auth"], "password": "wrong"}
    stranger = replace(embedded_cloud, config={**embedded_cloud.config, "auth": auth})
    with pytest.raises(RallycrossError, match=rf"cloud '{embedded_cloud.name}': cannot sign in"):
        quick(stranger, tmp_path, Told())
    assert not (tmp_path / "tempest.conf").exists()


def test_another_verifier_runs_against_the_same_cloud(embedded_cloud: Cloud, tmp_path: Path) -> None:
    """The functional tests of openstacksdk, installed from its package, find the cloud, pass, and leave nothing."""
    needed = ("oslotest", "ddt", "requests-mock", "testscenarios", "jsonschema", "fixtures")
    source = Source("project", "openstacksdk==4.22.0", needed, "openstack.tests.functional.cloud")
    own = (
        "DEMO_CLOUD=member",
        "DEMO_CLOUD_ALT=member",
        "OPERATOR_CLOUD=admin",
        "SYSTEM_ADMIN_CLOUD=admin",
        "IMAGE=cirros",
    )
    options = options_of(f"OPENSTACKSDK_{one}" for one in own)
    choice = Choice(pattern=r"cloud\.test_(image|meta)\.")  # others want DevStack's flavors
    told = Told()
    totals = verify(
        embedded_cloud,
        Request(choice, source, concurrency=1, options=options),
        workspace=tmp_path / "w",
        environments=tmp_path / "environments",
        begin=told.begin,
        record=told.record,
        stop=threading.Event(),
    )
    failed = {name: result.traceback for name, result in told.results.items() if result.status == "fail"}
    assert not failed
    assert totals.passed >= 10
    assert told.environment["verifier"] == "openstacksdk 4.22.0"
    assert made_by_tempest(embedded_cloud) == []
