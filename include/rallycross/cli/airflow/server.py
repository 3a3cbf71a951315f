"""This checkout's Airflow: starts it on loopback, and waits until all components report that they are healthy."""

import fcntl
import json
import os
import pwd
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from rallycross.cli.airflow import supervisor
from rallycross.cli.airflow.api import AirflowAPI, AirflowDidNotAnswer
from rallycross.cli.airflow.ports import candidates, claimed
from rallycross.cli.airflow.processes import Process, end, marked
from rallycross.cli.airflow.secrets import USER, Secrets
from rallycross.cli.airflow.settings import (
    COMPONENTS,
    MARK,
    airflow_settings,
    component_environment,
    core_settings,
    given_limits,
)
from rallycross.cli.airflow.supervisor import Program, Supervisor, configuration
from rallycross.deployment.embedded.on_host.control import SOCKET
from rallycross.deployment.embedded.on_host.listener import stranger
from rallycross.deployment.embedded.on_host.movement import Movement
from rallycross.errors import RallycrossError
from rallycross.owner_only import write_owner_only
from rallycross.settings import CHECKOUT, settings

FIRST_PORT = 8480
ROOM = 20_000_000  # bytes of disk that a start needs, for Airflow's database and logs
DAG = "cloud_lifecycle"
_LOOK = 0.2  # seconds between two tries
_TRIED = 200  # ports that are tried
_DOWN = "./rallycross down"
_HEALTH_NAMES = {"scheduler": "scheduler", "dag_processor": "dag-processor", "triggerer": "triggerer"}


class PortIsTaken(RallycrossError):  # noqa: N818
    """Another program listens on the port of this Airflow."""

    def __init__(self, message: str, who: str) -> None:
        super().__init__(message)
        self.who = who


class AirflowServer:
    """Airflow under a supervisor, with its state in one folder."""

    def __init__(self, folder: Path, *, checkout: Path = CHECKOUT, wanted_port: int | None = None) -> None:
        """`wanted_port` is the port that the user demands; None = any free port."""
        self.folder = folder
        self.checkout = checkout
        self._wanted_port = wanted_port
        self._ports = folder / "ports.json"

    @property
    def ports(self) -> dict[str, int]:
        """The ports of the last start, `{"api": ...}`; empty before the first."""
        try:
            found = json.loads(self._ports.read_text())
            return {"api": int(found["api"])}
        except (FileNotFoundError, ValueError, KeyError, TypeError):  # a power cut leaves files empty
            return {}

    @property
    def url(self) -> str:
        """The API server's address, as of the last start."""
        return f"http://127.0.0.1:{self.ports['api']}" if self.ports else ""

    @property
    def secrets(self) -> Secrets:
        """The passwords and keys; generated at the first access."""
        return Secrets.kept(self.folder)

    def api(self) -> AirflowAPI:
        """Return a session with the API server as `admin`."""
        if not self.ports:
            raise RallycrossError("Airflow has not been started here - start it with: ./rallycross up")
        self._check_whose_port()
        return AirflowAPI(self.url, USER, self.secrets.password)

    def _check_whose_port(self) -> None:
        """Raise `PortIsTaken` if another program listens on this Airflow's port."""
        if who := self._stranger():
            port, remedy = self.ports["api"], f"run {_DOWN}, and start again: it takes another port"
            if self._wanted_port == port:
                remedy = f"end that program, or run {_DOWN} and set RALLYCROSS_AIRFLOW_PORT to another port"
            where = f"port {port} of 127.0.0.1, this Airflow's port, is taken by {who}"
            raise PortIsTaken(f"{where}, which is sent no password - {remedy}", who)

    def _stranger(self) -> str:
        """Return which other program listens on this Airflow's port; "" = none, or there is no port yet."""
        return stranger(self.ports["api"], self._pids) if self.ports else ""

    def _pids(self) -> list[int]:
        return [process.pid for process in self._processes()]

    def environment(self, base: dict[str, str]) -> dict[str, str]:
        """Return the components' environment: the user's (`base`), with Airflow's settings."""
        return component_environment(base, self.folder, self._settings(base))

    @property
    def environment_file(self) -> Path:
        """The file to source in a shell before `airflow` commands; it contains secrets."""
        return self.folder / "environment.sh"

    def programs(self) -> list[Program]:
        """Return the components' states in the supervisor; none if that is down."""
        control = self._control()
        return control.programs() if control and control.answers() else []

    def states(self) -> list[tuple[str, str, str]]:
        """Return name, state and detail of each component, by what actually answers."""
        rows = self._components()
        return [*rows, ("disk", "FULL", full)] if rows and (full := self.full()) else rows

    def _components(self) -> list[tuple[str, str, str]]:
        programs, health = self.programs(), self._health()
        rows = [(program.name, *self._state(program, health)) for program in programs]
        if programs:
            return rows
        left = self._processes()
        if not left and not health:
            return []
        detail = "it restarts by itself; or run: ./rallycross up - to end everything: ./rallycross down"
        rows = [("supervisor", "GONE", detail)]
        rows += [(component, *_beat(health.get(name, {}))) for name, component in _HEALTH_NAMES.items() if health]
        api = ("RUNNING", self.url) if health else ("SILENT", f"does not answer; {len(left)} processes are left")
        return [*rows, ("api-server", *api)]

    def _health(self) -> dict[str, Any]:
        """Return the components' health from the API server; empty if it, or only another program, answers."""
        if not self.ports:
            return {}
        try:
            return self.api().health()
        except (AirflowDidNotAnswer, PortIsTaken):
            return {}

    def _state(self, program: Program, health: dict[str, Any]) -> tuple[str, str]:
        """Return state and detail of a component; a running process that does not answer is not healthy."""
        names = {component: name for name, component in _HEALTH_NAMES.items()}
        if program.name == "api-server" and (who := self._stranger()):
            return "SILENT", f"its port {self.ports['api']} is taken by {who} - run {_DOWN}, and start again"
        if program.state != "RUNNING":
            return program.state, program.detail
        if not health:
            return (
                ("SILENT", f"{program.detail}, does not answer")
                if program.name == "api-server"
                else ("RUNNING", program.detail)
            )
        state, beat = _beat(health.get(names.get(program.name, ""), {"status": "healthy"}))
        return (state, program.detail) if state == "RUNNING" else (state, f"{program.detail}, {beat}")

    def up(self, base: dict[str, str], *, limit: float, tell: Callable[[str], None]) -> bool:
        """Start Airflow unless it runs; wait until it is healthy. Return whether it was started.

        The wait ends after `limit` seconds, or after RALLYCROSS_PATIENCE seconds without progress.
        """
        for folder in (self.folder, self.folder / "log"):
            folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        with self._alone(), ExitStack() as claims:
            control = self._control()
            running = bool(self.ports) and control is not None and control.answers()
            if running and self._wanted_port not in {None, self.ports["api"]}:
                raise RallycrossError(
                    f"Airflow already runs on port {self.ports['api']}, not {self._wanted_port}"
                    " - stop it first: ./rallycross down"
                )
            if not running:
                self._start(base, claims, tell)
            movement = Movement(settings(base).patience, limit, tell)
            while taken := self._wait(movement):  # by a program that bound the port after it was found free
                if self._wanted_port is not None:
                    raise taken
                tell(f"port {self.ports['api']} was taken by {taken.who} in the meantime: starting on another")
                self._end()
                self._start(base, claims, tell)
                running = False
            return not running

    def down(self, *, tell: Callable[[str], None]) -> bool:
        """End all components and their leftover processes. Return whether there were any."""
        if not self.folder.exists():
            return False
        with self._alone():
            if self.programs():
                tell("stopping Airflow")
            return self._end()

    def _end(self) -> bool:
        """End the supervisor, its components, and orphaned processes. Return whether there were any."""
        control = self._control()
        there = control is not None and control.answers()
        if control is not None and there:
            control.shutdown()
            deadline = time.monotonic() + 10 * settings().end_grace  # each component has 4 * end_grace
            while control.answers() and time.monotonic() < deadline:
                time.sleep(0.1)
        return bool(end(self._processes, grace=settings().end_grace)) or there

    def log_file(self, name: str) -> Path:
        """Return a component's log file."""
        return self.folder / "log" / f"{name}.log"

    def _processes(self) -> list[Process]:
        return marked(MARK, str(self.folder))

    def _control(self) -> Supervisor | None:
        return Supervisor(self.folder, self.secrets.supervisor) if (self.folder / SOCKET).exists() else None

    def _start(self, base: dict[str, str], claims: ExitStack, tell: Callable[[str], None]) -> None:
        """Start Airflow on a port that stays reserved until `claims` is closed."""
        left = end(self._processes, grace=settings().end_grace)
        if left:
            tell(f"ended {len(left)} processes of an Airflow that had lost its supervisor")
        self._check_room()
        ports = {"api": self._api_port(claims)}
        write_owner_only(self._ports, json.dumps(ports))
        secret = self.secrets
        environment = self.environment(base)
        self._write_environment(base)
        self._migrate(environment, settings(base).start_limit, tell)
        text = configuration(
            self.folder,
            password=secret.supervisor,
            user=pwd.getpwuid(os.getuid()).pw_name,
            bin_folder=Path(sys.executable).parent,
            checkout=self.checkout,
        )
        tell(f"starting Airflow on {self.url}")
        supervisor.start(self.folder, text, environment)

    def full(self) -> str:
        """Return the complaint about a nearly full disk; "" if it has room, or there is no folder yet."""
        free = shutil.disk_usage(self.folder).free if self.folder.exists() else ROOM
        if free >= ROOM:
            return ""
        missing = f"{free / 1e6:.1f} MB are free on its disk, and Airflow needs {ROOM / 1e6:.0f} MB"
        return f"{self.folder}: {missing} - make room on its disk, or set RALLYCROSS_HOME to a folder on another"

    def _check_room(self) -> None:
        """Raise an error on a nearly full disk: later failures would not name the cause."""
        if full := self.full():
            raise RallycrossError(full)

    def _settings(self, base: dict[str, str]) -> dict[str, str]:
        own = airflow_settings(self.folder, self.ports["api"], self.secrets, checkout=self.checkout)
        return {**own, **given_limits(base), **core_settings(settings(base))}

    def _write_environment(self, base: dict[str, str]) -> None:
        """Write the file that a shell sources to use `airflow` commands on this Airflow."""
        lines = [f"export {name}={shlex.quote(value)}" for name, value in self._settings(base).items()]
        lines.append(f"export PATH={shlex.quote(str(Path(sys.executable).parent))}:$PATH")
        write_owner_only(self.environment_file, "\n".join([*lines, ""]))

    def _api_port(self, claims: ExitStack) -> int:
        if self._wanted_port is not None:
            if claims.enter_context(claimed([self._wanted_port])) is None:
                raise RallycrossError(
                    f"port {self._wanted_port} (RALLYCROSS_AIRFLOW_PORT) is taken"
                    " - name another, or unset the variable to use any free port"
                )
            return self._wanted_port
        last = self.ports.get("api", FIRST_PORT)
        port = claims.enter_context(claimed([last, *islice(candidates(FIRST_PORT), _TRIED)]))
        if port is None:
            raise RallycrossError(
                f"no port of 127.0.0.1 is free: all {_TRIED} that were tried, from {FIRST_PORT} on, are taken - end the"
                " programs that use them, or set RALLYCROSS_AIRFLOW_PORT to a free one"
            )
        return port

    def _migrate(self, environment: dict[str, str], limit: float, tell: Callable[[str], None]) -> None:
        """Create or migrate Airflow's own database, unless this version of Airflow has done so."""
        from importlib.metadata import version  # noqa: PLC0415 - takes 20 ms, and only a start needs it

        stamp, now = self.folder / "migrated", version("apache-airflow-core")
        if (self.folder / "airflow.db").exists() and stamp.exists() and stamp.read_text(errors="replace") == now:
            return
        tell("creating Airflow's database")
        log = self.log_file("migrate")
        with log.open("wb") as out:
            airflow = str(Path(sys.executable).with_name("airflow"))
            migrate = [airflow, "db", "migrate"]
            try:
                code = subprocess.run(
                    migrate, env=environment, stdout=out, stderr=subprocess.STDOUT, check=False, timeout=limit
                ).returncode
            except subprocess.TimeoutExpired as error:
                raise RallycrossError(
                    f"`airflow db migrate` did not end within {limit:g} s - see {log}, or raise"
                    f" RALLYCROSS_START_LIMIT:\n{tail(log)}"
                ) from error
        if code != 0:
            raise RallycrossError(f"Airflow could not create its database - see {log}:\n{tail(log)}")
        write_owner_only(stamp, now)

    def _wait(self, movement: Movement) -> PortIsTaken | None:
        """Wait until all components are healthy; return an error if another program has taken the port."""
        api = AirflowAPI(self.url, USER, self.secrets.password)
        since = max((program.started for program in self.programs()), default=0)
        while True:
            try:
                self._check_whose_port()
                missing, waited_for = self._missing(api, since)
            except PortIsTaken as taken:
                return taken
            except AirflowDidNotAnswer as error:
                missing, waited_for = str(error), ("api-server",)
            if not missing:
                return None
            groups = {program.name: program.pid for program in self.programs() if program.name in waited_for}
            if given_up := movement.look([missing], groups):
                raise RallycrossError(f"Airflow is not healthy - {given_up}\n{self._last_words()}")
            time.sleep(0.2)

    def _missing(self, api: AirflowAPI, since: float) -> tuple[str, tuple[str, ...]]:
        """Return what is not healthy yet ("" = everything is), and the components that this depends on.

        Heartbeats from before `since` belong to an earlier start.
        """
        health = api.health()
        for name, component in _HEALTH_NAMES.items():
            beat = health[name].get(f"latest_{name}_heartbeat")
            if health[name]["status"] != "healthy" or not beat or datetime.fromisoformat(beat).timestamp() < since:
                return f"{component} is not healthy", (component,)
        try:
            api.get(f"/dags/{DAG}")
        except AirflowDidNotAnswer as error:
            if error.code != 404:
                raise
            broken = api.get("/importErrors")["import_errors"]
            missing = "\n".join([f"the DAG {DAG} is not listed", *(row["stack_trace"] for row in broken)])
            return missing, () if broken else ("dag-processor",)  # reading a broken DAG again does not help
        return "", ()

    def _last_words(self) -> str:
        states = [f"{program.name}: {program.state} {program.detail}" for program in self.programs()]
        logs = [self.log_file(name) for name in COMPONENTS]
        return "\n".join([*states, *(f"--- {log}\n{tail(log, 8)}" for log in logs if log.exists())])

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold this folder's lock, so that two simultaneous `up` do not start two Airflows."""
        with (self.folder / "lock").open("w") as lock:
            limit = settings().start_limit
            deadline = time.monotonic() + limit
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError as error:
                    if time.monotonic() > deadline:
                        raise RallycrossError(
                            f"another command has been starting or stopping Airflow for {limit:g} s, and holds"
                            f" {lock.name} - end it, or raise RALLYCROSS_START_LIMIT"
                        ) from error
                    time.sleep(_LOOK)
            yield


def _beat(health: dict[str, Any]) -> tuple[str, str]:
    """Return state and detail of a component from the API server's health report."""
    if health.get("status") == "healthy":
        return "RUNNING", "reports that it is healthy"
    beat = next((value for name, value in health.items() if name.endswith("_heartbeat") and value), "never")
    return "UNHEALTHY", f"its last heartbeat: {beat}"


def tail(path: Path, lines: int = 15) -> str:
    """Return the last lines of a text file; "" if there is none."""
    if not path.exists():
        return ""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 65536))
        return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])
