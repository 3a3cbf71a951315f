"""A real Airflow on loopback is started, checked, restarted after kills, and stopped completely."""

import os
import shutil
import signal
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from eventual import eventually
from signalled import strike

from rallycross.cli.airflow.ports import free_port, is_free
from rallycross.cli.airflow.processes import Process, end, marked
from rallycross.cli.airflow.server import DAG, AirflowServer
from rallycross.cli.airflow.settings import COMPONENTS, MARK
from rallycross.errors import RallycrossError

LIMIT = 180.0  # seconds; a start takes 10, and a shared machine may be slow
LOOPBACK = "0100007F"  # 127.0.0.1, as /proc/net/tcp writes it


@pytest.fixture(name="server", scope="module")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AirflowServer]:
    """Start an Airflow for this module, on a free port."""
    server = AirflowServer(tmp_path_factory.mktemp("air flow"), wanted_port=free_port(0))
    try:
        assert server.up(environment(), limit=LIMIT, tell=lambda _: None)
        yield server
    finally:
        end(lambda: processes(server), grace=5)


def environment() -> dict[str, str]:
    """Return the environment without the variables of the other tests' Airflow."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "PYTEST"))}


def processes(server: AirflowServer) -> list[Process]:
    """Return all processes of a server."""
    return marked(MARK, str(server.folder))


def pid_of(server: AirflowServer, name: str) -> int:
    """Return the pid of a component."""
    (program,) = [program for program in server.programs() if program.name == name]
    return int(program.detail.split()[1].rstrip(",")) if program.state == "RUNNING" else 0


def listening(pids: list[int]) -> set[str]:
    """Return the addresses at which these processes listen, in the form of /proc."""
    inodes = set()
    for pid in pids:
        for link in Path(f"/proc/{pid}/fd").iterdir():
            try:
                inodes.add(str(link.readlink()).removeprefix("socket:[").removesuffix("]"))
            except FileNotFoundError:
                continue
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes:
                found.add(fields[1].split(":")[0])
    return found


def test_all_components_run(server: AirflowServer) -> None:
    """After a start every component runs, and users with the password can trigger DAGs."""
    assert [(program.name, program.state) for program in server.programs()] == [
        (name, "RUNNING") for name in COMPONENTS
    ]
    assert server.api().get(f"/dags/{DAG}")["is_paused"] is False


def test_the_api_asks_for_a_login(server: AirflowServer) -> None:
    """Without a token the API only answers its health check."""
    api = server.api()
    assert api.health()["scheduler"]["status"] == "healthy"
    with pytest.raises(RallycrossError, match="401"):
        api._call("GET", "/api/v2/dags")


def test_everything_listens_on_loopback(server: AirflowServer) -> None:
    """No process of Airflow, nor its supervisor, can be reached from another machine."""
    assert listening([process.pid for process in processes(server)]) == {LOOPBACK}


def test_a_second_start_changes_nothing(server: AirflowServer) -> None:
    """A second start leaves the same processes."""
    before = {process.pid for process in processes(server)}

    assert not server.up(environment(), limit=LIMIT, tell=lambda _: None)
    assert pid_of(server, "scheduler") in before


def test_another_port_is_refused_while_it_runs(server: AirflowServer) -> None:
    """A start with another port is refused, with the way to change it."""
    other = AirflowServer(server.folder, wanted_port=free_port(0))

    with pytest.raises(RallycrossError, match="rallycross down"):
        other.up(environment(), limit=LIMIT, tell=lambda _: None)


def test_a_killed_scheduler_comes_back_without_its_old_workers(server: AirflowServer) -> None:
    """After kill -9 another scheduler runs, and no worker of the killed one remains."""
    old = pid_of(server, "scheduler")
    assert len([process for process in processes(server) if process.group == old]) > 1

    strike(old, signal.SIGKILL)

    assert eventually(lambda: pid_of(server, "scheduler") not in {0, old})
    assert eventually(lambda: not [process for process in processes(server) if process.group == old])


def keeper_of(server: AirflowServer) -> int:
    """Return the pid of the keeper, which restarts the supervisor, or 0."""
    return next((one.pid for one in processes(server) if one.command.endswith("rallycross.cli.airflow.keeper")), 0)


def test_a_killed_supervisor_comes_back_by_itself_with_all_it_had(server: AirflowServer) -> None:
    """All components run again, once each, on the same port, with a new keeper."""
    assert eventually(lambda: keeper_of(server) > 0)
    url, keeper = server.url, keeper_of(server)
    before = {process.pid for process in processes(server)}
    strike(int((server.folder / "supervisor.pid").read_text()), signal.SIGKILL)
    assert eventually(lambda: server.programs() == [])
    assert server.states()[0][:2] == ("supervisor", "GONE")

    assert eventually(lambda: [program.state for program in server.programs()] == ["RUNNING"] * len(COMPONENTS))
    assert not server.up(environment(), limit=LIMIT, tell=lambda _: None)

    assert before & {process.pid for process in processes(server)} <= {keeper}  # which is the supervisor now
    assert eventually(lambda: keeper_of(server) not in {0, keeper})
    assert server.url == url
    assert [state for _, state, _ in server.states()] == ["RUNNING"] * len(COMPONENTS)


def test_a_killed_keeper_comes_back(server: AirflowServer) -> None:
    """The supervisor restarts the keeper, and the components continue."""
    assert eventually(lambda: keeper_of(server) > 0)
    keeper, scheduler = keeper_of(server), pid_of(server, "scheduler")
    strike(keeper, signal.SIGKILL)

    assert eventually(lambda: keeper_of(server) not in {0, keeper})
    assert pid_of(server, "scheduler") == scheduler


def test_what_nothing_is_left_of_above_is_replaced_by_a_start(server: AirflowServer) -> None:
    """Components without supervisor, keeper and port file are ended by a start, not doubled."""
    assert eventually(lambda: keeper_of(server) > 0)
    url, keeper = server.url, keeper_of(server)
    strike(keeper, signal.SIGSTOP)  # so that it cannot act in between
    strike(int((server.folder / "supervisor.pid").read_text()), signal.SIGKILL)
    strike(keeper, signal.SIGKILL)
    assert eventually(lambda: server.programs() == [])
    for name in ("ports.json", "scheduler.pid", "migrated"):  # as a power cut leaves them
        (server.folder / name).write_text("")
    orphans = {process.pid for process in processes(server)}

    assert server.up(environment(), limit=LIMIT, tell=lambda _: None)

    assert not orphans & {process.pid for process in processes(server)}
    assert server.url == url


def test_a_port_that_another_takes_before_it_is_bound(server: AirflowServer, tmp_path: Path) -> None:
    """A program that takes the chosen port is named, receives no password, and another port is used."""
    second, told = AirflowServer(tmp_path), list[str]()
    for name in ("airflow.db", "migrated"):  # which need not be made again
        shutil.copy(server.folder / name, tmp_path)
    with closing(socket.socket()) as taken:

        def take(text: str) -> None:
            told.append(text)
            if text.startswith("starting Airflow on") and len(told) == 1:
                taken.bind(("127.0.0.1", second.ports["api"]))
                taken.listen()

        try:
            assert second.up(environment(), limit=LIMIT, tell=take)
            port = taken.getsockname()[1]
            who = f"process {os.getpid()} ({command_line()})"
            assert told[1] == f"port {port} was taken by {who} in the meantime: starting on another"
            assert second.ports["api"] != port
            assert second.api().get(f"/dags/{DAG}")["dag_id"] == DAG
        finally:
            end(lambda: processes(second), grace=5)


def command_line() -> str:
    """Return the beginning of this process's command line, as the system has it."""
    return Path("/proc/self/cmdline").read_bytes().replace(b"\0", b" ").strip().decode()[:60]


def test_stopping_leaves_no_process(server: AirflowServer) -> None:
    """After a stop no process of this Airflow runs, and its ports are free; a second stop does nothing."""
    ports = server.ports

    assert server.down(tell=lambda _: None)

    assert processes(server) == []
    assert eventually(lambda: all(is_free(port) for port in ports.values()))
    assert not server.down(tell=lambda _: None)


def test_a_taken_port_that_was_asked_for(tmp_path: Path) -> None:
    """A requested port that is in use is reported with a remedy, and nothing is left behind."""
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        server = AirflowServer(tmp_path / "a", wanted_port=taken.getsockname()[1])
        with pytest.raises(RallycrossError, match="RALLYCROSS_AIRFLOW_PORT"):
            server.up({}, limit=LIMIT, tell=lambda _: None)

    assert processes(server) == []
