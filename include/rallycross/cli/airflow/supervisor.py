"""The supervisor of this checkout: starts Airflow's components, restarts them if they die, and stops them."""

import http.client
import subprocess
import sys
import xmlrpc.client
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rallycross.cli.airflow.settings import COMPONENTS
from rallycross.deployment.embedded.on_host.control import USER, address, supervisor
from rallycross.owner_only import write_owner_only
from rallycross.settings import settings

_PROGRAM = """
[program:{name}]
command={command}
directory={directory}
umask=077
autorestart=true
startsecs=1
startretries=1000
stopasgroup=true
killasgroup=true
stopwaitsecs={grace:.0f}
redirect_stderr=true
stdout_logfile={log}
stdout_logfile_maxbytes=20MB
stdout_logfile_backups=1
"""

_SUPERVISOR = """\
[supervisord]
nodaemon=true
user={user}
logfile={folder}/log/supervisor.log
logfile_maxbytes=5MB
logfile_backups=1
pidfile={folder}/supervisor.pid
childlogdir={folder}/log
strip_ansi=true

[unix_http_server]
file={socket}
username={control_user}
password={password}

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
"""

CONFIGURATION = "supervisor.conf"


@dataclass(frozen=True)
class Program:
    """A component's state in the supervisor."""

    name: str
    state: str  # RUNNING, STARTING, BACKOFF, STOPPED, EXITED, FATAL
    detail: str  # pid and uptime, or why it does not run
    started: int  # seconds since the epoch; 0 = not yet
    pid: int = 0  # leader of its own process group; 0 = it does not run


def configuration(folder: Path, *, password: str, user: str, bin_folder: Path, checkout: Path) -> str:
    """Return the supervisor's configuration file. It has no secrets of Airflow: components inherit these."""
    commands = {name: f"{bin_folder / 'airflow'} {name}" for name in COMPONENTS}
    # The log servers would listen on all addresses; the API server reads the logs from this disk.
    commands["triggerer"] += " --skip-serve-logs"
    commands["scheduler"] = f"{bin_folder / 'python'} -m rallycross.cli.airflow.scheduler"
    # Restarts the supervisor itself.
    commands["keeper"] = f"{bin_folder / 'python'} -m rallycross.cli.airflow.keeper"
    text = _SUPERVISOR.format(
        folder=_escape(folder), socket=_escape(address(str(folder))), control_user=USER, password=password, user=user
    )
    for name, command in commands.items():
        log = folder / "log" / f"{name}.log"
        grace = 4 * settings().end_grace
        text += _PROGRAM.format(
            name=name, command=_escape(command), grace=grace, directory=_escape(checkout), log=_escape(log)
        )
    return text


def _escape(value: object) -> str:
    """Return a value with `%` escaped: supervisord expands `%(name)s`."""
    return str(value).replace("%", "%%")


class Supervisor:
    """A client of the supervisor. Calls raise `OSError` if no supervisor answers."""

    def __init__(self, folder: Path, password: str) -> None:
        self._server = supervisor(str(folder), password)

    def programs(self) -> list[Program]:
        """Return the current states of all components."""
        found: Any = self._server.supervisor.getAllProcessInfo()
        rows = (
            Program(row["name"], row["statename"], row["description"], row["start"], row["pid"])
            for row in found
            if row["name"] in COMPONENTS
        )
        return sorted(rows, key=lambda row: COMPONENTS.index(row.name))

    def answers(self) -> bool:
        """Return whether a supervisor answers."""
        try:
            self._server.supervisor.getPID()
        except (OSError, http.client.HTTPException, xmlrpc.client.Error):
            return False
        return True

    def shutdown(self) -> None:
        """Tell it to end all components and then itself; return at once."""
        self._server.supervisor.shutdown()


def command(configured: Path) -> list[str]:
    """Return the command that starts a supervisor."""
    return [sys.executable, "-m", "rallycross.cli.airflow.supervisord", "-c", str(configured)]


def start(folder: Path, text: str, environment: dict[str, str]) -> None:
    """Start a supervisor in its own session, so that Ctrl-C in this terminal does not reach it."""
    write_owner_only(folder / CONFIGURATION, text)
    with (folder / "log" / "supervisor.out").open("ab") as out:
        subprocess.Popen(
            command(folder / CONFIGURATION),
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
