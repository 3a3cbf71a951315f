"""The provider `openstack` on a real OpenStack's API; OpenSSH answers where its fake hypervisors have no guests.

Networks of loopback addresses, which neutron gives out where it has no DHCP to do, lead from there to here.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from carrying import KilledError, MemoryLedger, MortalLedger
from openstack.connection import Connection
from sites import let_in
from ssh_server import NoServerError, ssh_server

from rallycross.cloud.cloud import Cloud
from rallycross.deployment import load_spec
from rallycross.deployment.provider import PROVIDERS
from rallycross.settings import Settings

pytestmark = pytest.mark.e2e

OPENSTACK = PROVIDERS["openstack"]
INNER, OUTER = "127.77.0", "127.78.0"
FLOATING = [f"{OUTER}.{number}" for number in (11, 12)]
Account = dict[str, object]


@pytest.fixture(name="guests", scope="module")
def _guests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    try:
        with ssh_server(tmp_path_factory.mktemp("guests"), addresses=FLOATING) as account:
            yield account
    except NoServerError as error:
        pytest.skip(f"{error}; continuous integration, which has one, runs these tests")


@pytest.fixture(name="api", scope="module")
def _api(embedded_cloud: Cloud) -> Iterator[Connection]:
    with embedded_cloud.connect() as api:
        yield api


@pytest.fixture(name="nets", scope="module")
def _nets(api: Connection) -> Iterator[dict[str, str]]:
    """Give the ids of a network with a router, and of the one that has the floating addresses."""
    net = api.network
    outer = net.create_network(name="loop-outer", is_router_external=True)
    inner = net.create_network(name="loop-inner")
    # The router takes an address of the outer network, too.
    subnets = [
        net.create_subnet(
            network_id=network.id,
            cidr=f"{prefix}.0/24",
            ip_version=4,
            is_dhcp_enabled=False,
            allocation_pools=[{"start": f"{prefix}.{first}", "end": f"{prefix}.{last}"}],
        )
        for network, prefix, first, last in ((outer, OUTER, 10, 12), (inner, INNER, 10, 19))
    ]
    gateway = {"network_id": outer.id, "external_fixed_ips": [{"ip_address": f"{OUTER}.10"}]}
    router = net.create_router(name="loop", external_gateway_info=gateway)
    net.add_interface_to_router(router, subnet_id=subnets[1].id)
    yield {"inner": inner.id, "outer": outer.id}
    net.remove_interface_from_router(router, subnet_id=subnets[1].id)
    net.delete_router(router)
    for network in (inner, outer):
        net.delete_network(network)


@pytest.fixture(name="given")
def _given(nets: dict[str, str], guests: Account, paths: Settings, tmp_path: Path) -> dict[str, Any]:
    """Give the options of two servers."""
    (tmp_path / "disk.img").write_bytes(b"disk" * 1000)
    section = {
        "type": "openstack",
        "cloud": "embedded",
        "clouds_yaml": str(paths.clouds_yaml),
        "image": {"file": str(tmp_path / "disk.img"), "format": "raw", "userdata": "#cloud-config"},
        "flavor_id": "m1.nano",
        "nics": [{"net-id": nets["inner"]}],
        "floating_network": nets["outer"],
        "ssh_port": guests["port"],
        "ssh_user": guests["username"],
        "amount": 2,
        "timeout": 120,
    }
    text = yaml.safe_dump({"name": "mine", "engine": "embedded", "provider": section})
    found = load_spec(text, file="s.yaml").provider
    assert found is not None
    return found.options


def made(api: Connection) -> dict[str, int]:
    """Return how many things of each kind the cloud has that the provider can have made."""
    own = api.current_project_id
    lists = {
        "servers": api.compute.servers(name="^mine-"),
        "keypairs": (one for one in api.compute.keypairs() if one.name.startswith("mine-")),
        "groups": (one for one in api.network.security_groups(project_id=own) if one.name.startswith("mine-")),
        "addresses": api.network.ips(project_id=own),
        "images": (one for one in api.image.images(owner=own) if one.name.startswith("mine-")),
    }
    return {kind: len(list(found)) for kind, found in lists.items()}


ALL = {"servers": 2, "keypairs": 1, "groups": 1, "addresses": 2, "images": 1}
NONE = dict.fromkeys(ALL, 0)


def test_servers_are_made_found_again_and_deleted(
    api: Connection, given: dict[str, Any], guests: Account, tmp_path: Path
) -> None:
    """Two servers with image, key, group and floating addresses; a second call makes none; a destroy leaves none."""
    here = let_in(tmp_path, guests)
    servers = OPENSTACK.create(given, here)
    assert sorted(one.host for one in servers) == FLOATING
    assert {one.inside.rpartition(".")[0] for one in servers} == {INNER}
    assert made(api) == ALL
    first = next(iter(api.compute.servers(name="^mine-1$")))
    assert (first.status, first.key_name) == ("ACTIVE", "mine-key")
    assert OPENSTACK.create(given, here) == servers == OPENSTACK.standing(given, here)
    assert made(api) == ALL
    for _ in range(2):
        OPENSTACK.destroy(given, here)
        assert (made(api), here.ledger.standing()) == (NONE, [])
    here.close()


@pytest.mark.parametrize("noted", [False, True], ids=["before the note", "after the note"])
@pytest.mark.parametrize("last", [4, 8])  # the first server, and an address: the small cloud's tests have the others
def test_killed_anywhere_nothing_is_lost(
    api: Connection, given: dict[str, Any], guests: Account, tmp_path: Path, *, last: int, noted: bool
) -> None:
    """Killed around the note of any thing, the next call makes what is missing, no thing twice; a destroy finds all."""
    ledger: MemoryLedger = MortalLedger(last, noted=noted)
    here = let_in(tmp_path, guests, ledger)
    with pytest.raises(KilledError):
        OPENSTACK.create(given, here)
    assert len(OPENSTACK.create(given, here)) == 2
    assert made(api) == ALL
    OPENSTACK.destroy(given, here)
    assert made(api) == NONE
    here.close()
