"""What it costs the client that a clean-up can find everything that a load has made.

The ledger has a row for the name prefix of a workload before its load begins, and each thing gets a name of its own
with that prefix. So the same iterations run in turn with both, and with neither.
"""

import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rallycross.benchmark.job import Job
from rallycross.benchmark.signed_in import signed_in
from rallycross.cloud.cloud import Cloud
from rallycross.cloud.context_data import Actor, ContextData, Tenant
from rallycross.cloud.naming import random_name, scenario_prefix
from rallycross.context.cleaning import SWEEP
from rallycross.context.ledger import OwnedLedger
from rallycross.load import loop
from rallycross.load.drive import LoadEngine
from rallycross.load.measure import measure
from rallycross.load.runners import RUNNERS
from rallycross.results.sample_file import SampleWriter
from rallycross.results.store import Store
from rallycross.scenario.scenario import scenario
from rallycross.scenario.user import User

ITERATIONS = 2000
CONCURRENCY = 16
ROUNDS = 21  # an odd number, so that the median is one of them
NAMES = 200_000


async def _create_and_delete(user: User, name: str) -> None:
    with user.action("bench.create_server"):
        await user.post("compute", "/servers", {"server": {"name": name, "imageRef": "i", "flavorRef": "f"}})
    with user.action("bench.delete_server"):
        await user.delete("compute", "/servers/s")


@scenario("bench.with_ledger")
async def with_ledger(user: User) -> None:
    """Create a thing that the clean-up finds by its name, then delete it."""
    await _create_and_delete(user, user.name())


@scenario("bench.without_ledger")
async def without_ledger(user: User) -> None:
    """Create a thing that nothing could find again, then delete it."""
    await _create_and_delete(user, "thing")


@dataclass(frozen=True)
class Cost:
    """CPU seconds of an iteration, and of the only thing that the ledger adds to each."""

    with_ledger: list[float]  # of each round
    without: list[float]
    name: float  # of making one name

    def ratio(self, percentile: float) -> float:
        """Return the ratio of a percentile of the rounds; a low one is the least disturbed by other work."""
        return float(np.percentile(self.with_ledger, percentile) / np.percentile(self.without, percentile))


def cost(store: Store, folder: Path, cloud: Cloud) -> Cost:
    """Measure with the ledger and without it in turn, the first one being the other in each round."""
    cpu: dict[bool, list[float]] = {True: [], False: []}
    for number in range(ROUNDS):
        for ledger in (True, False) if number % 2 else (False, True):
            cpu[ledger].append(_cpu(store, folder, cloud, ledger=ledger) / ITERATIONS)
    return Cost(cpu[True], cpu[False], _name())


def _name() -> float:
    """Return the CPU seconds of making a name."""
    prefix = scenario_prefix(str(uuid.uuid4()))
    began = time.process_time()
    for _ in range(NAMES):
        random_name(prefix)
    return (time.process_time() - began) / NAMES


def _cpu(store: Store, folder: Path, cloud: Cloud, *, ledger: bool) -> float:
    """Return the CPU seconds of one load in this process, with its row of the ledger if that is wanted."""
    context_data = ContextData(cloud)
    context_data.users.append(Actor(cloud, Tenant("p", "p"), "u"))
    args = {"times": ITERATIONS, "concurrency": CONCURRENCY}
    name, workload = f"bench.{'with' if ledger else 'without'}_ledger", str(uuid.uuid4())
    job = Job(workload, name, {}, "constant", args, 0, 1, context_data, "intended", "")

    async def main() -> float:
        async with signed_in(job, workers=CONCURRENCY) as iterate:
            with closing(SampleWriter(folder / f"{workload}.arrows")) as writer:
                engine = LoadEngine(iterate, RUNNERS["constant"].load(args), writer.add)
                began = time.process_time()
                with _row(store, cloud, workload) if ledger else _nothing():
                    await measure(engine, writer)
                return time.process_time() - began

    return loop.run(main())


@contextmanager
def _row(store: Store, cloud: Cloud, workload: str) -> Iterator[None]:
    """Have the ledger's row of a workload, as the context `cleanup` has it, during the load."""
    owned = OwnedLedger(store, cloud.name, str(uuid.uuid4()), workload)
    row = owned.remember(SWEEP, scenario_prefix(workload), kinds=["nova.servers"], places=[["p", "u", True]])
    try:
        yield
    finally:
        owned.forgotten(row)


@contextmanager
def _nothing() -> Iterator[None]:
    yield
