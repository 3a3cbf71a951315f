"""How true and how fast the load engine is, on a cloud that stands: each figure beside an independent one, in one run.

    .venv/bin/python tests/benchmarks/on_a_cloud.py boot    how much later than the API a boot's end is seen
    .venv/bin/python tests/benchmarks/on_a_cloud.py list    NovaServers.list_servers against wrk (a Debian package)

The cloud is the registered one named by --cloud (default: embedded); `./rallycross demo` leaves it standing.
"""

import argparse
import asyncio
import statistics
import subprocess
import threading
import time
import uuid
from typing import Any

import requests

from rallycross.cli.named_cloud import named_cloud
from rallycross.cloud.access import SignIn
from rallycross.cloud.client import Client, open_http
from rallycross.cloud.cloud import Cloud
from rallycross.cloud.context_data import ContextData
from rallycross.load.drive import LoadEngine
from rallycross.load.measure import measure
from rallycross.load.runners import RUNNERS
from rallycross.load.sample import Sample
from rallycross.results.store import Store
from rallycross.scenario.scenario import SCENARIOS
from rallycross.scenario.user import User

CONNECTIONS = 4
ROUNDS = 5


def main() -> None:
    """Print one figure's rows, and what they come to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("figure", choices=["boot", "list"])
    parser.add_argument("--cloud", default="embedded")
    parser.add_argument("--times", type=int, default=0, help="iterations; default: 10 boots, 400 lists a round")
    options = parser.parse_args()
    cloud = named_cloud(options.cloud, Store.open())
    if options.figure == "boot":
        boot(cloud, options.times or 10)
    else:
        lists(cloud, options.times or 400)


def boot(cloud: Cloud, times: int) -> None:
    """Compare the end of each measured boot with the moment the API first said ACTIVE to a poller that never rests."""
    connection = cloud.connect()
    arguments = {
        "image": connection.image.find_image("cirros", ignore_missing=False).id,
        "flavor": connection.compute.find_flavor("m1.nano", ignore_missing=False).id,
        # A pause before the server is deleted: long enough for the poller to see it.
        "min_sleep": 1,
        "max_sleep": 1,
    }
    active: dict[str, float] = {}
    ended = threading.Event()
    poller = threading.Thread(target=_watch, args=(connection, active, ended))
    poller.start()
    try:
        samples, began = _run(cloud, "NovaServers.boot_and_delete_server", arguments, times, 1)
    finally:
        ended.set()
        poller.join()
    boots = [action for sample in samples for action in sample.actions if action.name == "nova.boot_server"]
    late = [began + one.ended - seen for one, seen in zip(boots, sorted(active.values()), strict=True)]
    print("measured boot, s:          ", " ".join(f"{one.duration:.2f}" for one in boots))
    print("later than first ACTIVE, s:", " ".join(f"{one:.3f}" for one in late))
    print(f"median {statistics.median(late):.3f} s, worst {max(late):.3f} s")


def lists(cloud: Cloud, times: int) -> None:
    """Compare the rate of the scenario with what wrk gets, same URL, same user, same number of connections."""
    connection = cloud.connect()
    url, token = f"{connection.compute.get_endpoint()}/servers/detail", connection.auth_token
    command = ["wrk", f"-c{CONNECTIONS}", "-t2", "-d8s", "-H", f"X-Auth-Token: {token}", url]
    ratios = []
    for _ in range(ROUNDS):
        out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        wrk = float(out.split("Requests/sec:")[1].split()[0])
        samples, _ = _run(cloud, "NovaServers.list_servers", {}, times, CONNECTIONS)
        took = max(sample.ended for sample in samples) - min(sample.started for sample in samples)
        ours = sum(sample.failure is None for sample in samples) / took
        ratios.append(ours / wrk)
        print(f"wrk {wrk:6.1f}/s   list_servers {ours:6.1f}/s   ratio {ratios[-1]:.2f}", flush=True)
    print(f"median ratio {statistics.median(ratios):.2f}")


def _watch(connection: Any, active: dict[str, float], ended: threading.Event) -> None:
    """Note when each server is first seen ACTIVE, on the monotonic clock."""
    url = f"{connection.compute.get_endpoint()}/servers/detail?all_tenants=1"
    with requests.Session() as http:
        http.headers["X-Auth-Token"] = connection.auth_token
        while not ended.wait(0.01):
            for server in http.get(url, timeout=60).json()["servers"]:
                if server["status"] == "ACTIVE":
                    active.setdefault(server["id"], time.monotonic())


class _Kept(list[Sample]):
    """Samples in memory."""

    add = list.append

    def flush(self) -> None:
        """Nothing to write."""


def _run(
    cloud: Cloud, scenario: str, arguments: dict[str, Any], times: int, concurrency: int
) -> tuple[list[Sample], float]:
    """Run a scenario as the cloud's user; return its samples, and the monotonic time that theirs count from."""
    samples, begun = _Kept(), dict[int, float]()

    async def run() -> None:
        async with open_http(cloud) as http:
            client = Client(SignIn(cloud), http)
            await client.access()

            async def iterate(iteration: Any) -> None:
                begun[iteration.number] = time.monotonic()
                user = User(client, iteration, str(uuid.uuid4()), context_data=ContextData(cloud))
                await SCENARIOS[scenario].function(user, **arguments)

            load = RUNNERS["constant"].load({"times": times, "concurrency": concurrency})
            await measure(LoadEngine(iterate, load, samples.append), samples)

    asyncio.run(run())
    samples.sort(key=lambda sample: sample.iteration)
    return samples, begun[samples[0].iteration] - samples[0].started


if __name__ == "__main__":
    main()
