"""The figures of the load engine, each beside Rally 5.1.1 or a bare client, taken in turn on this machine.

Run by `./rallycross bench`. Nothing here passes or fails: it prints what it has measured, and what was aimed at.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import ledger_cost
import numpy as np
from rally_beside import Rally
from rich.console import Console
from rich.table import Table

from rallycross import catalogue, task
from rallycross.benchmark import task_run
from rallycross.benchmark.job import Job
from rallycross.benchmark.signed_in import signed_in
from rallycross.cloud.cloud import NO_CLOUD, Cloud
from rallycross.cloud.context_data import Actor, ContextData, Tenant
from rallycross.judging.judge import judge
from rallycross.load import loop
from rallycross.load.drive import LoadEngine
from rallycross.load.measure import measure
from rallycross.load.runners import RUNNERS
from rallycross.results.models import WorkloadRow
from rallycross.results.sample_file import SampleWriter, read_samples
from rallycross.results.store import Store
from rallycross.results.workload_figures import ScheduleFigures
from rallycross.scenario.scenario import scenario
from rallycross.scenario.user import User

HERE = Path(__file__).parent
USERS = 1000


def schedule_of(workload: WorkloadRow) -> ScheduleFigures:
    """Return whether a load with a pace kept its schedule."""
    if workload.figures is None or workload.figures.schedule is None:
        raise ValueError(f"workload {workload.uuid} has no schedule")
    return workload.figures.schedule


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    figure: str
    rally: str
    ours: str
    aim: str


class Bench:
    """Where figures are taken: a folder, a store, a server, and Rally unless it is not wanted."""

    def __init__(self, folder: Path, rally: Rally | None, url: str) -> None:
        self.folder, self.rally, self.url = folder, rally, url
        self.store = Store.open(f"sqlite:///{folder / 'results.db'}")
        self.samples = folder / "samples"

    def run(self, subtasks: list[dict[str, Any]]) -> list[WorkloadRow]:
        """Run a task as `./rallycross run` does, and return its judged workloads."""
        plan = task.load(json.dumps(_task(subtasks)), known=catalogue.known())
        name = str(uuid.uuid4())
        stop = threading.Event()
        task_run.run(plan, NO_CLOUD, self.store, uuid=name, samples=self.samples, stop=stop, tell=lambda _: None)
        judge(self.store, name, samples=self.samples)
        row = self.store.tasks.get(name)
        return row.workloads if row else []

    def beside(self, subtasks: list[dict[str, Any]], say: Callable[[Any], str]) -> str:
        """Run the same with Rally, and return what `say` says of it."""
        return say(self.rally.run(_task(subtasks))) if self.rally else "-"


def _task(subtasks: list[dict[str, Any]]) -> dict[str, Any]:
    return {"version": 2, "title": "bench", "subtasks": subtasks}


def subtask(scenario: dict[str, Any], runner: dict[str, Any]) -> dict[str, Any]:
    """Return a subtask without an SLA."""
    return {"title": "bench", "scenario": scenario, "runner": runner, "sla": {}}


def no_op(bench: Bench) -> Row:
    """Count iterations that do nothing, 50 at a time, driven by one process, with two actions each, all recorded."""

    def with_times(times: int) -> list[dict[str, Any]]:
        return [subtask({"Dummy.dummy": {}}, {"constant": {"times": times, "concurrency": 50, "max_cpu_count": 1}})]

    [ours] = bench.run(with_times(400_000))
    rally = bench.beside(with_times(8000), lambda run: f"{8000 / run.workloads[0]['load_duration']:,.0f}")
    rate = (ours.figures and ours.figures.throughput) or 0
    return Row("no-op iterations a second, one process, 50 at a time", rally, f"{rate:,.0f}", "40,000")


def many_users(bench: Bench) -> Row:
    """Compare no-op iterations with a thousand users, in projects of their own, to those with one."""
    rates = {users: [] for users in (1, USERS)}  # type: dict[int, list[float]]
    for _ in range(3):
        for users, found in rates.items():
            found.append(_rate_with_users(bench, users))
    one, many = (float(np.median(found)) for found in rates.values())
    rally = "-"
    if bench.rally:
        rally = f"{float(bench.rally.python(_RALLY_USERS)):,.0f} (what copying the context for each allows)"
    return Row(
        f"no-op with {USERS:,} users, to the same with one",
        rally,
        f"{many:,.0f} ({many / one:.2f} of {one:,.0f})",
        "0.9",
    )


def _rate_with_users(bench: Bench, users: int) -> float:
    entry = {
        "auth": {
            "auth_url": f"{bench.url}/identity/v3",
            "username": "u",
            "password": "p",
            "project_id": "p",
            "user_domain_id": "default",
        }
    }
    tenants = [Tenant(str(number), f"tenant {number}", {"networks": ["n"] * 10}) for number in range(users)]
    actors = [Actor(Cloud("fast", entry), tenant, tenant.id) for tenant in tenants]
    context_data = ContextData(Cloud("fast", entry), actors, {tenant.id: tenant for tenant in tenants})
    times = 60_000
    args = {"times": times, "concurrency": 50}
    job = Job(str(uuid.uuid4()), "Dummy.openstack", {}, "constant", args, 0, 1, context_data, "intended", "")

    async def main() -> float:
        async with signed_in(job, workers=50) as iterate:
            with closing(SampleWriter(bench.folder / f"{job.workload}.arrows")) as writer:
                engine = LoadEngine(iterate, RUNNERS["constant"].load(args), writer.add)
                await measure(engine, writer)
                return times / engine.clock()

    return loop.run(main())


_RALLY_USERS = f"""
import copy, time
users = [{{"id": str(n), "tenant_id": str(n), "credential": {{"auth_url": "u"}}}} for n in range({USERS})]
tenants = {{str(n): {{"id": str(n), "name": "t", "networks": ["n"] * 10}} for n in range({USERS})}}
whole = {{"task": {{"uuid": "t"}}, "owner_id": "t", "users": users, "tenants": tenants}}
from rally.task import runner
began = time.perf_counter()
for number in range(50):
    runner._get_scenario_context(number, whole)
print(50 / (time.perf_counter() - began))
"""


def client_cpu(bench: Bench) -> Row:
    """Take the CPU time of a GET, 16 in flight, its JSON read, timed and recorded; beside bare aiohttp."""
    rounds = [(_client_cpu(bench), _bare_cpu(bench)) for _ in range(5)]
    ours, bare = (float(np.median([one[at] for one in rounds])) * 1000 for at in (0, 1))
    check = {
        "HttpRequests.check_request": {
            "url": f"{bench.url}/compute/v2.1/servers/s",
            "method": "GET",
            "status_code": 200,
        }
    }
    whole = [subtask(check, {"constant": {"times": 2000, "concurrency": 16}})]
    none = [subtask({"Dummy.dummy": {}}, {"constant": {"times": 1, "concurrency": 1}})]
    idle = bench.rally.run({"version": 2, "title": "idle", "subtasks": none}).cpu_seconds if bench.rally else 0.0
    rally = bench.beside(whole, lambda run: f"{(run.cpu_seconds - idle) / 2000 * 1000:.2f} ms")
    return Row("client CPU of a GET", rally, f"{ours:.3f} ms (bare aiohttp {bare:.3f} ms)", "0.12 ms")


REQUESTS = 20_000


def _client_cpu(bench: Bench) -> float:
    context_data = ContextData(Cloud("fast", {"auth": {"auth_url": f"{bench.url}/identity/v3", **_USER}}))
    context_data.users.append(Actor(context_data.cloud, Tenant("p", "p"), "u"))
    args = {"times": REQUESTS, "concurrency": 16}
    job = Job(str(uuid.uuid4()), "bench.get", {}, "constant", args, 0, 1, context_data, "intended", "")

    async def main() -> float:
        async with signed_in(job, workers=16) as iterate:
            with closing(SampleWriter(bench.folder / f"{job.workload}.arrows")) as writer:
                engine = LoadEngine(iterate, RUNNERS["constant"].load(args), writer.add)
                began = time.process_time()
                await measure(engine, writer)
                return (time.process_time() - began) / REQUESTS

    return loop.run(main())


_USER = {"username": "u", "password": "p", "project_id": "p", "user_domain_id": "default"}


async def _get(user: User) -> None:
    with user.action("bench.get"):
        await user.get("compute", "/servers/s")


def _bare_cpu(bench: Bench) -> float:
    async def main() -> float:
        connector = aiohttp.TCPConnector(limit=0)
        headers = {"X-Auth-Token": "t", "Accept": "application/json"}
        async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as http:
            left = iter(range(REQUESTS))

            async def work() -> None:
                for _ in left:
                    async with http.get(f"{bench.url}/compute/v2.1/servers/s", headers=headers) as answer:
                        json.loads(await answer.read())

            began = time.process_time()
            await asyncio.gather(*(work() for _ in range(16)))
            return (time.process_time() - began) / REQUESTS

    return asyncio.run(main())


def ledger(bench: Bench) -> Row:
    """Take the CPU time of an iteration that creates and deletes, with the ledger and without it, in turn."""
    cloud = Cloud("fast", {"auth": {"auth_url": f"{bench.url}/identity/v3", **_USER}})
    cost = ledger_cost.cost(bench.store, bench.folder, cloud)
    middle, low = cost.ratio(50), cost.ratio(10)
    share = cost.name / float(np.median(cost.without))
    said = f"{low:.3f} (tenth percentiles; medians {middle:.3f}; making the name {share:.1%})"
    return Row("client CPU of create and delete, with the ledger to without", "has none", said, "1.02")


def fixed_cost(bench: Bench) -> Row:
    """Take what a workload costs beside its one iteration: in a task of 20, less a task of one."""

    def of(count: int) -> list[dict[str, Any]]:
        return [subtask({"Dummy.dummy": {}}, {"constant": {"times": 1, "concurrency": 1}})] * count

    def timed(count: int) -> float:
        began = time.monotonic()
        bench.run(of(count))
        return time.monotonic() - began

    ours = float(np.median([(timed(21) - timed(1)) / 20 for _ in range(3)]))
    rally = "-"
    if bench.rally:
        less = bench.rally.run({"version": 2, "title": "one", "subtasks": of(1)}).seconds
        rally = bench.beside(of(6), lambda run: f"{(run.seconds - less) / 5:.2f} s")
    return Row("fixed cost of a workload", rally, f"{ours:.3f} s", "0.1 s")


def start_error(bench: Bench) -> Row:
    """Take by how much starts miss their moment, at a thousand a second for ten seconds."""
    runner = {"arrival_rate": {"rate": 1000, "duration": 10, "arrivals": "even"}}
    found = [bench.run([subtask({"Dummy.dummy": {}}, runner)])[0] for _ in range(3)]
    errors = [schedule_of(one).start_error for one in found]
    p50 = float(np.median([error.p50 or 0.0 for error in errors])) * 1000
    p99 = float(np.median([error.p99 or 0.0 for error in errors])) * 1000

    def of_rally(run: Any) -> str:
        starts = np.sort([one["timestamp"] for one in run.workloads[0]["data"]])
        late = starts - starts[0] - np.arange(len(starts)) / 500
        low, high = np.percentile(np.abs(late), (50, 99)) * 1000
        return f"{low:.1f} / {high:.1f} ms at 500/s"

    rally = bench.beside([subtask({"Dummy.dummy": {}}, {"rps": {"times": 2500, "rps": 500}})], of_rally)
    return Row("start error at 1,000 a second, p50 / p99", rally, f"{p50:.2f} / {p99:.2f} ms", "0.1 / 1 ms")


def full_rate(bench: Bench) -> Row:
    """Ask 2,000 a second of a server that can serve it, and take what it is given; what is not given is not silent."""
    check = {
        "HttpRequests.check_request": {
            "url": f"{bench.url}/compute/v2.1/servers/s",
            "method": "GET",
            "status_code": 200,
        }
    }
    runner = {"arrival_rate": {"rate": 2000, "duration": 6, "arrivals": "even"}}
    [ours] = bench.run([subtask(check, runner)])
    rate = schedule_of(ours).delivered_rate or 0.0
    invalid = [row.detail for row in ours.sla_rows if row.criterion == "invalid_load"]
    said = f"{rate:,.0f}/s" + (f", INVALID: {invalid[0]}" if invalid else ", valid")

    def of_rally(run: Any) -> str:
        return f"{6000 / run.workloads[0]['load_duration']:,.0f}/s, silently"

    rally = bench.beside([subtask(check, {"rps": {"times": 6000, "rps": 2000}})], of_rally)
    return Row("2,000 a second asked of a fast server", rally, said, "2,000/s, or INVALID")


RALLYS = (10_000, 40_000)  # iterations of which Rally is asked, to say what a million would take it
MILLION = 1_000_000


def million(bench: Bench) -> list[Row]:
    """Judge a million iterations of two actions: disk, memory and time, and how true the percentiles are."""

    def of_times(times: int) -> dict[str, Any]:
        runner = {"constant": {"times": times, "concurrency": 50, "max_cpu_count": 1}}
        return subtask({"Dummy.dummy": {}}, runner)

    [ours] = bench.run([of_times(MILLION)])
    folder = bench.samples / ours.uuid
    disk = sum(file.stat().st_size for file in folder.iterdir()) / 1e6
    command = [sys.executable, str(HERE / "judge_alone.py"), str(folder)]
    alone = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    table = read_samples(folder)
    exact = np.rint((table["ended"].to_numpy() - table["started"].to_numpy() - table["idle"].to_numpy()) * 1e9)
    shares = {"p50": 50, "p90": 90, "p95": 95, "p99": 99, "p99.9": 99.9, "p99.99": 99.99}
    total = alone["rows"][0]
    worst = max(abs(total[name] * 1e9 / np.percentile(exact, share) - 1) for name, share in shares.items())

    rally = "-"
    if bench.rally:
        few, many = RALLYS
        peaks = [bench.rally.run(_task([of_times(times)])).peak_mb for times in RALLYS]
        grows = (peaks[1] - peaks[0]) / (many - few)
        rally = f"{(peaks[1] + grows * (MILLION - many)) / 1000:,.0f} GB, extrapolated from {few:,} and {many:,}"
    peak = ours.generator["shards"][0]["peak_rss_mb"]
    return [
        Row(
            "a million iterations of two actions: memory / disk / time to all statistics",
            rally,
            f"{max(alone['peak_mb'], peak):.0f} MB (load {peak:.0f}, judging {alone['peak_mb']:.0f}) / {disk:.0f} MB"
            f" / {alone['seconds']:.1f} s",
            "300 MB / 60 MB / 5 s",
        ),
        Row("percentiles to p99.99, away from exact", "exact, all in memory", f"{worst:.4%}", "0.1 %"),
    ]


FIGURES: dict[str, Callable[[Bench], Row | list[Row]]] = {
    "no-op": no_op,
    "users": many_users,
    "client": client_cpu,
    "ledger": ledger,
    "fixed": fixed_cost,
    "start": start_error,
    "rate": full_rate,
    "million": million,
}


@contextmanager
def fast_server() -> Iterator[str]:
    """Give the URL of a server in a process of its own."""
    command = [sys.executable, str(HERE / "fast_server.py")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        process.stdin.close()


def main() -> None:
    """Take the figures that are asked for, and print them as a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=FIGURES, default=list(FIGURES), help="the figures to take")
    parser.add_argument("--no-rally", action="store_true", help="leave Rally out")
    options = parser.parse_args()
    scenario("bench.get")(_get)
    console = Console(width=200)
    table = Table("figure", "Rally 5.1.1", "Rallycross", "aim", show_lines=True)
    with tempfile.TemporaryDirectory() as folder, fast_server() as url:
        rally = None if options.no_rally else Rally(Path(folder))
        bench = Bench(Path(folder), rally, url)
        for name in options.only:
            console.print(f"measuring {name} ...", style="dim")
            rows = FIGURES[name](bench)
            for row in rows if isinstance(rows, list) else [rows]:
                table.add_row(row.figure, row.rally, row.ours, row.aim)
                console.print(f"  {row.figure}: {row.ours}; Rally {row.rally}; aim {row.aim}")
    console.print(table)


if __name__ == "__main__":
    main()
