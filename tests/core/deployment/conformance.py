"""What every engine has to stand: a subclass says how its spec looks, and inherits the tests.

    class TestMyEngine(Conformance):
        servers = 2                 # how many test hosts it needs
        injected = "start"          # a step that may be made to fail, cheaply: best an `always` one

        def spec(self, name, servers): return {"name": name, "engine": "my-engine", ...}

An engine that takes no servers, and whose steps run on this machine, has `ConformanceHere`.

The tests run in the order in which they stand, on one cloud: each deploys what it needs, and an idempotent engine has
it already. Everything goes the way that the command line goes: the results database keeps the ledger.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar
from unittest.mock import patch

import pytest
import yaml
from machines import Machines
from told import Told

from rallycross import lifecycle
from rallycross.deployment import CloudSpec, Site, load_spec, status
from rallycross.deployment.carry_out import node_steps
from rallycross.deployment.engine import ENGINES
from rallycross.deployment.failure import StepFailed
from rallycross.deployment.local_host import LocalHost
from rallycross.deployment.node import Node
from rallycross.deployment.operations import everywhere, existing_nodes
from rallycross.deployment.server import Server
from rallycross.deployment.site import opened
from rallycross.deployment.step import Plan, StepEvent
from rallycross.errors import RallycrossError
from rallycross.results.store import Store
from rallycross.settings import Settings, settings

UUID = "00000000-0000-0000-0000-000000000001"
NAP = f"sleep 7{os.getpid()}"  # no other suite on this machine sleeps for as long
_WORKER = """
import os, signal, sys
sys.path[:0] = {path!r}
{imports}
from pathlib import Path
from rallycross import lifecycle
from rallycross.deployment import load_spec
from rallycross.results.store import Store
from rallycross.settings import settings

def die(event):
    if event.status == "running" and event.name == {step!r}:
        # The step has to have begun on its host.
        __import__("threading").Timer({after}, os.kill, (os.getpid(), signal.SIGKILL)).start()

paths = settings({{"RALLYCROSS_HOME": {home!r}}})
lifecycle.deploy(load_spec({text!r}, file="spec"), Store.open(paths.results_url), paths, uuid={uuid!r}, tell=die)
"""


class Ground:
    """One engine's hosts and state, for all tests of its class."""

    def __init__(self, folder: Path, servers: list[Server], machines: Machines | None) -> None:
        self.folder, self.servers, self._machines = folder, servers, machines
        self.places: list[Server | None] = [*servers] or [None]
        self.paths: Settings = settings({"RALLYCROSS_HOME": str(folder / "home"), "RALLYCROSS_HOST_PATIENCE": "3"})
        self.store = Store.open(self.paths.results_url)

    @property
    def machines(self) -> Machines:
        """The servers' machines."""
        assert self._machines is not None
        return self._machines

    def deploy(self, spec: CloudSpec, told: Callable[[StepEvent], None] = lambda _: None, *, uuid: str = UUID) -> str:
        """Deploy as the command line does."""
        return lifecycle.deploy(spec, self.store, self.paths, uuid=uuid, tell=told)

    def destroy(self, spec: CloudSpec) -> None:
        """Destroy as the command line does."""
        lifecycle.destroy(spec, self.store, self.paths, tell=lambda _: None)

    @contextmanager
    def site(self, spec: CloudSpec) -> Iterator[Site]:
        """Give the cloud's site."""
        with opened(lifecycle.site_of(spec, self.store, self.paths)) as site:
            yield site

    def on(self, server: Server | None, script: str) -> str:
        """Run a script on a server, or on this machine (None), and return what it says."""
        from rallycross.deployment.connect import connect  # noqa: PLC0415

        if server is None:
            return LocalHost().run(script).out
        host = connect(server)
        try:
            return host.run(script).out
        finally:
            host.close()


@contextmanager
def sabotaged(engine: str, step: str, **changes: Any) -> Iterator[None]:
    """Let an engine's plan have one step that is other than it should be."""
    kind = type(ENGINES[engine])
    plan = kind.plan

    def changed(self: Any, spec: CloudSpec, nodes: Sequence[Node], site: Site) -> Plan:
        made = plan(self, spec, nodes, site)
        steps = tuple(replace(one, **changes) if one.name == step else one for one in made.steps)
        assert steps != made.steps, f"{engine} has no step {step}"
        return Plan(steps, made.secrets)

    with patch.object(kind, "plan", changed):
        yield


class Conformance:
    """The suite."""

    servers: ClassVar[int] = 1
    injected: ClassVar[str] = ""
    imports: ClassVar[str] = ""  # lines that a worker of its own needs, such as the engine's where it is a test's
    kill_after: ClassVar[float] = 0.3  # seconds after a step's begin at which its worker is killed
    # Whether each step has its worker killed in a deployment from nothing; else all have in one and the same, in which
    # a step that is done before its killer comes lets those after it be done too: then they are not killed in.
    afresh: ClassVar[bool] = False
    # What the provider tells of that is done at each deploy.
    provided: ClassVar[frozenset[str]] = frozenset({"servers"})

    def spec(self, name: str, servers: list[Server]) -> dict[str, Any]:
        """Return the spec of a cloud of this engine, on these servers."""
        raise NotImplementedError

    def check(self, ground: Ground, spec: CloudSpec) -> None:
        """Raise unless the cloud does what it is for."""

    @pytest.fixture(scope="class", name="ground")
    @staticmethod
    def _ground(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
        count, word = request.cls.servers, request.cls.__name__.lower()[4:10]
        machines = request.getfixturevalue("machines") if count else None
        servers = [machines.start(f"{word}-{number}") for number in range(1, count + 1)]
        yield Ground(tmp_path_factory.mktemp(word), servers, machines)
        for server in servers:
            machines.stop(server.name)

    @pytest.fixture(name="wanted")
    def _wanted(self, ground: Ground) -> CloudSpec:
        return self._load(self.spec("conform", ground.servers))

    def test_a_wrong_key_is_told(self, ground: Ground, tmp_path: Path, wanted: CloudSpec) -> None:
        """A key that a server does not take is named with the server, and nothing is made."""
        import paramiko  # noqa: PLC0415

        paramiko.ECDSAKey.generate(bits=256).write_private_key_file(str(tmp_path / "other"))
        strange = [replace(server, key=str(tmp_path / "other")) for server in ground.servers]
        with pytest.raises(RallycrossError, match=r"SSH refuses the key .*/other - set the right `key`"):
            ground.deploy(self._load(self.spec("conform", strange)))
        assert self._left(ground, wanted) == []

    def test_a_full_disk_is_told(self, ground: Ground, wanted: CloudSpec) -> None:
        """A disk without room fails the deploy with that reason; with room it goes on."""
        first = ground.servers[0]
        root = f"/root/.rallycross/clouds/{wanted.name}"
        ground.on(first, f"mkdir -p {root} && mount -t tmpfs -o size=4k tmpfs {root}")
        words = r"No space left on device|MB are free|GB of disk free|only a part of it came"
        try:
            with pytest.raises(RallycrossError, match=words):
                ground.deploy(wanted)
        finally:
            ground.on(first, f"umount {root}")

    def test_a_killed_worker_costs_nothing(self, ground: Ground, wanted: CloudSpec) -> None:
        """Killed in each step in turn, the deployment is taken up where it stands, and comes to its end.

        With `afresh` that is so of every step, each by itself; else of at least one, and what is quick may be done.
        """
        with ground.site(wanted) as site:
            nodes = existing_nodes(wanted, site)
            names = list(node_steps(ENGINES[wanted.engine].plan(wanted, nodes, site), everywhere(nodes, site)))
        killed: list[str] = []
        for together in [[name] for name in names] if self.afresh else [names]:
            if self.afresh:
                ground.destroy(wanted)
            killed += [name for name in together if self._killed_in(name, ground, wanted)]
            told = Told()
            ground.deploy(wanted, told)
            assert set(told.statuses().values()) <= {"done", "skipped"}
            self.check(ground, wanted)
        assert killed
        if self.afresh:
            assert killed == names

    def test_the_cloud_stands(self, ground: Ground, wanted: CloudSpec) -> None:
        """After a deploy the cloud is registered, its parts run, and it does what it is for."""
        name = ground.deploy(wanted)
        row = ground.store.clouds.get(name)
        assert row is not None
        assert name in yaml.safe_load(Path(row.clouds_yaml).read_text())["clouds"]
        self._assert_runs(ground, wanted)

    def test_a_second_deploy_does_nothing_again(self, ground: Ground, wanted: CloudSpec) -> None:
        """Only the steps that always run do so again."""
        ground.deploy(wanted)
        told = Told()
        ground.deploy(wanted, told)
        with ground.site(wanted) as site:
            nodes = existing_nodes(wanted, site)
            found = node_steps(ENGINES[wanted.engine].plan(wanted, nodes, site), everywhere(nodes, site))
        always = {name for name, unit in found.items() if unit.step.always}
        assert {name for name, state in told.statuses().items() if state == "done"} - self.provided == always

    def test_a_failing_step_is_told(self, ground: Ground, wanted: CloudSpec) -> None:
        """Its failure has step, host, command, code and last words, in the store too; the next deploy goes on."""
        with (
            sabotaged(wanted.engine, self.injected, script="echo last words\nls /no/such/thing", always=True),
            pytest.raises(StepFailed) as caught,
        ):
            ground.deploy(wanted)
        failure = caught.value.failures[0]
        assert failure.step.startswith(self.injected)
        assert (failure.code, failure.command) == (2, "ls /no/such/thing")
        assert "last words" in failure.last
        assert failure.host in {server.name if server else "localhost" for server in ground.places}
        row = ground.store.deployments.get(UUID)
        assert row is not None
        assert (row.status, "last words" in row.error) == ("failed", True)
        ground.deploy(wanted)

    def test_a_hanging_step_is_ended(self, ground: Ground, wanted: CloudSpec) -> None:
        """At its limit a step is killed on its host, and told as such."""
        with (
            sabotaged(wanted.engine, self.injected, script=NAP, limit=1, always=True),
            pytest.raises(StepFailed, match="not done within 1 s, and killed"),
        ):
            ground.deploy(wanted)
        for server in ground.places:
            assert ground.on(server, f"pgrep -f '[{NAP[0]}]{NAP[1:]}$' || :") == ""

    def test_a_host_that_is_gone_is_told(self, ground: Ground, wanted: CloudSpec) -> None:
        """A host that is lost in mid-step is waited for: in vain, the failure names it; back again, all goes on."""
        victim, cuts = ground.servers[0], list[threading.Timer]()

        def cut(event: StepEvent) -> None:
            if event.status == "running" and event.name.startswith(self.injected):
                cuts.append(threading.Timer(1, ground.machines.cut, (victim.name,)))
                cuts[-1].start()

        with (
            sabotaged(wanted.engine, self.injected, script="sleep 10", hosts=(victim.name,), always=True),
            pytest.raises(StepFailed, match=rf"{victim.name}: out of reach for 3 s"),
        ):
            ground.deploy(wanted, cut)
        for one in cuts:  # of a step that was told to run once more, too: the host would be lost anew
            one.cancel()
            one.join()
        ground.machines.mend(victim.name)
        ground.deploy(wanted)

    def test_a_host_that_comes_back_costs_nothing(self, ground: Ground, wanted: CloudSpec) -> None:
        """A network that is away for a moment is not noticed but by the wait: the step is done, and done once."""
        victim, away = ground.servers[0], threading.Event()

        def blink() -> None:
            ground.machines.cut(victim.name)
            try:
                socket.create_connection((victim.host, victim.port), timeout=1).close()
            except OSError:
                away.set()
            ground.machines.mend(victim.name)

        def cut(event: StepEvent) -> None:
            told(event)
            if event.status == "running" and event.name.startswith(self.injected):
                threading.Timer(1, blink).start()

        told = Told()
        script = "echo once >> /root/blinked; sleep 4"
        with sabotaged(wanted.engine, self.injected, script=script, hosts=(victim.name,), always=True):
            ground.deploy(wanted, cut)
        assert away.is_set()
        assert set(told.statuses().values()) <= {"done", "skipped"}
        assert ground.on(victim, "cat /root/blinked; rm /root/blinked") == "once\n"

    def test_secrets_are_in_no_log_and_in_no_table(self, ground: Ground, wanted: CloudSpec) -> None:
        """No file of the deployment's logs and no page of the results database has a secret of the cloud."""
        ground.deploy(wanted)
        with ground.site(wanted) as site:
            nodes = existing_nodes(wanted, site)
            secrets = {*ENGINES[wanted.engine].plan(wanted, nodes, site).secrets, *wanted.secrets}
        clouds = ground.paths.clouds
        kept = [file for file in ground.paths.home.rglob("*") if file.is_file() and clouds not in file.parents]
        kept = [file for file in kept if file.name != "clouds.yaml"]
        assert any(file.suffix == ".log" for file in kept)
        assert secrets
        for file in kept:
            content = file.read_bytes()
            assert [secret for secret in secrets if secret.encode() in content] == [], file

    def test_destroying_leaves_nothing(self, ground: Ground, wanted: CloudSpec) -> None:
        """After a destroy neither processes nor files nor rows of the ledger are left; a second one finds nothing."""
        ground.deploy(wanted)
        for _ in range(2):
            ground.destroy(wanted)
            assert self._left(ground, wanted) == []
            assert ground.store.clouds.get(wanted.name) is None

    def test_a_half_failed_deploy_is_destroyed(self, ground: Ground, wanted: CloudSpec) -> None:
        """What a failed deploy has left goes as well."""
        with sabotaged(wanted.engine, self.injected, script="exit 3", always=True), pytest.raises(StepFailed):
            ground.deploy(wanted)
        ground.destroy(wanted)
        assert self._left(ground, wanted) == []

    def test_two_clouds_at_once_do_not_meet(self, ground: Ground) -> None:
        """Two clouds on the same servers are deployed side by side, and one outlives the other's end."""
        specs = [self._load(self.spec(name, ground.servers)) for name in ("one", "other")]
        failures: list[BaseException] = []

        def deploy(spec: CloudSpec, uuid: str) -> None:
            try:
                ground.deploy(spec, uuid=uuid)
            except BaseException as error:  # noqa: BLE001
                failures.append(error)

        threads = [threading.Thread(target=deploy, args=(spec, f"uuid-{spec.name}")) for spec in specs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [f"{type(one).__name__}: {one}" for one in failures] == []
        ground.destroy(specs[0])
        self._assert_runs(ground, specs[1])
        ground.deploy(specs[1])
        self._assert_runs(ground, specs[1])
        ground.destroy(specs[1])
        assert [self._left(ground, spec) for spec in specs] == [[], []]

    def _killed_in(self, step: str, ground: Ground, spec: CloudSpec) -> bool:
        """Deploy by a worker that is to be killed in a step; return whether it was, or had come to the end before."""
        program = _WORKER.format(
            path=[str(Path(__file__).parent)],
            imports=self.imports,
            step=step,
            after=self.kill_after,
            home=str(ground.paths.home),
            text=spec.text,
            uuid=UUID,
        )
        worker = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)
        assert worker.returncode in {0, -signal.SIGKILL}, worker.stderr
        return worker.returncode != 0

    def _assert_runs(self, ground: Ground, spec: CloudSpec) -> None:
        """Hold a cloud to having all its parts running, and to doing what it is for."""
        with ground.site(spec) as site:
            services = status(spec, site)
        assert services
        assert {service.state for service in services} == {"RUNNING"}
        self.check(ground, spec)

    def _left(self, ground: Ground, spec: CloudSpec) -> list[str]:
        """Return what is left of a cloud, anywhere."""
        with ground.site(spec) as site:
            found = [f"{made.kind} {made.name}" for made in site.ledger.standing()]
        for server in ground.places:
            root = f"/root/.rallycross/clouds/{spec.name}" if server else lifecycle.root_of(ground.paths, spec.name)
            found += ground.on(server, f"ls -d {root} 2>/dev/null || :").split()
            # No process has the folder in its command line.
            found += ground.on(server, f"pgrep -af '[/]{root[1:]}/' || :").splitlines()
        return found

    @staticmethod
    def _load(data: dict[str, Any]) -> CloudSpec:
        return load_spec(yaml.safe_dump(data, sort_keys=False), file="spec")


class ConformanceHere(Conformance):
    """The suite for an engine that takes no servers: all of it but for what befalls servers."""

    servers = 0
    test_a_wrong_key_is_told = None
    test_a_full_disk_is_told = None
    test_a_host_that_is_gone_is_told = None
    test_a_host_that_comes_back_costs_nothing = None


def existing(servers: list[Server]) -> dict[str, Any]:
    """Return the `provider` that has these servers."""
    keys = ("name", "host", "user", "port", "key")
    return {"type": "existing", "servers": [{key: getattr(server, key) for key in keys} for server in servers]}
