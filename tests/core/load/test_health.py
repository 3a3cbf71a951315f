"""The health of the load generator."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cpu_quota import CPUQuota, NoQuotaError

from rallycross.load.health import _cause, _Usage, cgroup_stats, throttled_seconds

_TELL = "from rallycross.load.health import peak_rss_mb; print(peak_rss_mb())"
_OWN = f"{_TELL}; held = b'x' * 300_000_000; del held; print(peak_rss_mb())"
_OF_A_CHILD = f"import subprocess, sys; held = b'x' * 300_000_000; subprocess.run([sys.executable, '-c', {_TELL!r}])"


def printed(program: str) -> list[float]:
    """Run a program and return the figures that it prints."""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return [float(line) for line in done.stdout.split()]


def test_the_peak_of_memory_is_the_programs_own() -> None:
    """The peak includes memory that the program had once, and not that of its parent."""
    before, after = printed(_OWN)
    assert 290 < after - before < 320
    [child] = printed(_OF_A_CHILD)
    assert abs(child - before) < 30


# Tells of itself once it has stood still, as a load process does at the end of its load.
_WATCHED = """
import asyncio, json, sys, time
from rallycross.load.health import Health
async def main():
    began = time.monotonic()
    health = Health(lambda: time.monotonic() - began)
    watching = asyncio.create_task(health.watch())
    await asyncio.sleep(0.3)
    ended = time.thread_time() + 0.1
    print("watched", flush=True)
    {meanwhile}
    await asyncio.sleep(0.3)
    watching.cancel()
    print(json.dumps(health.close()), flush=True)
asyncio.run(main())
"""


def watched(meanwhile: str, **options: Any) -> "subprocess.Popen[str]":
    """Start a process that watches itself while it does something; it has begun to when this returns."""
    program = [sys.executable, "-c", _WATCHED.format(meanwhile=meanwhile)]
    process = subprocess.Popen(program, stdout=subprocess.PIPE, text=True, **options)
    assert process.stdout is not None
    assert process.stdout.readline() == "watched\n"
    return process


def longest(process: "subprocess.Popen[str]") -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what the process tells of itself at its end, and of the longest time for which it stood still."""
    out, _ = process.communicate(timeout=60)
    told = json.loads(out)
    return told, max(told["stood"], key=lambda one: one["seconds"])


def test_a_process_that_was_stopped_knows_for_how_long() -> None:
    """After SIGSTOP and SIGCONT a process reports a stall with the cause `stopped`."""
    process = watched("await asyncio.sleep(1)")
    os.kill(process.pid, signal.SIGSTOP)
    time.sleep(1.5)
    os.kill(process.pid, signal.SIGCONT)
    told, stood = longest(process)
    assert stood["cause"] == "stopped"
    assert stood["until"] - stood["since"] == pytest.approx(stood["seconds"])
    assert told["lag_max"] == pytest.approx(stood["seconds"])
    assert told["lost_seconds"] >= stood["seconds"] >= 1.3


def test_a_loop_that_is_held_without_computing_is_not_a_process_that_was_stopped() -> None:
    """If a scenario blocks without `await`, other threads run, and the cause is `blocked`."""
    _, stood = longest(watched("time.sleep(1.5)"))
    assert stood["cause"] == "blocked"
    assert stood["seconds"] >= 1.3


@pytest.fixture(name="group")
def _group() -> Iterator[CPUQuota]:
    try:
        with CPUQuota() as group:
            yield group
    except NoQuotaError as error:
        pytest.skip(str(error))


def test_a_quota_that_is_used_up_is_told_from_a_busy_machine(group: CPUQuota) -> None:
    """A used-up CPU quota is reported as the cause `throttled`."""
    process = watched(
        "time.sleep(0.5), [None for _ in iter(lambda: time.thread_time() < ended, False)]", preexec_fn=group.join
    )
    group.limit(0.05)
    told, stood = longest(process)
    assert stood["cause"] == "throttled"
    assert told["throttled_seconds"] > told["cpu_seconds"]


@pytest.mark.parametrize(
    ("usage", "cause"),
    [
        (_Usage(cpu=0.0, delay=0.1, suspended=0, throttled=0, beats=1), "stopped"),
        (_Usage(cpu=0.1, delay=0.1, suspended=0, throttled=0, beats=18), "blocked"),
        (_Usage(cpu=1.6, delay=0.3, suspended=0, throttled=0, beats=18), "busy"),
        (_Usage(cpu=0.4, delay=1.5, suspended=0, throttled=0, beats=9), "starved"),
        (_Usage(cpu=0.2, delay=1.7, suspended=0, throttled=1.6, beats=2), "throttled"),
    ],
)
def test_why_a_loop_stood_still_follows_from_what_the_kernel_counts(usage: _Usage, cause: str) -> None:
    """The cause follows from the time computing, waiting for a core, and throttled."""
    assert _cause(2.0, usage) == cause


def test_quotas_of_both_kinds_of_cgroups_are_read() -> None:
    """Throttled time is read in microseconds of cgroup v2 and nanoseconds of v1; without a quota it is 0."""
    assert throttled_seconds("usage_usec 5\nnr_throttled 3\nthrottled_usec 2500000\n") == 2.5
    assert throttled_seconds("nr_periods 9\nnr_throttled 3\nthrottled_time 2500000000\n") == 2.5
    assert throttled_seconds("usage_usec 5\n") == 0.0


@pytest.mark.parametrize(
    ("cgroup", "mount", "found"),
    [
        ("0::/a/b", "cgroup2 cgroup2 rw", ["a/b", "a", ""]),
        ("0::/of/the/host", "cgroup2 cgroup2 rw", [""]),  # as a container sees it
        ("4:cpu,cpuacct:/a", "cgroup cgroup rw,cpu,cpuacct", ["a", ""]),
        ("4:cpu:/a", "cgroup cgroup rw,cpuset", []),
    ],
)
def test_a_quota_may_be_that_of_any_cgroup_above(cgroup: str, mount: str, found: list[str], tmp_path: Path) -> None:
    """All cgroups up to the root are read; in a container up to the container's own."""
    proc, root = tmp_path / "proc", tmp_path / "root"
    (root / "a/b").mkdir(parents=True)
    for folder in (root, root / "a", root / "a/b"):
        (folder / "cpu.stat").touch()
    proc.mkdir()
    (proc / "cgroup").write_text(f"{cgroup}\n9:pids:/x\n")
    (proc / "mountinfo").write_text(f"30 20 0:26 / {root} rw,nosuid shared:9 - {mount}\n")
    assert list(cgroup_stats(proc)) == [root / name / "cpu.stat" for name in found]
