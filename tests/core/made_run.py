"""A realistic run, generated from a seed: latency with a long tail, failures, a failed test."""

import random
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import update

from rallycross.deployment.step import StepEvent
from rallycross.judging.judge import judge
from rallycross.load.sample import Action, Failure, Sample, State
from rallycross.results.models import DeploymentRow, TaskRow, VerificationRow
from rallycross.results.reference import reference
from rallycross.results.sample_file import SampleWriter
from rallycross.results.store import Store
from rallycross.task.plan import Subtask, Task, Workload
from rallycross.verification.test import TestResult

STARTED = 1_795_396_000.0
# name, start, seconds: what ran side by side overlaps
_STEPS = (
    ("packages", 0.0, 21.4),
    ("environment", 0.0, 33.8),
    ("mariadb", 21.4, 4.2),
    ("rabbitmq", 21.4, 7.9),
    ("memcached", 21.4, 0.4),
    ("keystone.database", 33.8, 5.1),
    ("glance.database", 33.8, 4.0),
    ("nova.database", 33.8, 17.6),
    ("neutron.database", 33.8, 12.2),
    ("cinder.database", 33.8, 6.6),
    ("keystone.start", 38.9, 3.3),
    ("catalog", 42.2, 6.1),
    ("glance.start", 48.3, 2.9),
    ("placement.start", 48.3, 2.1),
    ("nova.start", 51.4, 9.8),
    ("neutron.start", 48.3, 7.7),
    ("cinder.start", 48.3, 5.5),
    ("nova.discover", 61.2, 3.9),
    ("image", 51.2, 2.2),
    ("flavors", 61.2, 1.7),
    ("check", 65.1, 8.4),
)
_TESTS = (
    "tempest.api.compute.flavors.test_flavors.FlavorsV2TestJSON.test_get_flavor",
    "tempest.api.compute.flavors.test_flavors.FlavorsV2TestJSON.test_list_flavors",
    "tempest.api.compute.servers.test_create_server.ServersTestJSON.test_list_servers",
    "tempest.api.compute.servers.test_create_server.ServersTestJSON.test_verify_server_details",
    "tempest.api.compute.servers.test_server_actions.ServerActionsTestJSON.test_reboot_server_hard",
    "tempest.api.identity.v3.test_domains.DefaultDomainTestJSON.test_default_domain_exists",
    "tempest.api.identity.v3.test_tokens.TokensV3Test.test_create_token",
    "tempest.api.image.v2.test_images.BasicOperationsImagesTest.test_register_upload_get_image_file",
    "tempest.api.image.v2.test_images.BasicOperationsImagesTest.test_update_image",
    "tempest.api.network.test_networks.NetworksTest.test_create_update_delete_network_subnet",
    "tempest.api.network.test_ports.PortsTestJSON.test_create_port_in_allowed_allocation_pools",
    "tempest.api.network.test_security_groups.SecGroupTest.test_list_security_groups",
    "tempest.api.volume.test_volumes_get.VolumesGetTest.test_volume_create_get_update_delete",
    "tempest.api.volume.test_volumes_actions.VolumesActionsTest.test_attach_detach_volume_to_instance",
)
_SCENARIOS: tuple[tuple[str, str, tuple[tuple[str, float], ...]], ...] = (
    ("Authenticate.keystone", "Sign in.", (("authenticate.keystone", 0.055),)),
    (
        "KeystoneBasic.create_delete_user",
        "Create a user, then delete it.",
        (("keystone_v3.create_user", 0.21), ("keystone_v3.delete_user", 0.04)),
    ),
    (
        "GlanceImages.create_and_delete_image",
        "Upload an image, then delete it.",
        (("glance_v2.create_image", 0.62), ("glance_v2.delete_image", 0.11)),
    ),
    (
        "NovaServers.boot_and_delete_server",
        "Boot a server, then delete it.",
        (("nova.boot_server", 2.4), ("nova.delete_server", 1.1)),
    ),
)
TRACEBACK = """Traceback (most recent call last):
  File "tempest/api/volume/test_volumes_actions.py", line 88, in test_attach_detach_volume_to_instance
    waiters.wait_for_volume_resource_status(self.client, volume_id, 'in-use')
tempest.lib.exceptions.TimeoutException: Request timed out
Details: volume 3e1c failed to reach in-use status (current attaching) within the required time (196 s).
"""


@dataclass(frozen=True)
class MadeRun:
    """The uuids of a run's stages, and where its samples are."""

    samples: Path
    deployment: str = reference("cloud_lifecycle", "made", "deploy")
    verification: str = reference("cloud_lifecycle", "made", "verify")
    task: str = reference("cloud_lifecycle", "made", "benchmark")


def make_deployment(store: Store, run: MadeRun, *, error: str = "") -> None:
    """Store a deployment of two dozen steps; with an `error`, the last step fails with it."""
    store.deployments.begin(
        run.deployment, cloud="embedded", engine="embedded", spec="engine: embedded\n", total_steps=len(_STEPS)
    )
    for name, start, seconds in _STEPS:
        failed = bool(error) and name == "check"
        status = "failed" if failed else "done"
        title = f"{name.replace('.', ': ').capitalize()}"
        at = STARTED + start + seconds
        store.deployments.record_step(
            run.deployment, StepEvent(name, title, status, at, seconds, error if failed else "")
        )
    store.deployments.end(run.deployment, status="failed" if error else "finished", error=error)
    _took_place(store, DeploymentRow, run.deployment, 0, 74)
    environment = {"openstack": "2026.2", "nova": "34.0.0", "keystone": "30.0.0", "virt driver": "fake"}
    if not error:
        store.clouds.register(
            "embedded",
            clouds_yaml="/home/me/.rallycross/clouds.yaml",
            spec="engine: embedded\n",
            engine="embedded",
            root="/home/me/.rallycross/clouds/embedded",
            deployment=run.deployment,
            environment=environment,
        )


def make_verification(store: Store, run: MadeRun, *, traceback: str = TRACEBACK) -> None:
    """Store a verification: one test is skipped; with a `traceback`, one fails."""
    chance = random.Random(3)
    store.verifications.begin(
        run.verification,
        cloud="embedded",
        chosen="quick",
        total=len(_TESTS),
        environment={
            "verifier": "tempest 47.0.0",
            "concurrency": 2,
            "services": ["compute", "identity", "image", "network", "volume"],
            "not_run": {},
            "options": {f"compute-feature-enabled.option_{number}": "True" for number in range(9)},
        },
    )
    at = STARTED + 75
    for name in _TESTS:
        seconds = chance.lognormvariate(0, 1)
        if "reboot" in name:
            result = TestResult(name, "skip", at, 0.0, reason="Rebooting is not offered by this driver.")
        elif "attach_detach" in name and traceback:
            result = TestResult(name, "fail", at, 196.2, traceback=traceback)
        else:
            result = TestResult(name, "success", at, seconds, tags=("smoke",))
        at += seconds
        store.tests.record(run.verification, result)
    store.verifications.end(run.verification, status="finished")
    _took_place(store, VerificationRow, run.verification, 75, 118)


def make_task(
    store: Store, run: MadeRun, *, iterations: int = 40, failing: float = 0.08, message: str = "Quota exceeded"
) -> None:
    """Store and judge a task of four workloads; the last one fails a share of its iterations."""
    workloads = tuple(
        Workload(
            position,
            scenario,
            {"image": {"name": "^cirros.*$"}, "flavor": {"name": "m1.tiny"}} if "Nova" in scenario else {},
            "constant",
            {"times": iterations, "concurrency": 4},
            {"users": {"tenants": 2, "users_per_tenant": 2}},
            {"failure_rate": {"max": 0}, "max_avg_duration": 5},
            description=description,
        )
        for position, (scenario, description, _) in enumerate(_SCENARIOS)
    )
    task = Task(
        "Quickstart",
        (Subtask("Identity and images", workloads[:3]), Subtask("Compute", workloads[3:])),
        description="A first look at a cloud: does each service answer, and how fast.",
        tags=("quick",),
        source="version: 2\n",
        file="include/recipes/quickstart.yaml",
    )
    environment = {
        "rallycross": "0.1.0",
        "python": "3.11.2",
        "machine": {"system": "Debian GNU/Linux 12", "cores": 2, "memory": "24 GB"},
    }
    uuids = store.tasks.begin(run.task, cloud="embedded", task=task, environment=environment)
    for position, (_, _, actions) in enumerate(_SCENARIOS):
        uuid = uuids[position]
        store.workloads.begin(uuid)
        share = failing if position == len(_SCENARIOS) - 1 else 0.0
        seconds = _load(run.samples / uuid / "0.arrows", actions, iterations, share, message, seed=position)
        contexts = [{"name": "users", "setup_seconds": 1.2, "cleanup_seconds": 0.8}]
        store.workloads.end(
            uuid, status="finished", load_seconds=seconds, full_seconds=seconds + 2.1, contexts=contexts
        )
    store.tasks.end(run.task, status="finished")
    _took_place(store, TaskRow, run.task, 119, 184)
    judge(store, run.task, samples=run.samples)


def make_open_loop(store: Store, run: MadeRun, *, keeps_up: bool = False) -> None:
    """Store the run's task with two rates at the same time, of which the generator keeps only the second."""
    workloads = tuple(
        Workload(
            position,
            "HttpRequests.check_request",
            {"url": "http://127.0.0.1:9292/", "method": "GET", "status_code": 300},
            "arrival_rate",
            {"rate": 200, "duration": 20, "max_in_flight": 50},
            {},
            {"failure_rate": {"max": 0}, "percentile": "p(95) < 800ms"},
        )
        for position in range(2)
    )
    subtask = Subtask("Two at once", workloads, "Image and web.", "http", ("open", "fast"), run_in_parallel=True)
    task = Task("Open loop", (subtask,), tags=("nightly",), source="version: 2\n")
    uuids = store.tasks.begin(run.task, cloud="embedded", task=task, environment={"python": "3.11.2"})
    for position, uuid in uuids.items():
        store.workloads.begin(uuid)
        late = position == 0 and not keeps_up
        chance = random.Random(position)
        writer = SampleWriter(run.samples / uuid / "0.arrows")
        for number in range(4000):
            due = number / 200
            state = State.WARM_UP if number < 200 else State.DROPPED if late and number % 30 == 0 else State.RAN
            started = due + (abs(chance.gauss(0.02, 0.01)) if late else 0.0002)
            ended = started if state == State.DROPPED else started + chance.lognormvariate(-4.2, 0.4)
            actions = [Action("http_request", 0, started, ended)] if state != State.DROPPED else []
            writer.add(Sample(number, 0, due, started, ended, actions=actions, state=state))
        writer.close()
        shard = {"shard": 0, "seconds": 20.0, "cpu_seconds": 19.4 if late else 4.0}
        generator = {"processes": 1, "shards": [{**shard, "lag_p99": 0.001, "lag_max": 0.2, "peak_rss_mb": 90}]}
        store.workloads.end(uuid, status="finished", load_seconds=20.0, full_seconds=20.1, generator=generator)
    store.tasks.end(run.task, status="finished")
    judge(store, run.task, samples=run.samples)


def _took_place(store: Store, model: type[DeploymentRow | VerificationRow | TaskRow], uuid: str, *at: float) -> None:
    """Move a stage, which was stored in an instant, to a realistic time."""
    began, ended = (STARTED + seconds for seconds in at)
    with store.database.writing() as session:
        session.execute(update(model).where(model.uuid == uuid).values(started_at=began, ended_at=ended))


def _load(
    path: Path, actions: tuple[tuple[str, float], ...], iterations: int, failing: float, message: str, *, seed: int
) -> float:
    """Compute the times of four iterations at a time; return the last end."""
    chance = random.Random(seed)
    writer = SampleWriter(path)
    free = [0.0] * 4
    for iteration in range(iterations):
        worker = free.index(min(free))
        at = started = free[worker]
        done: list[Action] = []
        failure = None
        for name, typical in actions:
            ended = at + typical * chance.lognormvariate(0, 0.18) * (1.8 if chance.random() < 0.04 else 1.0)
            broken = chance.random() < failing
            done.append(Action(name, 0, at, ended, failed=broken))
            if name == "nova.boot_server":
                done.append(Action("nova.wait_for_server", 1, at + 0.3 * typical, ended, failed=broken))
            at = ended
            if broken:
                request = f"req-{chance.randrange(16**8):08x}-1111-2222-3333-{chance.randrange(16**12):012x}"
                failure = Failure("HttpError", f"{message} (403, {request})", f"Traceback\n  {message}", request)
                break
        writer.add(Sample(iteration, 0, None, started, at, failure=failure, actions=done))
        free[worker] = at + 0.001
        if iteration % 1000 == 19:
            writer.flush()
    writer.close()
    return max(free)
