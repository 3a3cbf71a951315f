"""The embedded cloud is a real OpenStack that heals, survives being stopped, and leaves nothing."""

import signal
import stat
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from signalled import strike

from rallycross import deployment, lifecycle
from rallycross.cloud.cloud import Cloud
from rallycross.deployment import CloudSpec, Site
from rallycross.deployment.step import StepEvent, Tell
from rallycross.results.store import Store
from rallycross.settings import Settings, settings

pytestmark = pytest.mark.e2e


def site(spec: CloudSpec, paths: Settings, tell: Tell = lambda _: None) -> Site:
    """Return the site of a cloud, as the command line has it."""
    return lifecycle.site_of(spec, Store.open(paths.results_url), paths, uuid="e2e", tell=tell)


@pytest.fixture(name="root")
def _root(paths: Settings, embedded_cloud: Cloud) -> str:
    return str(paths.clouds / embedded_cloud.name)


def create(cloud: Cloud, network: str, **more: Any) -> Any:
    """Ask for a server."""
    connection = cloud.connect()
    return connection.compute.create_server(
        name="e2e",
        image_id=connection.image.find_image("cirros").id,
        flavor_id=connection.compute.find_flavor("m1.nano").id,
        networks=[{"uuid": network}],
        **more,
    )


def boot(cloud: Cloud, network: str, **more: Any) -> tuple[str, str]:
    """Boot a server and delete it; return the status and the host that it had in between."""
    compute = cloud.connect().compute
    server = create(cloud, network, **more)
    try:
        active = compute.wait_for_server(server, interval=0.5, wait=120)
        return active.status, active.compute_host
    finally:
        compute.delete_server(server)
        compute.wait_for_delete(server, interval=0.5, wait=120)


def services(spec: CloudSpec, paths: Settings) -> dict[str, Any]:
    """Return the services by name."""
    return {service.name: service for service in deployment.status(spec, site(spec, paths))}


def pid_of(spec: CloudSpec, paths: Settings, name: str) -> int:
    """Return the process of a service, as its supervisor has it."""
    return int(services(spec, paths)[name].detail.split("pid ")[1].split(",")[0])


def eventually(true: Callable[[], bool], limit: float) -> bool:
    """Wait for something to become true; an API that does not answer yet is not true yet."""
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        try:
            if true():
                return True
        except Exception:  # noqa: BLE001 - whatever a half-healed cloud answers
            pass
        time.sleep(1)
    return False


def running_in(root: str) -> list[str]:
    """Return the command lines of processes whose program or arguments are in the folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if f"{root}/" in line:
            found.append(line)
    return found


def test_every_service_runs_on_loopback_only(
    spec: CloudSpec,
    paths: Settings,
    embedded_cloud: Cloud,  # noqa: ARG001 - has to stand
) -> None:
    """All services run, and nothing that belongs to the cloud listens beyond this machine."""
    states = services(spec, paths)

    assert {"RUNNING"} == {service.state for service in states.values()}
    assert {
        "mariadb",
        "rabbitmq",
        "memcached",
        "keystone-api",
        "nova-compute",
        "cinder-volume",
        "cinder-backup",
    } <= states.keys()
    ports = {f":{port:04X}" for port in range(20000, 30000)}
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            local, state = line.split()[1], line.split()[3]
            if state == "0A" and any(local.endswith(port) for port in ports):
                assert local.split(":")[0] in {"0100007F", "00000000000000000000000001000000"}, line


def test_credentials_are_the_owners_alone(paths: Settings, root: str) -> None:
    """Nobody else can read the cloud's folder, its secrets, or the clouds.yaml of all clouds."""
    assert stat.S_IMODE(Path(root).stat().st_mode) == 0o700
    for name in ("cloud.json", "clouds.yaml", "etc/nova/nova.conf", "etc/supervisord.conf"):
        assert stat.S_IMODE(Path(root, name).stat().st_mode) == 0o600, name
    assert stat.S_IMODE(paths.clouds_yaml.stat().st_mode) == 0o600


def test_a_server_boots_on_each_of_three_hosts(embedded_cloud: Cloud, network: str) -> None:
    """There are three compute hosts, and each can be chosen and boots a server."""
    for number in (1, 2, 3):
        host = f"compute-{number}"
        assert boot(embedded_cloud, network, availability_zone=f"nova:{host}") == ("ACTIVE", host)


def test_a_second_deploy_does_nothing_again(
    spec: CloudSpec,
    paths: Settings,
    embedded_cloud: Cloud,  # noqa: ARG001 - has to stand
) -> None:
    """Deploying a cloud that stands skips every step but those that look whether it stands."""
    events: list[StepEvent] = []

    again = deployment.deploy(spec, site(spec, paths, events.append))

    ran = {event.name for event in events if event.status == "done"}
    assert {"backing services", "services", "check"} == ran
    assert {event.status for event in events} <= {"running", "done", "skipped"}
    assert again.environment["nova"] == "34.0.0"


@pytest.mark.parametrize("name", ["nova-conductor", "mariadb", "rabbitmq", "nova-compute"])
def test_what_is_killed_comes_back(
    spec: CloudSpec, paths: Settings, embedded_cloud: Cloud, network: str, name: str
) -> None:
    """After kill -9 of a service, another process takes its place, and servers boot again."""
    before = pid_of(spec, paths, name)

    strike(before, signal.SIGKILL)

    assert eventually(lambda: pid_of(spec, paths, name) != before, 60)
    assert eventually(lambda: boot(embedded_cloud, network)[0] == "ACTIVE", 300)


@pytest.mark.parametrize(
    "api",
    [
        ("keystone-api", "identity", "/users/{user}"),
        ("neutron-api", "network", "/v2.0/networks"),
        ("cinder-api", "block-storage", "/volumes"),
    ],
    ids=lambda api: api[0],
)
def test_a_new_process_refuses_nobody(
    spec: CloudSpec, paths: Settings, embedded_cloud: Cloud, api: tuple[str, str, str]
) -> None:
    """Many requests at once are the first that an API's processes have: each knows what its caller may do."""
    name, service, path = api
    admin = embedded_cloud.connect()
    project = admin.identity.create_project(name=f"e2e-{uuid.uuid4().hex[:8]}", domain_id="default")
    user = admin.identity.create_user(name=project.name, password="e2e", domain_id="default")
    try:
        admin.identity.assign_project_role_to_user(project, user, admin.identity.find_role("member"))
        member = admin.connect_as(username=user.name, password="e2e", project_name=project.name)
        session, where = member.session, {"service_type": service, "interface": "public"}
        base = session.get_endpoint(**where)
        before = pid_of(spec, paths, name)
        strike(before, signal.SIGTERM)
        assert eventually(lambda: pid_of(spec, paths, name) != before and session.get(base, raise_exc=False), 60)

        url = base + path.format(user=user.id)
        with ThreadPoolExecutor(24) as threads:
            asked = [threads.submit(session.get, url, raise_exc=False, connect_retries=30) for _ in range(96)]

        assert {answer.result().status_code for answer in asked} == {200}
    finally:
        admin.identity.delete_user(user)
        admin.identity.delete_project(project)


def test_a_server_outlives_its_hypervisor(
    spec: CloudSpec, paths: Settings, embedded_cloud: Cloud, network: str
) -> None:
    """A server that was there when its compute service was killed can be rebooted afterwards."""
    compute = embedded_cloud.connect().compute
    server = create(embedded_cloud, network)
    try:
        compute.wait_for_server(server, interval=0.5, wait=120)
        before = pid_of(spec, paths, "nova-compute")
        strike(before, signal.SIGKILL)
        assert eventually(lambda: pid_of(spec, paths, "nova-compute") != before, 60)
        deployment.deploy(spec, site(spec, paths))

        compute.reboot_server(server, "SOFT")

        assert eventually(lambda: compute.get_server(server).status == "ACTIVE", 90)
    finally:
        compute.delete_server(server)
        compute.wait_for_delete(server, interval=0.5, wait=120)


def test_a_stopped_cloud_starts_again_with_what_it_held(
    spec: CloudSpec, root: str, paths: Settings, embedded_cloud: Cloud
) -> None:
    """Stopping leaves no process; the next deploy brings back the same cloud with the same things in it."""
    made = embedded_cloud.connect().network.create_network(name="e2e-kept")
    try:
        deployment.stop(spec, site(spec, paths))
        assert running_in(root) == []
        assert services(spec, paths) == {}

        deployment.deploy(spec, site(spec, paths))

        assert embedded_cloud.connect().network.get_network(made.id).name == "e2e-kept"
    finally:
        embedded_cloud.connect().network.delete_network(made)


def test_a_half_made_cloud_is_destroyed_without_a_trace(spec: CloudSpec, tmp_path: Path) -> None:
    """Destroying what a deploy was cut off at removes all of it; destroying twice is fine."""
    paths = settings({"RALLYCROSS_HOME": str(tmp_path)})
    root = str(paths.clouds / spec.name)
    events: list[StepEvent] = []

    def cut_off(event: StepEvent) -> None:
        events.append(event)
        if event.name == "packages" and event.status == "done":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        deployment.deploy(spec, site(spec, paths, cut_off))
    assert Path(root, "cloud.json").exists()

    for _ in range(2):
        deployment.destroy(spec, site(spec, paths))

        assert not Path(root).exists()
        assert running_in(root) == []
