"""Start services by their supervisor, and wait until each runs and answers. Standard library only.

Usage: ctl.py ROOT LIMIT_S PROGRAM ... -- ENDPOINT ...
An endpoint is a URL, or HOST:PORT that is to be listened on.
"""

import json
import socket
import sys
import time
import urllib.error
import urllib.request
import xmlrpc.client
from pathlib import Path
from typing import Any

STILL_RUNNING = 91  # the supervisor's fault code


def main() -> int:
    """Return 0 when all is up, 1 with what is not on stderr when the limit is over."""
    root, limit = Path(sys.argv[1]), float(sys.argv[2])
    split = sys.argv.index("--")
    programs, endpoints = sys.argv[3:split], sys.argv[split + 1 :]
    kept = json.loads((root / "cloud.json").read_text())
    address = f"http://rallycross:{kept['secrets']['supervisor']}@127.0.0.1:{kept['ports']['supervisor']}/RPC2"
    control = xmlrpc.client.ServerProxy(address).supervisor
    deadline = time.monotonic() + limit
    fresh, missing = False, ["the supervisor"]
    while missing:
        try:
            if programs and not fresh:  # without programs it is only asked whether the supervisor is there
                take_changes(control, deadline)
                fresh = True
            states = {row["name"]: row["statename"] for row in control.getAllProcessInfo()}
            for name in programs:
                if states.get(name) in {"STOPPED", "EXITED", "FATAL"}:
                    control.startProcess(name, False)
            missing = [f"{name} is {states.get(name, 'unknown')}" for name in programs if states.get(name) != "RUNNING"]
            missing += [f"{endpoint} does not answer" for endpoint in endpoints if not answers(endpoint)]
        except (OSError, xmlrpc.client.Error) as error:
            missing = [f"the supervisor does not answer: {error}"]
        if missing and time.monotonic() > deadline:
            print(f"not up after {limit:.0f} s: {'; '.join(missing)}", file=sys.stderr)
            for name in programs:
                if any(line.startswith(f"{name} ") for line in missing):
                    last_words(root / "log" / f"{name}.log")
            return 1
        if missing:
            time.sleep(0.1)
    return 0


def take_changes(control: Any, deadline: float) -> None:
    """Let the supervisor read its file again; what has changed there is ended, all side by side, to be started anew."""
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
    """Tell whether something answers: a listener on a port, a server's word that is not its own failure at a URL."""
    try:
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
    """Print the end of a log."""
    if log.exists():
        lines = log.read_text(errors="replace").splitlines()[-12:]
        print(f"--- {log}", *lines, sep="\n", file=sys.stderr)


sys.exit(main())
