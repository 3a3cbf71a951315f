"""What running tempest through Rallycross costs: the same tests by plain `tempest run`, side by side in one run.

    .venv/bin/python tests/benchmarks/verification.py [--set smoke] [--concurrency 2] [--rounds 1] [--cloud NAME]

The cloud is the registered one named by --cloud (default: embedded); `./rallycross demo` leaves it standing. Both have
the same tests and tempest.conf, are started in the same instant when both are configured, and run side by side: what
else the machine does is the same for both. `--turns` runs one after the other. Of both is counted what their results
say: from the start of the first test to the end of the last. A round in which the two have not run the same tests to
the same ends compares nothing, and ends the benchmark.
"""

import argparse
import secrets
import statistics
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from rallycross.cloud.cloud import Cloud
from rallycross.settings import settings
from rallycross.verification.cleanup import clean
from rallycross.verification.discovery import discover
from rallycross.verification.environments import Environment
from rallycross.verification.importing import results
from rallycross.verification.provisions import provide
from rallycross.verification.selection import FAKE_HYPERVISOR, Choice, select, skip_list
from rallycross.verification.tempest import Tempest
from rallycross.verification.test import OUTCOMES, TestResult
from rallycross.verification.verifier import ConfigurationInputs, available_tests
from rallycross.verification.verify import VerificationRequest, verify

TEMPEST = Path(sys.executable).with_name("tempest")


READY_LIMIT = 600.0  # seconds in which both must be configured

Ready = Callable[[], object]  # returns when the other is ready, too
Ends = dict[str, TestResult]
Turn = Callable[..., Ends]


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
        turns: list[Turn] = [plain, ours] if number % 2 == 0 else [ours, plain]
        ends = side_by_side(turns, cloud, options)
        by_us, by_tempest = ends[ours], ends[plain]
        differ = [name for name in by_us | by_tempest if _end(by_us, name) != _end(by_tempest, name)]
        if differ:
            told = "\n".join(f"{name}: {_end(by_us, name)}, {_end(by_tempest, name)}" for name in sorted(differ))
            sys.exit(f"these tests have ended otherwise by Rallycross than by tempest:\n{told}")
        ratios.append(seconds(by_us) / seconds(by_tempest))
        print(f"ratio {ratios[-1]:.3f}", flush=True)
    print(f"median ratio {statistics.median(ratios):.3f}")


def side_by_side(turns: list[Turn], cloud: Cloud, options: argparse.Namespace) -> dict[Turn, Ends]:
    """Return how the tests ended by each."""
    at_once = 1 if options.turns else len(turns)
    barrier = threading.Barrier(at_once, timeout=READY_LIMIT)

    def ended(future: Future[Ends]) -> None:
        if future.exception():  # the other is not to wait for one that cannot begin
            barrier.abort()

    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(at_once) as pool:
        running = {
            turn: pool.submit(turn, cloud, Path(folder), options.set, options.concurrency, ready=barrier.wait)
            for turn in turns
        }
        for future in running.values():
            future.add_done_callback(ended)
        return {turn: future.result() for turn, future in running.items()}


def ours(cloud: Cloud, folder: Path, chosen: str, concurrency: int, *, ready: Ready) -> Ends:
    """Run the tests by Rallycross."""
    ends: Ends = {}

    def begin(*_: object) -> None:
        ready()

    verify(
        cloud,
        VerificationRequest(Choice(set=chosen), concurrency=concurrency),
        workspace=folder / "ours",
        environments=folder / "environments",
        begin=begin,
        record=lambda result: ends.update({result.name: result}),
        stop=threading.Event(),
    )
    _show("rallycross", ends)
    return ends


def plain(cloud: Cloud, folder: Path, chosen: str, concurrency: int, *, ready: Ready) -> Ends:
    """Run them by `tempest run`."""
    workspace, prefix = folder / "plain", f"tempest-{secrets.token_hex(6)}"
    subprocess.run([TEMPEST, "init", workspace], env={"HOME": str(folder)}, check=True, capture_output=True)
    tempest, connection = Tempest(Environment.own()), cloud.connect()
    try:
        facts, admin, _ = provide(connection, discover(cloud, connection), prefix)
        need = ConfigurationInputs(
            facts=facts, admin=admin, member=None, workspace=workspace / "etc", prefix=prefix, options={}
        )
        environment = dict(tempest.configure(need).environment)
        skips = skip_list(FAKE_HYPERVISOR) if facts.fake_hypervisors else {}
        available = available_tests(tempest, workspace, stop=threading.Event())
        selection = select(Choice(set=chosen), tempest, available, also_skip=skips)
        (workspace / "load").write_text("\n".join(test.full for test in selection.run))
        command = [str(TEMPEST), "run", "--load-list", "load", "--concurrency", str(concurrency)]
        ready()
        done = subprocess.run(command, cwd=workspace, env=environment, check=False, capture_output=True, text=True)
    finally:
        clean(connection, prefix)
    last = [str(TEMPEST.with_name("stestr")), "last", "--subunit"]
    told = subprocess.run(last, cwd=workspace, check=False, capture_output=True)
    if not told.stdout:
        sys.exit(f"tempest run has ended with code {done.returncode}, and without a result:\n{done.stderr[-2000:]}")
    ends = {result.name: result for result in results(told.stdout, file="stestr last")}
    _show("tempest run", ends)
    return ends


def seconds(ends: Ends) -> float:
    """Return the seconds from the start of the first test that ran to the end of the last."""
    ran = [result for result in ends.values() if result.status != "skip"]
    return max(result.started + result.seconds for result in ran) - min(result.started for result in ran)


def _end(ends: Ends, name: str) -> str:
    """Return how a test ended; what is on the skip list has not been given to tempest at all."""
    return OUTCOMES[ends[name].status] if name in ends else "skipped"


def _show(who: str, ends: Ends) -> None:
    count = dict(Counter(result.status for result in ends.values()))
    print(f"{who:<12} {seconds(ends):6.1f} s  {count}", flush=True)


if __name__ == "__main__":
    main()
