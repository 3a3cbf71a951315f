"""One embedded cloud for all tests, with a state of its own beside the checkout's."""

import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from rallycross import deployment, lifecycle
from rallycross.cloud.cloud import Cloud
from rallycross.deployment import CloudSpec
from rallycross.results.store import Store
from rallycross.settings import CHECKOUT, Settings, settings

SPEC = CHECKOUT / "include/clouds/embedded.yaml"


@pytest.fixture(name="home", scope="session")
def _home() -> Iterator[Path]:
    """Give a home that is gone afterwards, with all that ran in it; one that an interrupted session left is used up."""
    home = settings().home / "e2e"
    yield home
    subprocess.run(
        [sys.executable, "-m", "rallycross.cli", "down"], env={**os.environ, "RALLYCROSS_HOME": str(home)}, check=True
    )
    shutil.rmtree(home)


@pytest.fixture(name="paths", scope="session")
def _paths(home: Path) -> Settings:
    return settings({"RALLYCROSS_HOME": str(home)})


@pytest.fixture(name="spec", scope="session")
def _spec() -> CloudSpec:
    return deployment.load_spec(SPEC.read_text(), file=str(SPEC))


@pytest.fixture(name="embedded_cloud", scope="session")
def _embedded_cloud(paths: Settings, spec: CloudSpec) -> Cloud:
    """Return the cloud, deployed unless it stands."""
    paths.home.mkdir(mode=0o700, parents=True, exist_ok=True)  # as the `rallycross` command makes it
    name = lifecycle.deploy(spec, Store.open(paths.results_url), paths, uuid="e2e", tell=lambda _: None)
    return Cloud.from_file(paths.clouds_yaml, name)


@pytest.fixture(name="network")
def _network(embedded_cloud: Cloud) -> Iterator[str]:
    """Make a network for servers, and take it away."""
    api = embedded_cloud.connect().network
    made = api.create_network(name=f"e2e-{uuid.uuid4().hex[:8]}")
    api.create_subnet(network_id=made.id, cidr="10.99.0.0/24", ip_version=4)
    yield made.id
    for port in api.ports(network_id=made.id):
        api.delete_port(port)
    api.delete_network(made)
