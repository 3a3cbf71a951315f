"""What running tempest through Rallycross costs: the same tests by plain `tempest run`, in one run, taking turns.

    .venv/bin/python tests/benchmarks/verification.py [--set smoke] [--concurrency 2] [--rounds 1] [--cloud NAME]

The cloud is the registered one named by --cloud (default: embedded); `./rallycross demo` leaves it standing. Both run
the same tests with the same tempest.conf. Two ratios are told: of the time in which tests run, and of all the time that
each takes, from the command to the prompt; of `tempest run` that is the same but for the listing.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
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


def main() -> None:
    """Print a row for each, and the median ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cloud", default="embedded")
    parser.add_argument("--set", default="smoke", choices=["smoke", "quick"])
    parser.add_argument("--concurrency", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    cloud = Cloud.from_file(settings().clouds_yaml, options.cloud)
    running, whole = [], []
    for number in range(options.rounds):
        with tempfile.TemporaryDirectory() as folder:
            turns = [plain, ours] if number % 2 == 0 else [ours, plain]
            found = {turn: turn(cloud, Path(folder), options.set, options.concurrency) for turn in turns}
        running.append(found[ours][0] / found[plain][0])
        whole.append(found[ours][1] / found[plain][1])
        print(f"ratio {running[-1]:.3f} of the tests' time, {whole[-1]:.3f} of all", flush=True)
    print(f"median ratio {statistics.median(running):.3f} of the tests' time, {statistics.median(whole):.3f} of all")


def ours(cloud: Cloud, folder: Path, chosen: str, concurrency: int) -> tuple[float, float]:
    """Return the seconds in which Rallycross ran the tests, and those that all of it took."""
    results: list[TestResult] = []
    began = time.monotonic()
    totals = verify(
        cloud,
        Request(Choice(set=chosen), concurrency=concurrency),
        workspace=folder / "ours",
        environments=folder / "environments",
        begin=lambda *_: None,
        record=results.append,
        stop=threading.Event(),
    )
    whole = time.monotonic() - began
    count = dict(Counter(result.status for result in results))
    print(f"rallycross   tests {totals.seconds:6.1f} s, all {whole:6.1f} s  {count}", flush=True)
    return totals.seconds, whole


def plain(cloud: Cloud, folder: Path, chosen: str, concurrency: int) -> tuple[float, float]:
    """Return the seconds of `tempest run`, twice: what makes its configuration is not counted."""
    workspace, prefix = folder / "plain", "tempest-plain"
    subprocess.run([TEMPEST, "init", workspace], env={"HOME": str(folder)}, check=True, capture_output=True)
    tempest, connection = Tempest(Environment.own()), cloud.connect()
    try:
        facts, admin, _ = provide(connection, discover(cloud, connection), prefix)
        need = Need(facts=facts, admin=admin, member=None, workspace=workspace / "etc", prefix=prefix, options={})
        environment = dict(tempest.configure(need).environment)
        skips = skip_list(FAKE_HYPERVISOR) if facts.fake_hypervisors else {}
        selection = select(Choice(set=chosen), tempest, available_tests(tempest, workspace), also_skip=skips)
        (workspace / "load").write_text("\n".join(test.full for test in selection.run))
        command = [TEMPEST, "run", "--load-list", "load", "--concurrency", str(concurrency)]
        began = time.monotonic()
        done = subprocess.run(command, cwd=workspace, env=environment, check=False, capture_output=True, text=True)
        seconds = time.monotonic() - began
    finally:
        clean(connection, prefix)
    told = [line.strip() for line in done.stdout.splitlines() if line.strip().startswith("- ")]
    print(f"tempest run  {seconds:6.1f} s  {'; '.join(told) or done.stderr[-500:]}", flush=True)
    return seconds, seconds


if __name__ == "__main__":
    main()
