"""The states of a cloud on the command line: during a deployment, and after a refusal, a kill, an outage."""

import fcntl
import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from small_cloud import SmallCloud

from rallycross import deployment, lifecycle
from rallycross.cli.clouds import clouds
from rallycross.cli.main import main
from rallycross.cloud import registered
from rallycross.deployment import detached, load_spec, runner
from rallycross.deployment.detached import Holder, Locked
from rallycross.deployment.host import HostLost
from rallycross.deployment.local_host import LocalHost
from rallycross.deployment.step import Step, StepEvent
from rallycross.results.store import Store
from rallycross.settings import Settings, settings

sys.path.append(str(Path(__file__).parents[1] / "deployment"))

import toy_engine  # noqa: F401 - registers itself

HERE = LocalHost()
FIRST, SECOND = "00000000-0000-0000-0000-00000000000a", "00000000-0000-0000-0000-00000000000b"


@pytest.fixture(name="paths")
def _paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("RALLYCROSS_HOME", str(tmp_path / "home"))
    return settings()


def a_spec(tmp_path: Path, **keys: Any) -> deployment.CloudSpec:
    """Return the spec of a cloud with its files in `tmp_path`."""
    return load_spec(yaml.safe_dump({"name": "toy", "engine": "toy", "folder": str(tmp_path), **keys}), file="toy.yaml")


def test_a_refused_deployment_is_not_the_clouds_last(
    tmp_path: Path, paths: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While another deploys a cloud, a second try is refused, and leaves neither a record nor its spec."""
    monkeypatch.setattr(runner, "LEASE", -1)  # who waits gives up at once
    store, spec = Store.open(), a_spec(tmp_path)
    store.deployments.begin(FIRST, cloud="toy", engine="toy", spec="", total_steps=3)
    registered.keep_spec(paths, "toy", spec.text)
    detached.hold(HERE, lifecycle.root_of(paths, "toy"), Holder("another"))
    with pytest.raises(Locked):
        lifecycle.deploy(a_spec(tmp_path, password="other"), store, paths, uuid=SECOND, tell=lambda _: None)
    last = store.deployments.last_of("toy")
    assert last is not None
    assert (last.uuid, last.status) == (FIRST, "running")
    assert registered.specs(paths)["toy"] == spec.text


def test_a_killed_deployment_is_not_said_to_run(paths: Settings) -> None:
    """While its process lives a deployment is running; after `kill -9` it is cut off."""
    store = Store.open()
    store.deployments.begin(FIRST, cloud="toy", engine="toy", spec="", total_steps=3)
    program = (
        "import sys, time\nfrom rallycross import lifecycle\nfrom rallycross.settings import settings\n"
        f"with lifecycle._at_work(settings(), {FIRST!r}):\n    print('at work', flush=True)\n    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "at work\n"
        assert lifecycle.state(store.deployments.last_of("toy"), paths) == "running"
        process.send_signal(signal.SIGKILL)
    assert lifecycle.state(store.deployments.last_of("toy"), paths) == "cut off"


def test_a_cloud_that_is_being_deployed_is_not_said_to_be_stopped(
    tmp_path: Path, paths: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    """`status` names the step that runs; `cloud show` its log, and for how long it has run."""
    store = Store.open()
    store.deployments.begin(FIRST, cloud="toy", engine="toy", spec="", total_steps=3)
    registered.keep_spec(paths, "toy", a_spec(tmp_path).text)
    with lifecycle._kept(a_spec(tmp_path), store, paths, uuid=FIRST, tell=lambda _: None) as site:
        site.tell(StepEvent("stack", "stack.sh", "running", time.time() - 100, total=3, log="/l/stack.log"))
    folder = paths.deployments / FIRST
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "at-work").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        (cloud,) = clouds()
        assert cloud.parts()[0] == ("deployment", "AT WORK", "stack.sh")
        capsys.readouterr()
        main(["cloud", "show", "toy", "--json"])
    shown = json.loads(capsys.readouterr().out)
    assert shown["state"] == "running"
    assert shown["logs"] == ["/l/stack.log"]
    assert shown["steps"][0]["seconds"] >= 100


def test_a_check_signs_in(tmp_path: Path, paths: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    """A cloud whose processes run, and whose API does not answer, fails its check, whichever engine has made it."""
    spec, store = a_spec(tmp_path), Store.open()
    lifecycle.deploy(spec, store, paths, uuid=FIRST, tell=lambda _: None)
    try:
        with SmallCloud() as small:
            entry = {**small.cloud().config}
            registered.keep(paths, "toy", yaml.safe_dump({"clouds": {"toy": entry}}))
            assert main(["cloud", "check", "toy"]) == 0
            assert "is up: 1 services run, " in capsys.readouterr().out
            small.url = "http://127.0.0.1:9"
        entry["api_timeout"] = 2
        entry["auth"] = small.cloud().config["auth"]
        registered.keep(paths, "toy", yaml.safe_dump({"clouds": {"toy": entry}}))
        capsys.readouterr()
        assert main(["cloud", "check", "toy"])
        assert "endpoint of identity is FAILED" in capsys.readouterr().out
    finally:
        lifecycle.destroy(spec, store, paths, tell=lambda _: None)


def test_a_stop_ends_the_steps_that_run(tmp_path: Path, paths: Settings) -> None:
    """Steps of a deployment that was cut off end with the cloud, and are named."""
    spec, store = a_spec(tmp_path), Store.open()
    root = lifecycle.root_of(paths, "toy")
    registered.keep_spec(paths, "toy", spec.text)
    holder = Holder("another")
    detached.hold(HERE, root, holder)
    detached.start(HERE, root, Step("install", "sleep 60"))
    (cloud,) = clouds()
    assert cloud.stop() == ["the step install on localhost"]
    assert detached.look(HERE, root, "install", holder=holder).state == "lost"
    lifecycle.destroy(spec, store, paths, tell=lambda _: None)


@pytest.mark.usefixtures("paths")
def test_a_server_that_is_down_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message has the reason, that the command waits, and for how long."""
    monkeypatch.setenv("RALLYCROSS_HOST_PATIENCE", "1")
    told: list[StepEvent] = []
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        server = {"host": "127.0.0.1", "port": closed.getsockname()[1], "password": "x"}
        spec = a_spec(tmp_path, provider={"type": "existing", "servers": [server]})
        with pytest.raises(HostLost, match=r"cannot be reached: connection refused .* waited 1 s"):
            lifecycle.deploy(spec, Store.open(), settings(), uuid=FIRST, tell=told.append)
    assert any("Waiting at most 1 s for node-1" in event.title for event in told)
    assert told[-1].seconds >= 1
