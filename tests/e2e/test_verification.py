"""A real cloud is verified by a real tempest: whole, stopped, killed, refused."""

import os
import signal
import stat
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from rallycross.cloud.cloud import Cloud
from rallycross.errors import RallycrossError
from rallycross.verification import discovery
from rallycross.verification.command import VerificationStopped
from rallycross.verification.selection import Choice
from rallycross.verification.source import Source
from rallycross.verification.test import TestResult
from rallycross.verification.verify import Totals, VerificationRequest, options_of, verify
from rallycross.verification.worker_pool import PIDS

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
        VerificationRequest(Choice(set="quick")),
        workspace=workspace,
        environments=workspace.parent / "environments",
        begin=told.begin,
        record=told.record,
        stop=stop or threading.Event(),
    )


def chosen(
    cloud: Cloud, workspace: Path, told: Told, *tests: str, accounts: Path | None = None, stop: bool = False
) -> Totals:
    """Run tests by their names, one at a time; `stop`: as soon as it can be stopped, which is before the first."""
    stopping = threading.Event()
    if stop:
        stopping.set()
    return verify(
        cloud,
        VerificationRequest(Choice(tests=tests), concurrency=1, accounts=str(accounts or "")),
        workspace=workspace,
        environments=workspace.parent / "environments",
        begin=told.begin,
        record=told.record,
        stop=stopping,
    )


def killed(run: Callable[[Told], object]) -> None:
    """Run in a process that is killed as its first test ends."""
    pid = os.fork()
    if pid == 0:
        try:
            run(Told(then=lambda _: os.kill(os.getpid(), signal.SIGKILL)))
        finally:
            os._exit(1)
    _, code = os.waitpid(pid, 0)
    assert os.WTERMSIG(code) == signal.SIGKILL


def killed_with_a_server(cloud: Cloud, run: Callable[[Told], object]) -> None:
    """Run in a process that is killed, and those of its tests before it, as soon as a server of theirs stands."""

    def watch() -> None:
        compute = cloud.connect().compute
        while not [one for one in compute.servers(all_projects=True) if (one.name or "").startswith("tempest-")]:
            time.sleep(0.1)
        for process in psutil.Process().children(recursive=True):
            process.kill()
        os.kill(os.getpid(), signal.SIGKILL)

    pid = os.fork()
    if pid == 0:
        try:
            threading.Thread(target=watch, daemon=True).start()
            run(Told())
        finally:
            os._exit(1)
    _, code = os.waitpid(pid, 0)
    assert os.WTERMSIG(code) == signal.SIGKILL


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
    with pytest.raises(VerificationStopped, match=r"after \d+ of \d+ tests: the verification was stopped"):
        quick(embedded_cloud, tmp_path / "w", told, stop)
    assert 0 < len(told.results) < told.total
    assert made_by_tempest(embedded_cloud) == []
    assert not (tmp_path / "w" / PIDS).exists()


def test_what_a_killed_verification_left_is_ended_and_deleted_by_the_next(
    embedded_cloud: Cloud, tmp_path: Path
) -> None:
    """After kill -9, the next run in the same workspace begins with the processes and things that were left."""
    workspace = tmp_path / "w"
    killed(lambda told: quick(embedded_cloud, workspace, told))
    orphans = [int(line.split()[0]) for line in (workspace / PIDS).read_text().splitlines()]
    assert orphans
    assert made_by_tempest(embedded_cloud) != []

    stop = threading.Event()
    stop.set()
    with pytest.raises(VerificationStopped):
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
    assert (tmp_path / "tempest.conf").read_text() == ""


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
        VerificationRequest(choice, source, concurrency=1, options=options),
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


@pytest.fixture(name="accounts")
def _accounts(embedded_cloud: Cloud, tmp_path: Path) -> Iterator[Path]:
    """Give a file as tempest's generator writes it: a project's member and reader, another's, and an administrator."""
    connection = embedded_cloud.connect()
    identity: Any = connection.identity
    network: Any = connection.network
    roles = {role.name: role for role in identity.roles()}
    written, projects, users, networks = [], [], [], []
    try:
        for number, given in enumerate((("member", "reader"), ("member",), ("admin",))):
            projects.append(identity.create_project(name=f"given-{number}", domain_id="default"))
            networks.append(network.create_network(name=f"given-{number}", project_id=projects[-1].id))
            network.create_subnet(network_id=networks[-1].id, ip_version=4, cidr="10.77.0.0/24")
            for role in given:
                name = f"given-{number}-{role}"
                users.append(identity.create_user(name=name, password="given", domain_id="default"))
                identity.assign_project_role_to_user(projects[-1], users[-1], roles[role])
                account = {"username": name, "password": "given", "project_name": projects[-1].name}
                resources = {"network": networks[-1].name}
                written.append({**account, "domain_name": "Default", "roles": [role], "resources": resources})
        file = tmp_path / "accounts.yaml"
        file.write_text(yaml.safe_dump(written))
        yield file
    finally:
        for one in networks:
            network.delete_network(one)
        for project in projects:
            for group in network.security_groups(project_id=project.id):
                network.delete_security_group(group)
            identity.delete_project(project)
        for user in users:
            identity.delete_user(user)


SERVER = "tempest.api.compute.servers.test_create_server.ServersTestJSON.test_list_servers"
LISTED = "tempest.api.compute.servers.test_create_server.ServersTestJSON.test_verify_server_details"
OF_ACCOUNTS = (
    "tempest.api.volume.test_volumes_get.VolumesGetTest.test_volume_create_get_update_delete",
    SERVER,
    "tempest.api.network.test_routers.RoutersTest.test_create_show_list_update_delete_router",
    "tempest.api.image.v2.test_images.BasicOperationsImagesTest.test_delete_image",
    "tempest.api.identity.v3.test_tokens.TokensV3Test.test_validate_token",
)
OWN_USERS = "tempest.api.identity.admin.v3.test_domains.DomainsTestJSON.test_create_update_delete_domain"


def test_tests_take_the_accounts_that_were_given(embedded_cloud: Cloud, accounts: Path, tmp_path: Path) -> None:
    """No user or project is made; tests that have to make theirs are skipped with the reason; nothing is left."""
    identity: Any = embedded_cloud.connect().identity

    def users() -> list[str]:
        return sorted(user.id for user in identity.users())

    before, seen = users(), []
    told = Told(then=lambda _: seen.append(users()))
    totals = chosen(embedded_cloud, tmp_path / "w", told, *OF_ACCOUNTS, OWN_USERS, accounts=accounts)
    assert {result.traceback for result in told.results.values() if result.status == "fail"} == set()
    assert (totals.passed, totals.skipped) == (len(OF_ACCOUNTS), 1)
    assert "accounts were given" in told.results[OWN_USERS].reason
    assert all(one == before for one in seen)
    options = told.environment["options"]
    assert options["auth.use_dynamic_credentials"]["value"] == "false"
    assert options["auth.test_accounts_file"]["why"] == "4 accounts were given: 1 admin, 2 member, 1 reader"
    assert made_by_tempest(embedded_cloud) == []


def test_a_killed_verification_gives_its_accounts_back(embedded_cloud: Cloud, accounts: Path, tmp_path: Path) -> None:
    """The next in the same workspace deletes what was left in their projects, and finds all of them free."""
    workspace = tmp_path / "w"
    killed_with_a_server(
        embedded_cloud, lambda told: chosen(embedded_cloud, workspace, told, LISTED, SERVER, accounts=accounts)
    )
    assert made_by_tempest(embedded_cloud) != []
    told = Told()
    totals = chosen(embedded_cloud, workspace, told, SERVER, accounts=accounts)
    assert (totals.passed, totals.left_behind) == (1, ())
    assert made_by_tempest(embedded_cloud) == []


def test_an_account_that_is_not_let_in_is_named(embedded_cloud: Cloud, accounts: Path, tmp_path: Path) -> None:
    """Before anything is made, and by its name."""
    accounts.write_text(accounts.read_text().replace("password: given", "password: wrong", 1))
    with pytest.raises(RallycrossError, match="cannot sign in with the account given-0-member"):
        chosen(embedded_cloud, tmp_path / "w", Told(), SERVER, accounts=accounts)
    assert (tmp_path / "w" / "tempest.conf").read_text() == ""


FLOATING = "tempest.api.network.test_floating_ips.FloatingIPTestJSON.test_create_list_show_update_delete_floating_ip"


@pytest.fixture(name="no_way_out")
def _no_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the cloud's external networks overlooked."""
    monkeypatch.setitem(discovery.QUERIES["network"], "external_networks", lambda _: ())


@pytest.mark.usefixtures("no_way_out")
def test_an_external_network_is_made_where_there_is_none(embedded_cloud: Cloud, tmp_path: Path) -> None:
    """Floating addresses come out of it, the report says so, and it is gone afterwards."""
    told = Told()
    totals = chosen(embedded_cloud, tmp_path / "w", told, FLOATING)
    assert told.results[FLOATING].traceback == ""
    assert (totals.passed, totals.left_behind) == (1, ())
    why = told.environment["options"]["network.public_network_id"]["why"]
    assert why.endswith("created for this run, and deleted after it: the cloud has none")
    assert made_by_tempest(embedded_cloud) == []


@pytest.mark.usefixtures("no_way_out")
def test_an_external_network_of_a_killed_verification_is_deleted(embedded_cloud: Cloud, tmp_path: Path) -> None:
    """With the routers and floating addresses of the tests, by the next run in the same workspace."""
    workspace = tmp_path / "w"
    killed(lambda told: chosen(embedded_cloud, workspace, told, FLOATING, SERVER))
    assert [name for name in made_by_tempest(embedded_cloud) if name.endswith("-public")]
    with pytest.raises(VerificationStopped):
        chosen(embedded_cloud, workspace, Told(), FLOATING, stop=True)
    assert made_by_tempest(embedded_cloud) == []
