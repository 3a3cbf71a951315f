"""The contexts that create things in projects: what scenarios find, and what remains afterwards."""

import ipaddress
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_cloud import SmallCloud

from rallycross.cloud.cidr import nth_cidr
from rallycross.context.cleaning import LeftBehind, clean
from rallycross.context.context import CONTEXTS, Context, ContextAdmin, ContextData, SetUpFailed
from rallycross.contexts.router import _body
from rallycross.errors import RallycrossError
from rallycross.task.flaw import flaws

SERVERS = {"image": {"name": "cirros"}, "flavor": {"name": "m1.nano"}}


@pytest.fixture
def everything(tmp_path: Path) -> dict[str, Any]:
    """Return a configuration of each context that makes something."""
    (tmp_path / "image").write_bytes(b"bytes")
    return {
        "quotas": {"nova": {"instances": -1}, "cinder": {"volumes": 3}, "neutron": {"network": 9}},
        "keypair": {},
        "allow_ssh": None,
        "roles": ["member"],
        "catalog": {"services": 2},
        "flavors": [{"name": "big", "ram": 64, "extra_specs": {"a": "b"}}],
        "network": {"networks_per_tenant": 2, "subnets_per_network": 2},
        "router": {"admin_state_up ": False},
        "ports": {"ports_per_network": 3},
        "images": {"image_url": str(tmp_path / "image"), "disk_format": "raw", "container_format": "bare"},
        "volume_types": ["fast"],
        "volumes": {"size": 1, "volumes_per_tenant": 2},
        "servers": {**SERVERS, "servers_per_tenant": 2, "auto_assign_nic": True},
    }


def set_up(name: str, config: Any, context_data: ContextData, admin: ContextAdmin) -> Context:
    """Check a context's configuration, and set it up."""
    assert flaws(config, CONTEXTS[name].schema) == []
    context = CONTEXTS[name].make(config, context_data, admin)
    context.set_up()
    return context


def counts(cloud: SmallCloud) -> dict[str, int]:
    """Return how much of what stands there is."""
    return {kind: len(things) for kind, things in cloud.things.items() if things and kind != "security_group_rules"}


def test_each_context_leaves_what_it_should_and_takes_it_away(
    everything: dict[str, Any], peopled: ContextData, admin: ContextAdmin, small_cloud: SmallCloud
) -> None:
    """Scenarios find what was made as plain data; after the clean-up, cloud and ledger are as before."""
    before, rows = counts(small_cloud), len(admin.ledger.standing())
    names = sorted(everything, key=lambda name: CONTEXTS[name].order)
    made = [set_up(name, everything[name], peopled, admin) for name in names]
    context_data = pickle.loads(pickle.dumps(peopled))
    user = context_data.users[0]
    assert {name: len(things) for name, things in user.tenant.resources.items()} == {
        "networks": 2,
        "subnets": 4,
        "routers": 1,
        "ports": 6,
        "images": 1,
        "volumes": 2,
        "servers": 2,
    }
    assert user.keypair.keys() == {"name", "private", "public"}
    assert len(user.secgroup["security_group_rules"]) == 6
    assert context_data.shared["flavors"]["big"]["extra_specs"] == {"a": "b"}
    assert [kind["name"] for kind in context_data.shared["volume_types"]] == ["fast"]
    networks = [server["networks"][0]["uuid"] for server in user.tenant.resources["servers"]]
    assert sorted(networks) == sorted(network["id"] for network in user.tenant.resources["networks"])
    assert (
        len({subnet["cidr"] for tenant in context_data.tenants.values() for subnet in tenant.resources["subnets"]}) == 8
    )
    assert not user.tenant.resources["routers"][0]["admin_state_up"]
    assert small_cloud.quotas["network", user.tenant.id] == {"network": 9}
    assert (small_cloud.count("services"), small_cloud.count("endpoints")) == (2, 6)
    for context in reversed(made):
        context.clean_up()
    assert counts(small_cloud) == before
    assert (small_cloud.quotas, len(admin.ledger.standing())) == ({}, rows)
    clean(admin.connection, admin.ledger)
    assert small_cloud.count("projects") == 0


def test_a_crash_leaves_nothing_that_the_ledger_does_not_know(
    everything: dict[str, Any], peopled: ContextData, admin: ContextAdmin, small_cloud: SmallCloud
) -> None:
    """After a clean-up by the ledger alone, the cloud has only what it had before."""
    before = {kind: count for kind, count in counts(small_cloud).items() if kind not in {"users", "projects"}}
    for name in sorted(everything, key=lambda name: CONTEXTS[name].order):
        set_up(name, everything[name], peopled, admin)
    clean(small_cloud.cloud().connect(), admin.ledger)
    assert counts(small_cloud) == before
    assert (admin.ledger.standing(), small_cloud.quotas) == ([], {})


@pytest.mark.parametrize(
    ("name", "refused"),
    [
        ("servers", "POST compute /servers"),
        ("volumes", "POST block-storage /volumes"),
        ("network", "POST network /subnets"),
        ("images", "POST image /images"),
        ("allow_ssh", "POST network /security-group-rules"),
        ("keypair", "POST compute /os-keypairs"),
        ("quotas", "PUT compute"),
        ("catalog", "POST identity /endpoints"),
    ],
)
def test_a_set_up_that_fails_is_told_and_leaves_nothing(  # noqa: PLR0917 - fixtures and parameters
    name: str,
    refused: str,
    everything: dict[str, Any],
    peopled: ContextData,
    admin: ContextAdmin,
    small_cloud: SmallCloud,
) -> None:
    """A refused set-up has an error with the reason, and the clean-up removes what was made."""
    before, rows = counts(small_cloud), len(admin.ledger.standing())
    small_cloud.refuse = {refused: 403}
    context = CONTEXTS[name].make(everything[name], peopled, admin)
    with pytest.raises(SetUpFailed, match=rf"cloud small: {name} cannot be set up: (POST|PUT) .*: 403 as you wish"):
        context.set_up()
    context.clean_up()
    assert (counts(small_cloud), len(admin.ledger.standing())) == (before, rows)


def test_a_thing_that_ends_in_an_error_state_fails_the_set_up(
    peopled: ContextData, admin: ContextAdmin, small_cloud: SmallCloud
) -> None:
    """A server in ERROR is reported at once and deleted."""
    small_cloud.fails.add("servers")
    context = CONTEXTS["servers"].make(SERVERS, peopled, admin)
    with pytest.raises(SetUpFailed, match=r"nova.servers servers-\d+ is in status error"):
        context.set_up()
    context.clean_up()
    assert small_cloud.count("servers") == 0


def test_what_others_have_named_the_same_is_not_touched(
    peopled: ContextData, admin: ContextAdmin, small_cloud: SmallCloud
) -> None:
    """An existing flavor is used and kept; an existing volume type is refused and kept, also after a crash."""
    small_cloud.things["volume_types"] = {"t": {"id": "t", "name": "fast", "description": "theirs"}}
    set_up("flavors", [{"name": "m1.nano", "ram": 64}], peopled, admin).clean_up()
    context = CONTEXTS["volume_types"].make(["fast"], peopled, admin)
    with pytest.raises(SetUpFailed, match="409 there is one"):
        context.set_up()
    context.clean_up()
    admin.ledger.remember("cinder.volume_types", "fast", mark="c_rally_0badcafe_x")
    clean(admin.connection, admin.ledger)
    assert (small_cloud.count("flavors"), small_cloud.count("volume_types")) == (1, 1)


def test_projects_that_were_there_get_their_quotas_back(
    peopled: ContextData, admin: ContextAdmin, small_cloud: SmallCloud
) -> None:
    """Changed quotas are restored, and roles that a user had before are kept."""
    tenant = peopled.users[0].tenant
    tenant.existing = True
    small_cloud.quotas["compute", tenant.id] = {"instances": 7}
    small_cloud.grants = {(tenant.id, peopled.users[0].id, "r1")}
    quotas = set_up("quotas", {"nova": {"instances": -1}}, peopled, admin)
    roles = set_up("roles", ["member"], peopled, admin)
    assert small_cloud.quotas["compute", tenant.id] == {"instances": -1}
    assert len(small_cloud.grants) == 2
    roles.clean_up()
    quotas.clean_up()
    assert small_cloud.quotas == {("compute", tenant.id): {"instances": 7}}
    assert small_cloud.grants == {(tenant.id, peopled.users[0].id, "r1")}


@pytest.mark.parametrize(
    ("name", "config", "message"),
    [
        ("roles", ["nosuch"], "there is no role 'nosuch'"),
        (
            "servers",
            {"image": {"name": "nosuch"}, "flavor": {"name": "m1.nano"}},
            "there is no image 'nosuch' in small",
        ),
        ("network", {"start_cidr": "10.2.0.0.0/24"}, "`start_cidr`: .* - give one such as 10.2.0.0/24"),
        ("ports", {}, "ports: there are no networks - add `network: {}` to the contexts"),
        ("images", {"image_url": "/no/such", "disk_format": "raw", "container_format": "bare"}, "there is no file"),
        ("images", {"image_url": "/no/such", "disk_format": "raw"}, "`container_format` is missing"),
        ("api_versions", {"nova": {"service_type": "computer"}}, "the catalog has no service of type 'computer'"),
        ("api_versions", {"nova": {"service_name": "computer"}}, "the cloud has no service named 'computer'"),
        ("dummy_context", {"fail_setup": True}, "its set-up fails"),
    ],
)
def test_what_cannot_be_is_told(
    name: str, config: Any, message: str, peopled: ContextData, admin: ContextAdmin
) -> None:
    """The error of each context says what is missing, and the remedy."""
    with pytest.raises(SetUpFailed, match=message):
        set_up(name, config, peopled, admin)


def test_contexts_that_need_users_say_so(context_data: ContextData, admin: ContextAdmin) -> None:
    """Without users, contexts that need one report that."""
    with pytest.raises(SetUpFailed, match="volumes: there are no users - add"):
        set_up("volumes", {"size": 1}, context_data, admin)


def test_ports_of_a_cloud_without_agents_are_bound_to_hosts_of_nova(
    peopled: ContextData, admin: ContextAdmin, small_cloud: SmallCloud
) -> None:
    """The context `networking_agents` gives the hosts whose nova-compute is up if there are no agents."""
    states = {"a": "up", "b": "down", "c": "up"}
    small_cloud.things["services"] = {host: {"id": host, "host": host, "state": now} for host, now in states.items()}
    set_up("networking_agents", {}, peopled, admin)
    assert peopled.shared["networking_agents"] == []
    assert peopled.shared["agentless_hosts"] == ["a", "c"]


def test_what_exists_is_found(peopled: ContextData, admin: ContextAdmin, small_cloud: SmallCloud) -> None:
    """Networks, agents and API versions are read, and nothing is created or deleted."""
    small_cloud.things["networks"] = {"n": {"id": "n", "name": "n", "project_id": "other", "shared": True}}
    small_cloud.things["subnets"] = {"s": {"id": "s", "name": "s", "project_id": "other"}}
    small_cloud.things["agents"] = {"a": {"id": "a", "binary": "neutron-l3-agent"}}
    small_cloud.things["services"] = {"c": {"id": "c", "name": "cinder", "type": "volumev3"}}
    asked = {"nova": {"version": 2.1}, "cinder": {"service_name": "cinder"}}
    made = [
        set_up(name, config, peopled, admin)
        for name, config in (("api_versions", asked), ("existing_network", {}), ("networking_agents", {}))
    ]
    assert [network["id"] for network in peopled.users[1].tenant.resources["networks"]] == ["n"]
    assert peopled.shared["networking_agents"][0]["binary"] == "neutron-l3-agent"
    assert peopled.api_versions == {"nova": {"version": "2.1"}, "cinder": {"service_type": "volumev3"}}
    for context in made:
        context.clean_up()
    assert (small_cloud.count("networks"), small_cloud.count("agents")) == (1, 1)


def test_a_clean_up_can_be_made_to_fail(context_data: ContextData, admin: ContextAdmin) -> None:
    """The context dummy_context fails on request."""
    with pytest.raises(Exception, match="its clean-up fails"):
        set_up("dummy_context", {"fail_cleanup": True}, context_data, admin).clean_up()


def test_a_gateway_is_told_of_at_its_place() -> None:
    """`network_id` and `external_fixed_ips` of the context router go into `external_gateway_info`."""
    config = {"network_id": "n", "external_fixed_ips": [{"subnet_id": "s"}], "ha": True}
    gateway = {"network_id": "n", "external_fixed_ips": [{"subnet_id": "s"}]}
    assert _body(config) == {"ha": True, "external_gateway_info": gateway}


@given(st.sampled_from(["10.2.0.0/24", "dead:beaf::/64"]), st.integers(0, 500), st.integers(0, 500))
def test_networks_never_overlap(start: str, one: int, other: int) -> None:
    """Different numbers give CIDRs that do not overlap, of the given size, after the first."""
    assert nth_cidr("10.2.0.0/24", 0) == "10.2.0.0/24"
    assert nth_cidr("10.2.0.0/24", 257) == "10.3.1.0/24"
    first, network, another = (ipaddress.ip_network(nth_cidr(start, number)) for number in (0, one, other))
    assert network.overlaps(another) == (one == other)
    assert network.prefixlen == first.prefixlen
    assert network >= first


def test_the_end_of_all_addresses_is_told() -> None:
    """The error for a range that does not exist says what to change."""
    assert nth_cidr("10.0.0.0/8", 245) == "255.0.0.0/8"
    with pytest.raises(RallycrossError, match=r"fewer than 246 ranges of the size of 10.0.0.0/8 after it - give a"):
        nth_cidr("10.0.0.0/8", 246)


def test_what_cannot_be_taken_away_stays_in_the_ledger(
    peopled: ContextData, admin: ContextAdmin, small_cloud: SmallCloud
) -> None:
    """A refused delete is reported with the name, and stays in the ledger."""
    context = set_up("volume_types", ["fast"], peopled, admin)
    [identifier] = small_cloud.things["volume_types"]
    small_cloud.refuse[f"DELETE block-storage /types/{identifier}"] = 403
    with pytest.raises(LeftBehind, match=r"could not delete\ncinder.volume_types fast: .*403"):
        context.clean_up()
    assert "fast" in {row.name for row in admin.ledger.standing()}
    small_cloud.refuse.clear()
    context.clean_up()
    assert "fast" not in {row.name for row in admin.ledger.standing()}
