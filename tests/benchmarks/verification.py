"""What running tempest through Rallycross costs: the same tests by plain `tempest run`, side by side in one run.

    .venv/bin/python tests/benchmarks/verification.py [--set smoke] [--concurrency 2] [--rounds 1] [--cloud NAME]

The cloud is the registered one named by --cloud (default: embedded); `./rallycross demo` leaves it standing. Both have
the same tests and tempest.conf, are started in the same instant when both are configured, and run side by side: what
else the machine does is the same for both. `--turns` runs one after the other. Of `tempest run` the whole command is
counted, of Rallycross from its first test process to the end of its last.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rallycross.cloud.cloud import Cloud
from rallycross.settings import settings
from rallycross.verification.discovery import discover
from rallycross.verification.environments import Environment
from rallycross.verification.leftovers import clean
from rallycross.verification.provisions import provide
from rallycross.verification.selection import FAKE_HYPERVISOR, Choice, select, skip_list
from rallycross.verification.tempest import Tempest
from rallycross.verification.test import TestResult
from rallycross.verification.verifier import Need, available_tests
from rallycross.verification.verify import Request, verify

TEMPEST = Path(sys.executable).with_name("tempest")


Ready = Callable[[], object]  # returns when the other is ready, too


def main() -> None:
    """Print a row for each, and the median ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cloud", default="embedded")
    parser.add_argument("--set", default="smoke", choices=["smoke", "quick"])
    parser.add_argument("--concurrency", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--turns", action="store_true", help="one after the other")
    options = parser.parse_args()
    cloud = Cloud.from_file(settings().clouds_yaml, options.cloud)
    ratios = []
    for number in range(options.rounds):
        barrier = threading.Barrier(1 if options.turns else 2)
        turns = [plain, ours] if number % 2 == 0 else [ours, plain]
        with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(1 if options.turns else 2) as pool:
            running = {
                turn: pool.submit(turn, cloud, Path(folder), options.set, options.concurrency, ready=barrier.wait)
                for turn in turns
            }
            found = {turn: seconds.result() for turn, seconds in running.items()}
        ratios.append(found[ours] / found[plain])
        print(f"ratio {ratios[-1]:.3f}", flush=True)
    print(f"median ratio {statistics.median(ratios):.3f}")


def ours(cloud: Cloud, folder: Path, chosen: str, concurrency: int, *, ready: Ready) -> float:
    """Return the seconds in which Rallycross ran the tests."""
    results: list[TestResult] = []
    totals = verify(
        cloud,
        Request(Choice(set=chosen), concurrency=concurrency),
        workspace=folder / "ours",
        environments=folder / "environments",
        begin=lambda *_: ready(),
        record=results.append,
        stop=threading.Event(),
    )
    count = dict(Counter(result.status for result in results))
    print(f"rallycross   {totals.seconds:6.1f} s  {count}", flush=True)
    return totals.seconds


def plain(cloud: Cloud, folder: Path, chosen: str, concurrency: int, *, ready: Ready) -> float:
    """Return the seconds of `tempest run`: what makes its configuration is not counted."""
    workspace, prefix = folder / "plain", "tempest-plain"
    subprocess.run([TEMPEST, "init", workspace], env={"HOME": str(folder)}, check=True, capture_output=True)
    tempest, connection = Tempest(Environment.own()), cloud.connect()
    try:
        facts, admin, _ = provide(connection, discover(cloud, connection), prefix)
        need = Need(facts=facts, admin=admin, member=None, workspace=workspace / "etc", prefix=prefix, options={})
        environment = dict(tempest.configure(need).environment)
        skips = skip_list(FAKE_HYPERVISOR) if facts.fake_hypervisors else {}
        selection = select(
            Choice(set=chosen), tempest, available_tests(tempest, workspace, stop=threading.Event()), also_skip=skips
        )
        (workspace / "load").write_text("\n".join(test.full for test in selection.run))
        command = [TEMPEST, "run", "--load-list", "load", "--concurrency", str(concurrency)]
        ready()
        began = time.monotonic()
        done = subprocess.run(command, cwd=workspace, env=environment, check=False, capture_output=True, text=True)
        seconds = time.monotonic() - began
    finally:
        clean(connection, prefix)
    told = [line.strip() for line in done.stdout.splitlines() if line.strip().startswith("- ")]
    print(f"tempest run  {seconds:6.1f} s  {'; '.join(told) or done.stderr[-500:]}", flush=True)
    return seconds


if __name__ == "__main__":
    main()
