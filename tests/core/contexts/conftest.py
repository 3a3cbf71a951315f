"""What contexts work with, against a small cloud."""

import pytest
from small_cloud import SmallCloud

from rallycross.context.context import ContextAdmin, ContextData
from rallycross.context.ledger import OwnedLedger
from rallycross.contexts.users import Users
from rallycross.results.store import Store

WORKLOAD = "0badcafe-0000"


@pytest.fixture
def context_data(small_cloud: SmallCloud) -> ContextData:
    """Return a workload's surroundings before any context."""
    return ContextData(small_cloud.cloud())


@pytest.fixture
def admin(small_cloud: SmallCloud, sqlite_store: Store) -> ContextAdmin:
    """Return what contexts work with."""
    cloud = small_cloud.cloud()
    return ContextAdmin(cloud.connect(), OwnedLedger(sqlite_store, cloud.name, "task", WORKLOAD), WORKLOAD)


@pytest.fixture
def peopled(context_data: ContextData, admin: ContextAdmin) -> ContextData:
    """Return the surroundings with two projects of one user each."""
    Users({"tenants": 2}, context_data, admin).set_up()
    return context_data
