"""Detects whether starting programs still make progress, as a fixed time limit cannot suit every machine.

A program makes progress while its processes use more processor time than ever before. One that dies and restarts, or
polls for something that is missing, makes no progress. Standard library only.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path

STEP_S = 1.0  # seconds of processor time that count as progress; an idle service needs much less in a minute


class Movement:
    """When one of the awaited programs last made progress."""

    def __init__(self, patience_s: float, limit_s: float, tell: Callable[[str], None] | None = None) -> None:
        """`tell` is called every half a minute with what is still missing; None = print it."""
        self._patience, self._limit = patience_s, limit_s
        self._tell = tell or _print
        self._began = self._moved = self._told = time.monotonic()
        self._farthest: dict[str, float] = {}
        self._fewest = float("inf")

    def look(self, missing: list[str], groups: dict[str, int]) -> str:
        """Record what is missing now, and its process groups; return why to stop waiting, or ""."""
        now = time.monotonic()
        if len(missing) < self._fewest:  # a program has come up; one that flaps counts only once
            self._fewest, self._moved = len(missing), now
        used = processor_seconds(set(groups.values()))
        for name, group in groups.items():
            seconds = used.get(group, 0.0)
            if seconds >= self._farthest.get(name, 0.0) + STEP_S:
                self._farthest[name] = seconds
                self._moved = now
        waited, still = now - self._began, now - self._moved
        if waited > self._limit:
            return f"not up after {waited:.0f} s, the limit: {'; '.join(missing)}"
        if still > self._patience:
            return f"not up after {waited:.0f} s, without progress for {still:.0f} s: {'; '.join(missing)}"
        if now - self._told > 30:
            self._told = now
            self._tell(f"still waiting after {waited:.0f} s: {'; '.join(missing)}")
        return ""


def _print(text: str) -> None:
    print(text, flush=True)


def processor_seconds(groups: set[int]) -> dict[int, float]:
    """Return the processor time that each process group has used, including ended children, in seconds."""
    tick, used = os.sysconf("SC_CLK_TCK"), dict.fromkeys(groups, 0.0)
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = file.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        if int(fields[2]) in groups:
            used[int(fields[2])] += sum(map(int, fields[11:15])) / tick
    return used
