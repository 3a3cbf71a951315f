"""The action `sys_call`: runs a program on this machine."""

import json
import os
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from typing import IO, Any

from rallycross.child_environment import BASIC, passed
from rallycross.errors import brief
from rallycross.load_hooks.action import Firing, action
from rallycross.task.flaw import Flaw, Schema, flaws

_LOOK = 0.25  # seconds between two checks whether to give up
MOST_SAID = 10_000_000  # bytes that a program may print, so that it cannot fill the disk or memory
_SHOWN = 100_000  # characters of a program's output that the report shows, unless it is charts

_CHART: Schema = {
    "type": "object",
    "properties": {"title": {"type": "string"}, "chart_plugin": {"type": "string"}, "data": {}},
    "required": ["title", "chart_plugin", "data"],
}
_CHARTS: Schema = {"type": "array", "items": _CHART}
_OUTPUT: Schema = {"type": "object", "properties": {"additive": _CHARTS, "complete": _CHARTS}}


_MAPPING: Schema = {
    "type": "object",
    "properties": {
        "command": {"type": "string"},
        "environment": {"type": "object", "additionalProperties": {"type": ["string", "integer"]}},
    },
    "required": ["command"],
    "additionalProperties": False,
}


def _validate(given: Any) -> list[Flaw]:
    mapping = isinstance(given, dict)
    if found := flaws(given, _MAPPING if mapping else {"type": "string"}):
        return found
    try:
        words = shlex.split(given["command"] if mapping else given)
    except ValueError as error:
        return [Flaw((), f"cannot be split into words: {error}", "close the quote")]
    return [] if words else [Flaw((), "names no program", "write a command")]


@action("sys_call", _validate)
def sys_call(given: str | dict[str, Any], firing: Firing) -> None:
    """Run a program without a shell. The report shows the charts that it prints as JSON, or else its output.

    It has failed if its exit code is not 0. It gets few of this process's environment variables, since its output is
    in the report and the variables of Airflow's workers are secret.
    """
    command = given if isinstance(given, str) else given["command"]
    more = {} if isinstance(given, str) else {name: str(one) for name, one in given.get("environment", {}).items()}
    # Files, not pipes: a daemon that the program leaves behind may keep pipes open for long.
    with tempfile.TemporaryFile() as out_file, tempfile.TemporaryFile() as err_file:
        with subprocess.Popen(
            shlex.split(command),
            env={**passed(*BASIC), **more},
            stdin=subprocess.DEVNULL,
            stdout=out_file,
            stderr=err_file,
            process_group=0,
        ) as process:
            code = _end(process, firing, (out_file, err_file))
        out, err = (_whole(file) for file in (out_file, err_file))
    if code:
        firing.fail("n/a", f"exit code {code}", brief(err or f"stdout: {out}", _SHOWN))
    if charts := _charts(out):
        for chart in charts.get("additive", []):
            firing.add_output("additive", chart)
        for chart in charts.get("complete", []):
            firing.add_output("complete", chart)
        return
    said = [f"exit code: {code}", f"stdout: {brief(out, _SHOWN) or '(empty)'}"]
    said.append(f"stderr: {brief(err, _SHOWN) or '(empty)'}")
    firing.add_output(
        "complete", {"title": "System call", "chart_plugin": "TextArea", "description": command, "data": said}
    )


def _end(process: subprocess.Popen[bytes], firing: Firing, says: Sequence[IO[bytes]]) -> int:
    """Wait for a program and return its exit code; end it if it runs too long or prints too much."""
    while True:
        try:
            return process.wait(timeout=_LOOK)
        except subprocess.TimeoutExpired:
            if firing.give_up.is_set():
                firing.fail("TimeoutError", "was still running after the end of the load and was ended")
            elif any(os.fstat(file.fileno()).st_size > MOST_SAID for file in says):
                firing.fail("OverflowError", f"printed more than {MOST_SAID / 1e6:g} MB and was ended")
            else:
                continue
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _whole(file: Any) -> str:
    file.seek(0)
    text: str = file.read(MOST_SAID).decode(errors="replace")
    return text


def _charts(text: str) -> dict[str, list[dict[str, Any]]] | None:
    """Return the charts of a JSON text, or None if it has none."""
    try:
        found: dict[str, list[dict[str, Any]]] = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return None if flaws(found, _OUTPUT) else found
