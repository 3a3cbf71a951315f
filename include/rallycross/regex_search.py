"""Searches for regular expressions of users, within limits: even a short one may take practically forever.

The search runs in a separate process with little time and memory, unless the patterns are plain and the texts few.
"""

import json
import re
import signal
import subprocess
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from rallycross.errors import RallycrossError, brief
from rallycross.isolated_process import WALL, run_isolated
from rallycross.settings import settings

_PROGRAM = Path(__file__).with_name("regex_process.py")
_PLAIN = re.compile(r"[\w ./:@,=-]{0,500}")  # without repetition: a search takes linear time
_FEW = 100_000  # searches that are not worth a process
_MEMORY = 256_000_000


class BadPatterns(RallycrossError):  # noqa: N818 - the name says what is wrong
    """Some patterns are not regular expressions, or take too long; `why` has the reasons by pattern number."""

    def __init__(self, patterns: Sequence[str], why: dict[int, str]) -> None:
        super().__init__("\n".join(f"pattern '{brief(patterns[number])}': {what}" for number, what in why.items()))
        self.why = why


def search_all(patterns: Sequence[str], texts: Sequence[str] = ()) -> tuple[frozenset[int], ...]:
    """Return, for each pattern, the numbers of the texts that contain a match; raise `BadPatterns`."""
    return _search_all(tuple(patterns), tuple(texts))


@lru_cache(maxsize=64)
def _search_all(patterns: tuple[str, ...], texts: tuple[str, ...]) -> tuple[frozenset[int], ...]:
    if len(patterns) * max(1, len(texts)) <= _FEW and all(map(_PLAIN.fullmatch, patterns)):
        compiled = [re.compile(pattern) for pattern in patterns]
        return tuple(frozenset(number for number, text in enumerate(texts) if one.search(text)) for one in compiled)
    seconds = settings().pattern_seconds
    job = {"patterns": patterns, "texts": texts, "seconds": int(-(-seconds // 1)), "memory": _MEMORY}
    try:
        done = run_isolated(_PROGRAM, json.dumps(job).encode())
    except subprocess.TimeoutExpired as error:
        what = f"regular expressions were not searched for in {WALL:g} s - try again when the machine is less busy"
        raise RallycrossError(what) from error
    if done.returncode:
        raise RallycrossError(_stopped(done, seconds))
    answer: dict[str, Any] = json.loads(done.stdout)
    if answer["wrong"]:
        raise BadPatterns(patterns, {int(number): _said(what, seconds) for number, what in answer["wrong"].items()})
    return tuple(map(frozenset, answer["found"]))


def _said(what: str, seconds: float) -> str:
    if what == "slow":
        return f"takes more than {seconds:g} s with those before it - simplify it, or raise RALLYCROSS_PATTERN_SECONDS"
    return f"not a regular expression: {what}"


def _stopped(done: "subprocess.CompletedProcess[bytes]", seconds: float) -> str:
    if done.returncode in {-signal.SIGXCPU, -signal.SIGKILL}:
        return f"regular expressions take more than {seconds:g} s - simplify them, or raise RALLYCROSS_PATTERN_SECONDS"
    said = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
    # CPython reports a lack of memory in the regex compiler as a SystemError.
    if done.returncode < 0 or re.search("MemoryError|SystemError", "".join(said)):
        return f"regular expressions take more than {_MEMORY / 1e6:g} MB of memory - simplify them"
    return f"the program that searches for regular expressions failed: {' '.join(said)}"
