"""Faults, made for real: on services under a supervisor like an embedded cloud's, on this machine and over SSH."""

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ssh_server import NoServerError, ssh_server

from rallycross.deployment.embedded.layout import EmbeddedOptions, Layout
from rallycross.deployment.embedded.options import OPTIONS
from rallycross.deployment.embedded.service import Program
from rallycross.deployment.embedded.supervision import supervisor_file
from rallycross.deployment.server import Server
from rallycross.load_hooks.faults.fault_ledger import KIND, undo_faults
from rallycross.load_hooks.faults.machine import Machine
from rallycross.load_hooks.faults.scripts import Supervised
from rallycross.load_hooks.hooks import Hooks
from rallycross.load_hooks.target import HookTarget
from rallycross.task.plan import Hook

SERVICES = ("nova-api", "nova-conductor")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Run a supervisor by the file that the embedded cloud has, over services that only wait."""
    root = tmp_path_factory.mktemp("cloud")
    for folder in ("etc", "log", "home", "venv/bin"):
        (root / folder).mkdir(parents=True)
    for program in ("supervisord", "supervisorctl"):
        (root / "venv/bin" / program).symlink_to(Path(sys.executable).parent / program)
    options = EmbeddedOptions.of({name: option.default for name, option in OPTIONS.items()})
    layout = Layout("one", str(root), {}, {"supervisor": "secret"}, options, {})
    programs = [Program(name, "sh -c 'sleep 3600 & wait'") for name in SERVICES]
    config = root / "etc/supervisord.conf"
    config.write_text(supervisor_file(layout, programs).replace("startsecs = 2", "startsecs = 0"))
    with subprocess.Popen([root / "venv/bin/supervisord", "-n", "-s", "-c", config]) as supervisor:
        try:
            wait_until(lambda: "RUNNING" not in control(root, "status") and "STOPPED" in control(root, "status"))
            yield root
        finally:
            supervisor.terminate()
            supervisor.wait()


@pytest.fixture
def machine(root: Path) -> Machine:
    """Give the machine that the services run on."""
    control(root, "start", "all")
    return Machine("ctl1", Supervised(str(root)))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Let this machine be signed in to by SSH."""
    try:
        with ssh_server(tmp_path_factory.mktemp("ssh")) as account:
            yield Server(
                "ctl1", "127.0.0.1", str(account["username"]), int(str(account["port"])), str(account["key_filename"])
            )
    except NoServerError as error:
        pytest.skip(str(error))


def control(root: Path, *words: str) -> str:
    """Ask the supervisor."""
    command = [root / "venv/bin/supervisorctl", "-c", root / "etc/supervisord.conf", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def pid(root: Path, service: str) -> int:
    """Return a service's process, 0 where it does not run."""
    return int(control(root, "pid", service))


def states(root: Path, service: str) -> set[str]:
    """Return the states of all processes of a service: S sleeps, T is stopped."""
    group = pid(root, service)
    listed = subprocess.run(["ps", "-eo", "pgid=,stat="], capture_output=True, text=True, check=True).stdout
    return {line.split()[1][0] for line in listed.splitlines() if int(line.split()[0]) == group}


def wait_until(true: Callable[[], bool]) -> None:
    """Wait until something is so."""
    for _ in range(600):
        if true():
            return
        time.sleep(0.05)
    raise AssertionError("still not so after half a minute")


def begin(target: HookTarget, machine: Machine, text: str, **more: Any) -> Hooks:
    """Return hooks of which one has made a fault."""
    hook = Hook("fault_injection", {"action": text, **more}, "event", {"unit": "iteration", "at": [1]})
    hooks = Hooks([hook], replace(target, machines={machine.name: machine}))
    hooks.started(1)
    return hooks


def test_a_restarted_service_is_another_process(target: HookTarget, root: Path, machine: Machine) -> None:
    """After `restart` the service runs, in a process of its own, and nothing is left to be undone."""
    before = pid(root, "nova-api")
    [result] = begin(target, machine, "restart nova-api service", verify=True).close()
    assert result["summary"] == {"success": 1}
    assert pid(root, "nova-api") not in {0, before}
    assert result["results"][0]["output"]["complete"][0]["data"] == ["restart nova-api on ctl1"]
    assert target.store.ledger.standing(target.cloud) == []


@pytest.mark.parametrize("act", ["stop", "kill", "terminate"])
def test_a_service_that_was_ended_runs_after_the_load(
    target: HookTarget, root: Path, machine: Machine, act: str
) -> None:
    """Its process ends, all others are let be, and at the end of the load it runs again, whoever has started it."""
    before, other = pid(root, "nova-api"), pid(root, "nova-conductor")
    hooks = begin(target, machine, f"{act} nova-api service on one node")
    wait_until(lambda: not Path(f"/proc/{before}").exists())
    [result] = hooks.close()
    assert result["summary"] == {"success": 1}
    wait_until(lambda: pid(root, "nova-api") not in {0, before})
    assert pid(root, "nova-conductor") == other
    assert target.store.ledger.standing(target.cloud) == []


def test_a_frozen_service_goes_on_after_the_load(target: HookTarget, root: Path, machine: Machine) -> None:
    """All processes of the service stand still, and the same ones go on at the end of the load."""
    before = pid(root, "nova-api")
    hooks = begin(target, machine, "freeze nova-api service")
    wait_until(lambda: states(root, "nova-api") == {"T"})
    assert [row.kind for row in target.store.ledger.standing(target.cloud, target.workload)] == [KIND]
    assert hooks.close()[0]["summary"] == {"success": 1}
    wait_until(lambda: states(root, "nova-api") == {"S"})
    assert pid(root, "nova-api") == before
    assert target.store.ledger.standing(target.cloud) == []


def test_a_freeze_for_seconds_ends_by_itself(target: HookTarget, root: Path, machine: Machine) -> None:
    """After its seconds the service goes on, while the load does too."""
    hooks = begin(target, machine, "freeze nova-api service for 1 seconds")
    wait_until(lambda: states(root, "nova-api") == {"T"})
    wait_until(lambda: states(root, "nova-api") == {"S"})
    hooks.close()


def test_a_freeze_lasts_no_longer_than_the_load(target: HookTarget, root: Path, machine: Machine) -> None:
    """A freeze for an hour ends with the load, and does not make anybody wait."""
    hooks = begin(target, machine, "freeze nova-api service for 3600 seconds")
    wait_until(lambda: states(root, "nova-api") == {"T"})
    assert hooks.close()[0]["summary"] == {"success": 1}
    wait_until(lambda: states(root, "nova-api") == {"S"})


def test_what_a_dead_process_has_broken_is_mended(target: HookTarget, root: Path, machine: Machine) -> None:
    """The ledger alone is enough to undo what a process has broken that died before it could."""
    hooks = begin(target, machine, "stop nova-api service")
    wait_until(lambda: pid(root, "nova-api") == 0)
    assert undo_faults(target.store, target.cloud, target.workload) == {}
    assert pid(root, "nova-api")
    assert target.store.ledger.standing(target.cloud) == []
    hooks.close()


def test_what_cannot_be_mended_is_told_and_kept(target: HookTarget, root: Path, machine: Machine) -> None:
    """A fault that cannot be undone fails the hook that made it, says why, and stays in the ledger."""
    hooks = begin(target, machine, "stop nova-api service")
    wait_until(lambda: pid(root, "nova-api") == 0)
    program = root / "venv/bin/supervisorctl"
    program.rename(program.with_suffix(".away"))
    try:
        [result] = hooks.close()
        assert result["summary"] == {"failed": 1}
        assert "stop nova-api on ctl1 could not be undone: " in result["results"][0]["error"]["msg"]
        assert len(target.store.ledger.standing(target.cloud)) == 1
    finally:
        program.with_suffix(".away").rename(program)
    assert undo_faults(target.store, target.cloud, target.workload) == {}


def test_faults_are_made_and_mended_over_ssh(target: HookTarget, root: Path, machine: Machine, server: Server) -> None:
    """A machine behind SSH is broken and mended as this one is; how to get there again stands in the ledger."""
    hooks = begin(target, replace(machine, server=server), "stop nova-api service on ctl1 node")
    wait_until(lambda: pid(root, "nova-api") == 0)
    [row] = target.store.ledger.standing(target.cloud, target.workload)
    assert row.detail["server"]["port"] == server.port
    assert hooks.close()[0]["summary"] == {"success": 1}
    assert pid(root, "nova-api")
    assert target.store.ledger.standing(target.cloud) == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("kill nova-apy service", "there is no service 'nova-apy' on ctl1 - did you mean nova-api?"),
        ("kill nova-api service on ctl2 node", "there is no node 'ctl2' - did you mean ctl1?"),
    ],
)
def test_what_is_not_there_is_not_broken(target: HookTarget, root: Path, machine: Machine, text: str, why: str) -> None:
    """A service or a node that is not there fails the hook, with what may have been meant; nothing is touched."""
    before = [pid(root, service) for service in SERVICES]
    [result] = begin(target, machine, text).close()
    assert result["results"][0]["error"]["msg"] == why
    assert [pid(root, service) for service in SERVICES] == before


def test_a_signal_for_a_service_that_is_down_hits_nobody(target: HookTarget, root: Path) -> None:
    """A service without a process is not killed, which is told; the script does not kill itself by mistake."""
    control(root, "start", "all")
    control(root, "stop", "nova-api")
    [result] = begin(target, Machine("ctl1", Supervised(str(root))), "kill nova-api service").close()
    assert "exit code 1" in result["results"][0]["error"]["msg"]
    assert "nova-api does not run" in result["results"][0]["error"]["msg"]


@pytest.mark.parametrize(
    "text", ["reboot one node", "reset nodes", "poweroff ctl1 node", "disconnect lo network on nodes"]
)
def test_the_machine_that_makes_the_load_is_not_broken(target: HookTarget, text: str) -> None:
    """Acts on a whole node refuse the machine that the load runs on."""
    [result] = begin(target, Machine("ctl1", Supervised("/nowhere")), text).close()
    assert "is the machine that generates the load" in result["results"][0]["error"]["msg"]


def test_a_node_that_cannot_be_reached_is_not_broken(target: HookTarget) -> None:
    """A node that nobody answers at fails the hook, and is not taken for one that is broken."""
    hosts = {"far": {"host": "127.0.0.1", "port": _free_port(), "key": "/no/key"}}
    hook = Hook(
        "fault_injection",
        {"action": "stop nova-api service on far node", "hosts": hosts},
        "event",
        {"unit": "iteration", "at": [1]},
    )
    hooks = Hooks([hook], target)
    hooks.started(1)
    [result] = hooks.close()
    assert "far (root@127.0.0.1:" in result["results"][0]["error"]["msg"]
    assert target.store.ledger.standing(target.cloud) == []


def test_without_nodes_there_is_nothing_to_break(target: HookTarget) -> None:
    """Where neither the spec nor the hook names a node, the hook says so."""
    hook = Hook("fault_injection", {"action": "reboot one node"}, "event", {"unit": "iteration", "at": [1]})
    hooks = Hooks([hook], target)
    hooks.started(1)
    assert "no node is known" in hooks.close()[0]["results"][0]["error"]["msg"]
