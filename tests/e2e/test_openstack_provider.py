"""What the provider `openstack` makes in a real cloud that others use, too, and mends there; OpenSSH plays the guests.

Networks of loopback addresses, which neutron gives where it has no DHCP to do, lead from there to here.
"""

import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import paramiko
import pytest
import yaml
from carrying import KilledError, MortalLedger
from openstack.connection import Connection
from sites import let_in
from ssh_server import NoServerError, ssh_server

from rallycross.cloud.cloud import Cloud
from rallycross.deployment import Site, load_spec
from rallycross.deployment.provider import PROVIDERS
from rallycross.errors import RallycrossError
from rallycross.settings import Settings

pytestmark = pytest.mark.e2e

OPENSTACK = PROVIDERS["openstack"]
INNER, SIDE, OUTER = "127.67.0", "127.66.0", "127.68.0"
MARK = uuid.uuid4().hex[:8]


@pytest.fixture(name="guests", scope="module")
def _guests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, object]]:
    try:
        with ssh_server(tmp_path_factory.mktemp("guests"), addresses=[f"{OUTER}.{last}" for last in (11, 12)]) as one:
            yield one
    except NoServerError as error:
        pytest.skip(f"{error}; continuous integration, which has one, runs these tests")


@pytest.fixture(name="api", scope="module")
def _api(embedded_cloud: Cloud) -> Iterator[Connection]:
    with embedded_cloud.connect() as api:
        yield api


@pytest.fixture(name="networks", scope="module")
def _networks(api: Connection) -> Iterator[dict[str, str]]:
    """Give the names of three networks: `inner` has a router to `outer`, whose addresses float; `side` has none."""
    net = api.network
    made, subnets = {}, {}
    for word, prefix in (("outer", OUTER), ("inner", INNER), ("side", SIDE)):
        made[word] = net.create_network(name=f"{word}-{MARK}", is_router_external=word == "outer")
        pool = {"start": f"{prefix}.10", "end": f"{prefix}.12"}
        subnets[word] = net.create_subnet(
            network_id=made[word].id,
            cidr=f"{prefix}.0/24",
            ip_version=4,
            is_dhcp_enabled=False,
            allocation_pools=[pool],
        )
    out = {"network_id": made["outer"].id, "external_fixed_ips": [{"ip_address": f"{OUTER}.10"}]}
    router = net.create_router(name=f"loop-{MARK}", external_gateway_info=out)
    net.add_interface_to_router(router, subnet_id=subnets["inner"].id)
    yield {word: network.name for word, network in made.items()}
    net.remove_interface_from_router(router, subnet_id=subnets["inner"].id)
    net.delete_router(router)
    for network in made.values():
        net.delete_network(network)


@pytest.fixture(name="given")
def _given(networks: dict[str, str], guests: dict[str, object], paths: Settings) -> dict[str, Any]:
    """Give the options of one server in two networks."""
    section = {
        "type": "openstack",
        "cloud": "embedded",
        "clouds_yaml": str(paths.clouds_yaml),
        "image": {"name": "cirros"},
        "flavor_id": "m1.nano",
        "nics": [{"net-id": networks["inner"]}, {"net-id": networks["side"]}],
        "floating_network": networks["outer"],
        "security_groups": ["default"],
        "ssh_port": guests["port"],
        "ssh_user": guests["username"],
        "timeout": 120,
        "prefix": f"own-{MARK}",
    }
    found = load_spec(yaml.safe_dump({"name": "mine", "engine": "embedded", "provider": section}), file="s.yaml")
    assert found.provider is not None
    return found.provider.options


@pytest.fixture(name="here")
def _here(tmp_path: Path, guests: dict[str, object], given: dict[str, Any]) -> Iterator[Site]:
    site = let_in(tmp_path, guests)
    yield site
    OPENSTACK.destroy(given, site)
    site.close()


@pytest.fixture(name="two")
def _two(given: dict[str, Any], tmp_path: Path) -> dict[str, Any]:
    """Give the options of two servers, with an image of our own."""
    (tmp_path / "disk.img").write_bytes(b"disk" * 1000)
    image = given["image"] | {"name": None, "file": str(tmp_path / "disk.img"), "format": "raw"}
    return {**given, "amount": 2, "image": image}


def made_in(api: Connection, prefix: str) -> dict[str, int]:
    """Return how many things of each kind the cloud has that the provider can have made."""
    own = api.current_project_id
    lists: dict[str, Iterable[Any]] = {
        "servers": api.compute.servers(),
        "keypairs": api.compute.keypairs(),
        "groups": api.network.security_groups(project_id=own),
        "images": api.image.images(owner=own),
    }
    counts = {kind: sum(one.name.startswith(prefix) for one in those) for kind, those in lists.items()}
    return {**counts, "addresses": len(list(api.network.ips(project_id=own)))}


def called(api: Connection, name: str) -> list[Any]:
    """Return the servers of a name."""
    return list(api.compute.servers(name=f"^{name}$"))


ALL = {"servers": 2, "keypairs": 1, "groups": 1, "images": 1, "addresses": 2}
NONE = dict.fromkeys(ALL, 0)


def test_servers_are_made_found_again_and_deleted(api: Connection, two: dict[str, Any], here: Site) -> None:
    """Two servers with image, key, group and floating addresses; a second call makes none; a destroy leaves none."""
    servers = OPENSTACK.create(two, here)
    assert sorted(one.host for one in servers) == [f"{OUTER}.11", f"{OUTER}.12"]
    assert {one.inside.rpartition(".")[0] for one in servers} <= {INNER, SIDE}
    assert made_in(api, two["prefix"]) == ALL
    assert OPENSTACK.create(two, here) == servers == OPENSTACK.standing(two, here)
    assert made_in(api, two["prefix"]) == ALL
    for _ in range(2):
        OPENSTACK.destroy(two, here)
        assert (made_in(api, two["prefix"]), here.ledger.standing()) == (NONE, [])


@pytest.mark.parametrize("noted", [False, True], ids=["before the note", "after the note"])
@pytest.mark.parametrize("last", [7, 12])  # in the middle of servers and of addresses: the small cloud's tests have all
def test_killed_anywhere_nothing_is_lost(
    api: Connection, two: dict[str, Any], guests: dict[str, object], tmp_path: Path, *, last: int, noted: bool
) -> None:
    """Killed around the note of any thing, the next call makes what is missing, no thing twice; a destroy finds all."""
    here = let_in(tmp_path, guests, MortalLedger(last, noted=noted))
    with pytest.raises(KilledError):
        OPENSTACK.create(two, here)
    assert len(OPENSTACK.create(two, here)) == 2
    assert made_in(api, two["prefix"]) == ALL
    OPENSTACK.destroy(two, here)
    assert made_in(api, two["prefix"]) == NONE
    here.close()


def test_namesakes_that_others_make_stay(
    api: Connection, networks: dict[str, str], given: dict[str, Any], here: Site
) -> None:
    """Server, group and floating address of a name of ours that come later are neither used nor deleted."""
    made = OPENSTACK.create(given, here)
    (ours,) = called(api, made[0].name)
    assert {group["name"] for group in ours.security_groups} == {"default", f"{given['prefix']}-ssh"}
    demo, outer = api.identity.find_project("demo"), api.network.find_network(networks["outer"])
    side = api.network.find_network(networks["side"])
    theirs = api.compute.create_server(
        name=ours.name,
        image_id=ours.image.id,
        flavor_id=api.compute.find_flavor("m1.nano").id,
        networks=[{"uuid": side.id}],
    )
    group = api.network.create_security_group(name=f"{given['prefix']}-ssh")
    address = api.network.create_ip(
        floating_network_id=outer.id, description=f"{ours.name}-address", project_id=demo.id
    )
    try:
        api.compute.wait_for_server(theirs, interval=1, wait=120)
        assert OPENSTACK.create(given, here) == made == OPENSTACK.standing(given, here)
        for _ in range(2):
            OPENSTACK.destroy(given, here)
            assert here.ledger.standing() == []
        assert [one.id for one in called(api, ours.name)] == [theirs.id]
        assert [one.id for one in api.network.security_groups(name=group.name)] == [group.id]
        assert [one.id for one in api.network.ips(floating_network_id=outer.id)] == [address.id]
    finally:
        api.network.delete_ip(address)
        api.compute.delete_server(theirs)
        api.compute.wait_for_delete(theirs, interval=1, wait=120)
        api.network.delete_security_group(group)


def test_the_servers_reach_each_other(api: Connection, given: dict[str, Any], here: Site) -> None:
    """The group lets SSH in from everywhere, and all from its own servers, by either version of IP; each rule once."""
    for _ in range(2):
        OPENSTACK.create(given, here)
        (group,) = api.network.security_groups(name=f"{given['prefix']}-ssh")
        rules = [
            rule for rule in api.network.security_group_rules(security_group_id=group.id) if rule.direction == "ingress"
        ]
        assert sorted((rule.ether_type, rule.port_range_max or 0, rule.remote_group_id or "") for rule in rules) == [
            ("IPv4", 0, group.id),
            ("IPv4", given["ssh_port"], ""),
            ("IPv6", 0, group.id),
            ("IPv6", given["ssh_port"], ""),
        ]


def test_a_server_in_error_is_told_and_made_anew(
    api: Connection, given: dict[str, Any], here: Site, tmp_path: Path
) -> None:
    """A server for which there is no host fails the call; the next makes another, whose host key is taken as new."""
    huge = api.compute.create_flavor(name=f"huge-{MARK}", ram=10**8, vcpus=1, disk=1)
    known = tmp_path / "known_hosts"  # as of another server at each of the addresses
    key = paramiko.ECDSAKey.generate(bits=256)
    entry = f"{key.get_name()} {key.get_base64()}\n"
    try:
        with pytest.raises(RallycrossError, match=r"own-.*-1 is in ERROR: No valid host"):
            OPENSTACK.create({**given, "flavor_id": huge.name}, here)
        known.write_text("".join(f"[{OUTER}.{last}]:{given['ssh_port']} {entry}" for last in (11, 12)))
        (made,) = OPENSTACK.create({**given, "timeout": 30}, here)
        (server,) = called(api, made.name)
        assert server.status == "ACTIVE"
    finally:
        api.compute.delete_flavor(huge)


def test_a_server_that_is_shut_off_is_started(api: Connection, given: dict[str, Any], here: Site) -> None:
    """What somebody has shut off runs again after the next call."""
    made = OPENSTACK.create(given, here)
    (server,) = called(api, made[0].name)
    api.compute.stop_server(server)
    api.compute.wait_for_server(server, status="SHUTOFF", interval=1, wait=60)
    assert OPENSTACK.create({**given, "timeout": 30}, here) == made
    assert api.compute.get_server(server.id).status == "ACTIVE"


def test_an_upload_that_broke_off_is_begun_anew(
    api: Connection, given: dict[str, Any], here: Site, tmp_path: Path
) -> None:
    """An image without its data, as a killed upload leaves one, is replaced; both are gone after a destroy."""
    (tmp_path / "disk.img").write_bytes(b"disk" * 1000)
    name = f"{given['prefix']}-image"
    here.ledger.remember("image", name, {})
    half = api.image.create_image(name, disk_format="raw", container_format="bare", allow_duplicates=True)
    assert half.status == "queued"
    image = given["image"] | {"name": None, "file": str(tmp_path / "disk.img"), "format": "raw"}
    (made,) = OPENSTACK.create({**given, "image": image}, here)
    (whole,) = api.image.images(name=name)
    assert (whole.status, whole.size) == ("active", 4000)
    assert called(api, made.name)[0].image.id == whole.id
    OPENSTACK.destroy(given, here)
    assert list(api.image.images(name=name)) == []
