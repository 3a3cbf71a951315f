"""How long an embedded cloud takes on hosts of its own: a controller and two compute nodes, over SSH, from nothing.

    .venv/bin/python tests/benchmarks/on_hosts.py [--hosts 3]

The hosts are containers with systemd and OpenSSH, as in the tests; so it has to be root. They have Debian and nothing
else when the first cloud comes; the second is another cloud, beside the first. A line for each step that took a second.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import yaml

from rallycross import lifecycle
from rallycross.deployment import CloudSpec, load_spec
from rallycross.deployment.step import StepEvent
from rallycross.results.store import Store
from rallycross.settings import CHECKOUT, Settings, settings

sys.path += [str(CHECKOUT / "tests/core"), str(CHECKOUT / "tests/core/deployment")]
from machines import Machines


def main() -> None:
    """Deploy two clouds, and print what each took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hosts", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rallycross-on-hosts-") as folder, Machines(Path(folder) / "hosts") as made:
        servers = [made.start(f"node-{number}") for number in range(options.hosts)]
        paths = settings({"RALLYCROSS_HOME": f"{folder}/home"})
        paths.home.mkdir()
        store = Store.open(paths.results_url)
        machines = [
            {"name": one.name, "host": one.host, "user": one.user, "port": one.port, "key": one.key} for one in servers
        ]
        specs = []
        for name in ("first", "second"):
            data = {"name": name, "engine": "embedded", "provider": {"type": "existing", "servers": machines}}
            specs.append(load_spec(yaml.safe_dump(data), file=name))
            timed(specs[-1], store, paths)
        for spec in specs:
            lifecycle.destroy(spec, store, paths, tell=lambda _: None)


def timed(spec: CloudSpec, store: Store, paths: Settings) -> None:
    """Deploy one cloud; print its steps and the whole."""

    def tell(event: StepEvent) -> None:
        if event.status == "done" and event.seconds >= 1:
            print(f"{event.seconds:8.1f} s  {event.name}", flush=True)

    began = time.monotonic()
    lifecycle.deploy(spec, store, paths, uuid=f"on-hosts-{spec.name}", tell=tell)
    print(f"{time.monotonic() - began:8.1f} s  cloud {spec.name}: all of it\n", flush=True)


if __name__ == "__main__":
    main()
