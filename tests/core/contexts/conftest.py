"""What contexts work with, against a small cloud."""

import pytest
from small_cloud import SmallCloud

from rallycross.context.context import Backstage, Scene
from rallycross.context.ledger import OwnedLedger
from rallycross.contexts.users import Users
from rallycross.results.store import Store

WORKLOAD = "0badcafe-0000"


@pytest.fixture
def scene(small_cloud: SmallCloud) -> Scene:
    """Return a workload's surroundings before any context."""
    return Scene(small_cloud.cloud())


@pytest.fixture
def backstage(small_cloud: SmallCloud, sqlite_store: Store) -> Backstage:
    """Return what contexts work with."""
    cloud = small_cloud.cloud()
    return Backstage(cloud.connect(), OwnedLedger(sqlite_store, cloud.name, "task", WORKLOAD), WORKLOAD)


@pytest.fixture
def peopled(scene: Scene, backstage: Backstage) -> Scene:
    """Return the surroundings with two projects of one user each."""
    Users({"tenants": 2}, scene, backstage).set_up()
    return scene
