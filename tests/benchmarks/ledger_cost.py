"""What it costs the client that a clean-up can find everything that a load has made.

The ledger has a row for the name prefix of a workload before its load begins, and each thing gets a name of its own
with that prefix. So the same iterations run in turn with both, and with neither.
"""

import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from rallycross.benchmark.job import Job
from rallycross.benchmark.signed_in import signed_in
from rallycross.cloud.cloud import Cloud
from rallycross.cloud.context_data import Actor, ContextData, Tenant
from rallycross.cloud.naming import scenario_prefix
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

ITERATIONS = 4000
CONCURRENCY = 16
ROUNDS = 11  # an odd number, so that the median is one of them


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


def ratios(store: Store, folder: Path, cloud: Cloud) -> list[float]:
    """Return the CPU time with the ledger, as a multiple of that without it, of each round."""
    found = []
    for number in range(ROUNDS):
        order = (True, False) if number % 2 else (False, True)
        cpu = {ledger: _cpu(store, folder, cloud, ledger=ledger) for ledger in order}
        found.append(cpu[True] / cpu[False])
    return found


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
