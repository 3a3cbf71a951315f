"""Contexts and cleaning on a real cloud whose API fails now and then, and shows lists in small pages."""

import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from fault_proxy import Answer, Connection, Fault, FaultProxy, Forward, Request, cut, lost, reset, status

from rallycross.cloud.access import SignIn
from rallycross.cloud.api import Api
from rallycross.cloud.cloud import Cloud
from rallycross.cloud.naming import context_prefix
from rallycross.context.cleaning import clean
from rallycross.context.context import CONTEXTS, ContextAdmin, ContextData
from rallycross.context.ledger import OwnedLedger
from rallycross.results.store import Store

pytestmark = [pytest.mark.e2e, pytest.mark.full]


async def in_small_pages(request: Request, forward: Forward, _: Connection) -> Answer:
    """Ask for two things at a time, as a cloud does that is set to."""
    mark = "&" if "?" in request.target else "?"
    return await forward(Request(request.method, f"{request.target}{mark}limit=2", request.headers, request.body))


@pytest.fixture(name="proxied")
def _proxied(embedded_cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Cloud, list[FaultProxy]]]:
    """Stand before every service of the cloud."""
    monkeypatch.setenv("RALLYCROSS_LATE_PATIENCE", "5")
    cloud = embedded_cloud
    origins = {f"{parts.scheme}://{parts.netloc}" for parts in map(urlsplit, SignIn(cloud)().endpoints.values())} | {
        "{0.scheme}://{0.netloc}".format(urlsplit(cloud.config["auth"]["auth_url"]))
    }
    with ExitStack() as stack:
        proxies = [stack.enter_context(FaultProxy(origin)) for origin in sorted(origins)]
        for proxy in proxies:
            proxy.beside = [other for other in proxies if other is not proxy]
        for proxy in proxies:
            cloud = proxy.cloud(cloud)
        yield cloud, proxies


def test_nothing_is_left_where_every_few_requests_fail(proxied: tuple[Cloud, list[FaultProxy]], tmp_path: Path) -> None:
    """Users, networks, volumes and servers come to stand, in a cloud that fails in passing, and all of them go."""
    cloud, proxies = proxied
    for proxy in proxies:
        proxy.faults = [
            Fault(status(429, Retry_After="1"), "^(GET|DELETE|PUT|POST) ", times=-1, every=11),
            Fault(status(503), "^(GET|DELETE|PUT) ", times=-1, every=7),
            Fault(reset, "^(GET|DELETE|PUT) ", times=-1, every=13),
            Fault(cut, "^GET ", times=-1, every=17),
            Fault(lost(), "^POST .*/(projects|users|networks|servers|volumes)$", times=-1, every=3),
            Fault(in_small_pages, "^GET .*/servers/detail", times=-1),
        ]
    own = str(uuid.uuid4())
    ledger = OwnedLedger(Store.open(f"sqlite:///{tmp_path / 'results.db'}"), cloud.name, own)
    context_data, admin = ContextData(cloud), ContextAdmin(cloud.connect(), ledger, own)
    wanted: dict[str, Any] = {
        "users": {"tenants": 2},
        "network": {},
        "volumes": {"size": 1},
        "servers": {"image": {"name": "cirros"}, "flavor": {"name": "m1.nano"}, "servers_per_tenant": 3},
    }
    try:
        for name, config in wanted.items():
            CONTEXTS[name].make(config, context_data, admin).set_up()
        made = [server for tenant in context_data.tenants.values() for server in tenant.resources["servers"]]
        assert [server["status"] for server in made] == ["ACTIVE"] * 6
    finally:
        clean(admin.connection, ledger)
    for proxy in proxies:
        proxy.faults.clear()
    api = Api(cloud.connect())
    for service, path, key in (
        ("identity", "/projects", "projects"),
        ("identity", "/users", "users"),
        ("network", "/networks", "networks"),
        ("compute", "/servers?all_tenants=1", "servers"),
        ("block-storage", "/volumes?all_tenants=1", "volumes"),
    ):
        names = [str(thing["name"]) for thing in api.list(service, path, key)]
        assert not [name for name in names if name.startswith(context_prefix(own))]
