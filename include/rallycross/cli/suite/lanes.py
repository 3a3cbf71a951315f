"""Run parts in lanes: one lane's parts one after another, the lanes side by side, each line with its lane's name."""

import subprocess
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock

from rallycross import uv
from rallycross.cli.console import console
from rallycross.cli.suite.outcome import cases, failures
from rallycross.cli.suite.parts import Part
from rallycross.settings import CHECKOUT

_printing = Lock()


@dataclass(frozen=True)
class Result:
    """How a part ended. Checks that are not pytest's count as one test each."""

    part: Part
    seconds: float
    code: int
    passed: int
    failed: int
    skipped: int


def run_lanes(parts: Sequence[Part]) -> list[Result]:
    """Run all parts, also after one has failed; return how they ended, in the order of `parts`."""
    lanes: dict[str, list[Part]] = {}
    for part in parts:
        lanes.setdefault(part.lane, []).append(part)
    with ThreadPoolExecutor(max_workers=len(lanes)) as pool:
        ended = pool.map(lambda lane: [run_part(part, shown=len(lanes) > 1) for part in lane], lanes.values())
        by_name = {result.part.name: result for results in ended for result in results}
    return [by_name[part.name] for part in parts]


def run_part(part: Part, *, shown: bool = False) -> Result:
    """Run a part's commands until one fails, passing on what they print; `shown`: with the lane before each line."""
    began = time.monotonic()
    prefix = f"{part.lane:<8}│ " if shown else ""
    _print(f"{prefix}── {part.name}", style="bold")
    if part.junit:
        part.junit.parent.mkdir(parents=True, exist_ok=True)
        part.junit.unlink(missing_ok=True)
    code = 0
    for command in part.commands:
        code = code or _stream(command, prefix)
    found = cases(part.junit) if part.junit else []
    failed, skipped = len(failures(found)), sum(case.skipped is not None for case in found)
    passed = len(found) - failed - skipped
    if not found or (code and not failed):  # a check without tests, or something beside them, counts as one
        passed, failed = passed + (not code), failed + bool(code)
    return Result(part, time.monotonic() - began, code, passed, failed, skipped)


def _stream(command: tuple[str, ...], prefix: str) -> int:
    """Run a command in the checkout, passing on what it prints; return its exit code."""
    try:
        process = subprocess.Popen(
            command, cwd=CHECKOUT, env=uv.environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
    except FileNotFoundError as error:
        _print(f"{prefix}{error} - run it by ./rallycross test, which installs what tests need")
        return 127
    with process:
        for line in process.stdout or ():
            _print(prefix + line.rstrip("\n"))
    return process.returncode


def _print(line: str, style: str | None = None) -> None:
    with _printing:
        console.print(line, style=style)
