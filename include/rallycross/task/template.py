"""Task files are Jinja2 templates, in Rally's dialect."""

import json
import pickle
import re
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rallycross.errors import Complaint, InvalidInput, RallycrossError
from rallycross.isolated_process import WALL, run_isolated
from rallycross.permissions import OWNER, Permissions
from rallycross.settings import Settings, settings

_PROGRAM = Path(__file__).with_name("template_process.py")
_TAG = re.compile(r"\{[{%#]")


def is_template(text: str) -> bool:
    """Return whether the text has anything to fill in."""
    return _TAG.search(text) is not None


def render(text: str, args: Mapping[str, Any], *, file: str, folder: Path, permissions: Permissions = OWNER) -> str:
    """Return the text with `args` filled in; includes and imports come from `folder`, as far as they are permitted.

    A template may come from a form, and even a short one can use up all memory and time. So it is rendered in a
    separate process with little of either, an empty environment, and no access to Rallycross.
    """
    if not is_template(text):
        return text
    limits = settings()
    job = {"text": text, "args": dict(args), "file": file, "folder": str(folder), "most": limits.file_limit}
    job["folders"] = None if permissions.folders is None else [str(one) for one in permissions.folders]
    job |= {"seconds": int(-(-limits.template_seconds // 1)), "memory": limits.template_memory}
    try:
        done = run_isolated(_PROGRAM, pickle.dumps(job))
    except subprocess.TimeoutExpired as error:
        what = f"the template was not rendered in {WALL:g} s"
        raise InvalidInput([Complaint(file, 1, 0, "", what, "try again when the machine is less busy")]) from error
    ended = done.returncode
    if ended > 0 and b"MemoryError" not in done.stderr:
        said = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise RallycrossError(f"{file}: the program that renders templates failed: {' '.join(said)}")
    if ended:
        raise InvalidInput([_stopped(ended, file, limits)])
    answer = json.loads(done.stdout)
    if complaints := answer.get("complaints"):
        raise InvalidInput(Complaint(*complaint) for complaint in complaints)
    return str(answer["text"])


def _stopped(ended: int, file: str, limits: Settings) -> Complaint:
    """Return the complaint about a template whose process was ended by a limit."""
    if ended in {-signal.SIGXCPU, -signal.SIGKILL}:
        what = f"takes more than {limits.template_seconds:g} s to render"
        return Complaint(file, 1, 0, "", f"the template {what}", "simplify it, or raise RALLYCROSS_TEMPLATE_SECONDS")
    # The interpreter aborted, or had no memory left to report its error.
    what = f"takes more than {limits.template_memory / 1e6:g} MB of memory to render"
    return Complaint(file, 1, 0, "", f"the template {what}", "simplify it, or raise RALLYCROSS_TEMPLATE_MEMORY")
