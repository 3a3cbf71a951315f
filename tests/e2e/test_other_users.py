"""On a machine with other users, none of them gets anything of a cloud, of Airflow, or of results."""

import json
import os
import re
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path

import pytest
import yaml

from rallycross.cloud.cloud import Cloud
from rallycross.settings import CHECKOUT, Settings

pytestmark = pytest.mark.e2e

NOBODY = 65534
LISTENING = "0A"
# How a program that listens asks who is there. One that is not named here fails the test: say how it asks.
GUARDS = {"mariadbd": "mariadb", "beam.smp": "erlang", "airflow api_ser": "airflow"}
TASK = {
    "version": 2,
    "title": "Something to read",
    "subtasks": [
        {
            "title": "s",
            "scenario": {"Dummy.dummy": {"sleep": 0.01}},
            "runner": {"constant": {"times": 5, "concurrency": 1}},
        }
    ],
}


@dataclass(frozen=True)
class Listener:
    """A socket that a process listens on."""

    pid: int
    program: str
    place: str  # HOST:PORT, a path, or the name of an abstract socket, which begins with @


@pytest.fixture(name="standing", scope="module")
def _standing(paths: Settings, embedded_cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Settings:  # noqa: ARG001 - has to stand
    """Have a cloud, Airflow, samples and a report in one home."""
    file = tmp_path_factory.mktemp("task") / "task.yaml"
    file.write_text(yaml.safe_dump(TASK))
    rallycross(paths, "run", str(file))
    rallycross(paths, "up")
    return paths


def rallycross(paths: Settings, *words: str) -> str:
    """Run a command as a user with a common umask does."""
    environment = {**os.environ, "RALLYCROSS_HOME": str(paths.home)}
    command = [sys.executable, "-m", "rallycross.cli", *words]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, umask=0o022)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def processes(home: Path) -> dict[int, str]:
    """Return the processes that run for this home, by pid, with their names, and all that these have started."""
    mark, found, parents = f"{home}/".encode(), {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text()
            pid, name = int(folder.name), fields.partition("(")[2].rpartition(")")[0]
            parents[pid] = (int(fields.rpartition(")")[2].split()[1]), name)
            texts = (folder / "environ").read_bytes() + (folder / "cmdline").read_bytes() + b"\0"
        except OSError:
            continue
        if (mark in texts or mark[:-1] + b"\0" in texts) and pid != os.getpid():
            found[pid] = name
    while more := {pid: name for pid, (parent, name) in parents.items() if parent in found and pid not in found}:
        found |= more
    return found


def listeners(running: dict[int, str]) -> list[Listener]:
    """Return every socket, of whatever family, that is listened on or takes datagrams, by these processes."""
    owner: dict[str, int] = {}
    for pid in running:
        for link in Path(f"/proc/{pid}/fd").glob("*"):
            try:
                target = str(link.readlink())
            except OSError:
                continue
            if target.startswith("socket:["):
                owner.setdefault(target[8:-1], pid)
    found = []
    for table in ("tcp", "tcp6", "udp", "udp6", "raw", "raw6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[9] in owner and (fields[3] == LISTENING or not table.startswith("tcp")):
                host, port = fields[1].split(":")
                pid = owner[fields[9]]
                address = "127.0.0.1" if host == "0100007F" else "[::1]" if host.endswith("01000000") else host
                found.append(Listener(pid, running[pid], f"{address}:{int(port, 16)}"))
    for line in Path("/proc/net/unix").read_text().splitlines()[1:]:
        fields = line.split()
        accepts = int(fields[3], 16) & 0x10000
        if fields[6] in owner and accepts:
            pid, path = owner[fields[6]], fields[7] if len(fields) > 7 else ""
            path = re.sub(r"(\.sock)\.\d+$", r"\1", path)  # as supervisor binds it, before it gives it its name
            where = path if path[:1] in "/@" else f"{Path(f'/proc/{pid}/cwd').readlink()}/{path}"
            found.append(Listener(pid, running[pid], where))
    return found


def files(home: Path, running: dict[int, str]) -> set[str]:
    """Return every file and folder below the home, and every file elsewhere that these processes have open to write."""
    found = {str(home)}
    for folder, folders, names in os.walk(home):
        found |= {os.path.join(folder, name) for name in (*folders, *names)}  # noqa: PTH118 - 100,000 of them
    for pid in running:
        for link in Path(f"/proc/{pid}/fd").glob("*"):
            try:
                target, flags = str(link.readlink()), Path(f"/proc/{pid}/fdinfo/{link.name}").read_text()
                kind = link.stat().st_mode
            except OSError:
                continue
            writes = int(flags.split("flags:")[1].split()[0], 8) & os.O_ACCMODE
            if stat.S_ISREG(kind) and writes and not target.endswith("(deleted)"):
                found.add(target)
    return found


def guard(listener: Listener, cloud: dict[str, int]) -> str:
    """Return how a port asks who is there."""
    by_port = {port: name for name, port in cloud.items()}
    port = int(listener.place.rpartition(":")[2])
    if listener.program == "uwsgi" or listener.program.startswith("uwsgi"):
        return by_port[port]
    if by_port.get(port) == "rabbitmq":
        return "amqp"
    assert listener.program in GUARDS, f"{listener}: nobody knows how it asks who is there"
    return GUARDS[listener.program]


def test_another_user_gets_nothing(standing: Settings, embedded_cloud: Cloud) -> None:
    """Another user can open no file, socket or port of ours without sign-in, and can see no secret of a process."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("acting as another user needs root, and setpriv: `./rallycross test` as root runs this test")
    home = standing.home
    kept = json.loads((standing.clouds / embedded_cloud.name / "cloud.json").read_text())
    running = processes(home)
    found = listeners(running)
    ports = {one.place: guard(one, kept["ports"]) for one in found if one.place[:1] not in "/@"}
    sockets = sorted({one.place for one in found if one.place[:1] in "/@"})
    every = files(home, running)
    given = {"files": sorted(every), "sockets": sockets, "processes": sorted(running), "ports": ports}

    tried = as_nobody(given)

    # Nothing counts as kept that was not there to be had.
    apis = {"keystone", "glance", "placement", "nova", "neutron", "cinder"}
    assert set(ports.values()) == {"mariadb", "amqp", "erlang", "airflow", *apis}
    assert {Path(path).name for path in sockets} >= {"mariadb.sock", "memcached.sock", "supervisor.sock"}
    assert {"cloud.json", "results.db", "airflow.db", "ports.json", "report.html", "0.arrows", "nova.conf"} <= {
        Path(path).name for path in every
    }
    assert tried == {"uid": NOBODY, "tried": len(every) + len(sockets) + len(running) + len(ports), "got": []}
    assert [place for place in ports if not place.startswith("127.0.0.1:")] == []


def test_no_secret_is_on_a_command_line(standing: Settings, embedded_cloud: Cloud) -> None:
    """What all users can see of our processes has none of the cloud's or of Airflow's passwords."""
    kept = json.loads((standing.clouds / embedded_cloud.name / "cloud.json").read_text())
    secrets = [*kept["secrets"].values(), *json.loads((standing.home / "airflow/passwords.json").read_text()).values()]
    running = processes(standing.home)
    seen = "".join(
        file.read_text(errors="replace") for pid in running if (file := Path(f"/proc/{pid}/cmdline")).exists()
    )

    assert "mariadbd" in seen
    assert [secret for secret in secrets if secret in seen] == []


def test_what_another_user_could_have_is_noticed(tmp_path: Path) -> None:
    """The user who tries does get at a file and a socket that are open to all: what it does not get is kept from it."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("acting as another user needs root, and setpriv: `./rallycross test` as root runs this test")
    with (
        tempfile.TemporaryDirectory() as folder,  # pytest's own are closed
        socket.socket(socket.AF_UNIX) as server,
        HTTPServer(("127.0.0.1", 0), SimpleHTTPRequestHandler) as http,
    ):
        Path(folder).chmod(0o755)
        file = Path(folder, "open")
        file.write_text("x")
        file.chmod(0o644)
        server.bind(f"{folder}/socket")
        Path(folder, "socket").chmod(0o666)
        server.listen()
        threading.Thread(target=http.serve_forever, daemon=True).start()
        port = f"127.0.0.1:{http.server_port}"
        given = {"files": [str(file), str(tmp_path)], "sockets": [f"{folder}/socket"], "ports": {port: "nova"}}
        got = as_nobody({**given, "processes": [os.getpid()]})["got"]
        http.shutdown()

    assert got == [
        f"{file}: opened to read",
        f"{folder}/socket: connected",
        f"{port} (nova): /v2.1/servers answered 404",
    ]


def as_nobody(given: dict[str, object]) -> dict[str, object]:
    """Let another user try."""
    user = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--inh-caps=-all", "--no-new-privs"]
    # The program is handed over as text: the user may not be able to read the checkout.
    code = (CHECKOUT / "tests/e2e/other_user.py").read_text()
    done = subprocess.run(
        [*user, "/usr/bin/env", "-i", "python3", "-I", "-c", code],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, object] = json.loads(done.stdout)
    return answer
