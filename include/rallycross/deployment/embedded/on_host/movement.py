"""Whether what is being started still moves: how slow a machine is, is nothing that a limit could know.

A program moves while it uses the processor for what it has not done before: one that dies and begins anew, or asks
again and again for what is not there, gets no farther. Standard library only.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path

STEP_S = 1.0  # of the processor; an idle service needs a fraction of it in a minute


class Movement:
    """When something of what is waited for has moved last."""

    def __init__(self, patience_s: float, limit_s: float, tell: Callable[[str], None] | None = None) -> None:
        """`tell` hears every half a minute what is waited for; None = standard output does."""
        self._patience, self._limit = patience_s, limit_s
        self._tell = tell or _print
        self._began = self._moved = self._told = time.monotonic()
        self._farthest: dict[str, float] = {}
        self._fewest = float("inf")

    def look(self, missing: list[str], groups: dict[str, int]) -> str:
        """Take what is missing now, and the process groups of its programs; return why not to wait on, or ""."""
        now = time.monotonic()
        if len(missing) < self._fewest:  # something has come up; what comes and goes does so once
            self._fewest, self._moved = len(missing), now
        used = processor_seconds(set(groups.values()))
        for name, group in groups.items():
            seconds = used.get(group, 0.0)
            if seconds >= self._farthest.get(name, 0.0) + STEP_S:
                self._farthest[name] = seconds
                self._moved = now
        waited, still = now - self._began, now - self._moved
        if waited > self._limit:
            return f"not up after {waited:.0f} s, which is the limit: {'; '.join(missing)}"
        if still > self._patience:
            return f"not up after {waited:.0f} s, and nothing has moved for {still:.0f} s: {'; '.join(missing)}"
        if now - self._told > 30:
            self._told = now
            self._tell(f"still waiting after {waited:.0f} s: {'; '.join(missing)}")
        return ""


def _print(text: str) -> None:
    print(text, flush=True)


def processor_seconds(groups: set[int]) -> dict[int, float]:
    """Return what the processes of each process group have used of the processor, with their ended children."""
    tick, used = os.sysconf("SC_CLK_TCK"), dict.fromkeys(groups, 0.0)
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = file.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        if int(fields[2]) in groups:
            used[int(fields[2])] += sum(map(int, fields[11:15])) / tick
    return used
