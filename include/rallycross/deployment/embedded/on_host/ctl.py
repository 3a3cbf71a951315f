"""Start services through their supervisor, and wait until each runs and answers. Standard library only.

Usage: ctl.py ROOT PATIENCE_S LIMIT_S PROGRAM[=ENDPOINT] ...
An endpoint is a URL, a HOST:PORT to listen on, or unix:PATH relative to the root. The wait ends after LIMIT_S, or after
PATIENCE_S without progress.
"""

import json
import os
import socket
import sys
import time
import urllib.error
import urllib.request
import xmlrpc.client
from functools import partial
from pathlib import Path
from typing import Any

from control import running, supervisor
from listener import stranger
from movement import Movement

STILL_RUNNING = 91  # the supervisor's fault code


def main() -> int:
    """Return 0 if all is up; else report on stderr what is not, and return 1."""
    root, patience, limit = Path(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
    programs = dict(word.partition("=")[::2] for word in sys.argv[4:])
    kept = json.loads((root / "cloud.json").read_text())
    os.chdir(root)  # a socket's whole path may be too long
    control = supervisor(str(root), kept["secrets"]["supervisor"]).supervisor
    movement = Movement(patience, limit)
    fresh = False
    while True:
        try:
            if programs and not fresh:  # without programs, only check whether the supervisor answers
                take_changes(control, time.monotonic() + limit)
                fresh = True
            missing, groups = look(control, programs)
        except (OSError, xmlrpc.client.Error) as error:
            missing, groups = {"": f"the supervisor does not answer: {error}"}, {}
        if taken := strangers(root, {name: programs[name] for name in missing or programs if name in programs}):
            print(*taken, sep="\n", file=sys.stderr)
            return 1
        if not missing:
            return 0
        if given_up := movement.look(list(missing.values()), groups):
            print(given_up, file=sys.stderr)
            for name in filter(None, missing):
                last_words(root / "log" / f"{name}.log")
            return 1
        time.sleep(0.1)


def look(control: Any, programs: dict[str, str]) -> tuple[dict[str, str], dict[str, int]]:
    """Start what has ended; return for each program that is not up what is missing, and their process groups."""
    rows = control.getAllProcessInfo()
    states, missing = {row["name"]: row["statename"] for row in rows}, {}
    for name, endpoint in programs.items():
        state = states.get(name, "unknown")
        if state in {"STOPPED", "EXITED", "FATAL"}:
            control.startProcess(name, False)
        if state != "RUNNING":
            missing[name] = f"{name} is {state}"
        elif not answers(endpoint):
            missing[name] = f"{name} does not answer yet at {endpoint}"
    return missing, {row["name"]: row["pid"] for row in rows if row["name"] in missing and row["pid"]}


def strangers(root: Path, programs: dict[str, str]) -> list[str]:
    """Return a complaint for each port that another process took, between its choice and its program's first start."""
    found = []
    for name, endpoint in programs.items():
        host, _, port = endpoint.rpartition("://")[2].partition("/")[0].partition(":")
        if port.isdecimal() and (who := stranger(int(port), partial(running, root), host)):
            found.append(
                f"{name}: its port {port} on {host} is in use by {who} - stop that process, or destroy the cloud and"
                " create it again: it will use other ports"
            )
    return found


def take_changes(control: Any, deadline: float) -> None:
    """Let the supervisor reload its configuration; stop all changed programs in parallel, so that they restart."""
    added, changed, removed = control.reloadConfig()[0]
    for name in changed + removed:
        control.stopProcessGroup(name, False)
    for name in changed + removed:
        while time.monotonic() < deadline:
            try:
                control.removeProcessGroup(name)
                break
            except xmlrpc.client.Fault as fault:
                if fault.faultCode != STILL_RUNNING:
                    raise
                time.sleep(0.1)
    for name in added + changed:
        control.addProcessGroup(name)


def answers(endpoint: str) -> bool:
    """Return whether an endpoint answers: a socket accepts a connection, a URL returns a status below 500.

    A program without an endpoint counts as answering.
    """
    if not endpoint:
        return True
    try:
        if endpoint.startswith("unix:"):
            with socket.socket(socket.AF_UNIX) as probe:
                probe.settimeout(1)
                probe.connect(endpoint.removeprefix("unix:"))
                return True
        if not endpoint.startswith("http"):
            host, port = endpoint.rsplit(":", 1)
            with socket.create_connection((host, int(port)), timeout=1):
                return True
        with urllib.request.urlopen(endpoint, timeout=10):
            return True
    except urllib.error.HTTPError as error:
        return error.code < 500
    except OSError:
        return False


def last_words(log: Path) -> None:
    """Print the last lines of a log."""
    if log.exists():
        lines = log.read_text(errors="replace").splitlines()[-12:]
        print(f"--- {log}", *lines, sep="\n", file=sys.stderr)


sys.exit(main())
