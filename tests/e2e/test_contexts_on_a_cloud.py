"""Every context on a real cloud: what it leaves is there, and when all are undone nothing is left."""

import os
import signal
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rallycross.cloud.api import Api
from rallycross.cloud.cloud import Cloud
from rallycross.cloud.naming import context_prefix, random_name, scenario_prefix
from rallycross.cloud.resource import Place
from rallycross.cloud.service import resources
from rallycross.context.cleaning import clean
from rallycross.context.context import CONTEXTS, Context, ContextAdmin, ContextData
from rallycross.context.ledger import OwnedLedger
from rallycross.leftovers.draining import Search, look
from rallycross.results.store import Store

pytestmark = pytest.mark.e2e

FLAVOR, TYPE = f"ctx-{uuid.uuid4().hex[:8]}", f"ctx-{uuid.uuid4().hex[:8]}"


@pytest.fixture(name="configurations")
def _configurations(tmp_path: Path) -> dict[str, Any]:
    """Return a configuration of every context."""
    (tmp_path / "image").write_bytes(bytes(10_000))
    image = {"image_url": str(tmp_path / "image"), "disk_format": "raw", "container_format": "bare"}
    servers = {"image": {"name": "cirros"}, "flavor": {"name": FLAVOR}, "servers_per_tenant": 1}
    return {
        "users": {"tenants": 2, "users_per_tenant": 2},
        "api_versions": {"nova": {"version": 2.1}, "cinder": {"service_name": "cinder"}},
        "quotas": {"nova": {"instances": -1}, "cinder": {"volumes": 20}, "neutron": {"network": 30}},
        "keypair": {},
        "allow_ssh": None,
        "roles": ["admin"],
        "flavors": [{"name": FLAVOR, "ram": 64, "extra_specs": {"a:b": "c"}}],
        "existing_network": {},
        "networking_agents": {},
        "network": {"dualstack": True, "subnets_per_network": 2},
        "router": {"admin_state_up ": True},
        "ports": {"ports_per_network": 2},
        "catalog": {"services": 2},
        "images": {**image, "images_per_tenant": 2},
        "volume_types": [TYPE],
        "volumes": {"size": 1, "type": TYPE, "volumes_per_tenant": 2},
        "servers": {**servers, "auto_assign_nic": True},
        "dummy_context": {},
        "admin_cleanup": ["nova", "cinder", "neutron", "keystone"],
        "cleanup": ["nova", "cinder", "neutron", "glance", "keystone"],
    }


def backstage_of(cloud: Cloud, folder: Path) -> ContextAdmin:
    """Return what the contexts of a new task work with."""
    own = str(uuid.uuid4())
    store = Store.open(f"sqlite:///{folder / 'results.db'}")
    return ContextAdmin(cloud.connect(), OwnedLedger(store, cloud.name, own), own)


def set_up(configurations: dict[str, Any], context_data: ContextData, admin: ContextAdmin) -> list[Context]:
    """Set contexts up in their order."""
    made = []
    for name in sorted(configurations, key=lambda name: CONTEXTS[name].order):
        context = CONTEXTS[name].make(configurations[name], context_data, admin)
        context.set_up()
        made.append(context)
    return made


def leave_behind(context_data: ContextData, admin: ContextAdmin) -> None:
    """Make what a scenario might leave, as one of the load's users and as the administrator."""
    prefix = scenario_prefix(admin.owner)
    user, api = admin.api(context_data.users[0]), admin.api()
    user.post("block-storage", "/volumes", {"volume": {"name": random_name(prefix), "size": 1}})
    user.post("compute", "/os-server-groups", {"server_group": {"name": random_name(prefix), "policies": ["affinity"]}})
    user.post("compute", "/os-keypairs", {"keypair": {"name": random_name(prefix)}})
    network = user.post("network", "/networks", {"network": {"name": random_name(prefix)}})["network"]
    subnet = {"name": random_name(prefix), "network_id": network["id"], "ip_version": 4, "cidr": "10.9.0.0/24"}
    made = user.post("network", "/subnets", {"subnet": subnet})["subnet"]
    router = user.post("network", "/routers", {"router": {"name": random_name(prefix)}})["router"]
    user.put("network", f"/routers/{router['id']}/add_router_interface", {"subnet_id": made["id"]})
    flavor = {"name": random_name(prefix), "ram": 64, "vcpus": 1, "disk": 0}
    api.post("compute", "/flavors", {"flavor": flavor})
    api.post("identity", "/users", {"user": {"name": random_name(prefix)}})
    api.post("identity", "/projects", {"project": {"name": random_name(prefix)}})


LEFT = {
    "cinder.volumes": 1,
    "nova.server_groups": 1,
    "nova.keypairs": 1,
    "neutron.network": 1,
    "neutron.subnet": 1,
    "neutron.router": 1,
}
LEFT_OF_ADMIN = {"nova.flavors": 1, "keystone.user": 1, "keystone.project": 1}


def standing(cloud: Cloud, admin: ContextAdmin) -> list[str]:
    """Return what is in the cloud of those names that the contexts and their scenario have given."""
    place = Place(Api(cloud.connect()), admin=True)
    names = (context_prefix(admin.owner), scenario_prefix(admin.owner), FLAVOR, TYPE)
    found = []
    for kind in resources().values():
        if kind.scope in {"project", "cloud"} and kind.name != "cinder.image_volumes_cache":
            things = look(kind, Search(place, bool))
            found += [f"{kind.name} {kind.name_of(thing)}" for thing in things]
    return [one for one in found if one.split(" ", 1)[1].startswith(names)]


def test_every_context_is_set_up_and_undone(
    embedded_cloud: Cloud, configurations: dict[str, Any], tmp_path: Path
) -> None:
    """What scenarios find is there, what they leave is deleted and counted, and all that was made goes."""
    assert set(configurations) == set(CONTEXTS)
    admin, context_data = backstage_of(embedded_cloud, tmp_path), ContextData(embedded_cloud)
    made = set_up(configurations, context_data, admin)
    user = context_data.users[0]
    assert {name: len(things) for name, things in user.tenant.resources.items()} == {
        "networks": 1,
        "subnets": 2,
        "routers": 1,
        "ports": 2,
        "images": 2,
        "volumes": 2,
        "servers": 1,
    }
    assert {volume["volume_type"] for volume in user.tenant.resources["volumes"]} == {TYPE}
    assert {server["status"] for server in user.tenant.resources["servers"]} == {"ACTIVE"}
    assert {network["router_id"] for network in user.tenant.resources["networks"]} != {None}
    quota = admin.api().get("compute", f"/os-quota-sets/{user.tenant.id}")["quota_set"]
    assert quota["instances"] == -1
    assert standing(embedded_cloud, admin) != []
    leave_behind(context_data, admin)
    undone = [context.clean_up() for context in reversed(made)]
    assert (undone[0], undone[1]) == (LEFT, LEFT_OF_ADMIN)
    assert standing(embedded_cloud, admin) == []
    assert admin.ledger.standing() == []


def test_what_a_killed_process_made_is_cleaned_from_another(
    embedded_cloud: Cloud, configurations: dict[str, Any], tmp_path: Path
) -> None:
    """After kill -9 in the middle of a load, the ledger alone is enough to leave nothing."""
    admin = backstage_of(embedded_cloud, tmp_path)
    few = {
        name: configurations[name] for name in ("users", "keypair", "flavors", "network", "cleanup", "admin_cleanup")
    }
    pid = os.fork()
    if pid == 0:
        try:
            context_data = ContextData(embedded_cloud)
            own = backstage_of(embedded_cloud, tmp_path)
            own = replace(own, owner=admin.owner, ledger=replace(own.ledger, task=admin.owner))
            set_up(few, context_data, own)
            leave_behind(context_data, own)
            os.kill(os.getpid(), signal.SIGKILL)
        finally:
            os._exit(1)
    assert os.WTERMSIG(os.waitpid(pid, 0)[1]) == signal.SIGKILL
    assert standing(embedded_cloud, admin) != []
    clean(embedded_cloud.connect(), admin.ledger)
    assert standing(embedded_cloud, admin) == []
    assert admin.ledger.standing() == []


def test_a_clouds_own_users_need_no_administrator(embedded_cloud: Cloud, tmp_path: Path) -> None:
    """With an entry that is no administrator's, the load's contexts work as its users, and only they are undone."""
    outer, given = backstage_of(embedded_cloud, tmp_path), ContextData(embedded_cloud)
    [people] = set_up({"users": {}}, given, outer)
    try:
        own = given.users[0].cloud
        cloud = replace(own, users=(own,))
        admin, context_data = backstage_of(cloud, tmp_path), ContextData(cloud)
        admin.api(given.users[0]).post("block-storage", "/volumes", {"volume": {"name": "theirs", "size": 1}})
        made = set_up({"users": {}, "network": {}, "volumes": {"size": 1}, "cleanup": ["cinder"]}, context_data, admin)
        name = random_name(scenario_prefix(admin.owner))
        admin.api(context_data.users[0]).post("block-storage", "/volumes", {"volume": {"name": name, "size": 1}})
        undone = [context.clean_up() for context in reversed(made)]
        assert undone[0] == {"cinder.volumes": 1}
        volumes = admin.api(context_data.users[0]).list("block-storage", "/volumes", "volumes")
        assert [volume["name"] for volume in volumes] == ["theirs"]
        assert (standing(embedded_cloud, admin), admin.ledger.standing()) == ([], [])
    finally:
        people.clean_up()
    assert standing(embedded_cloud, outer) == []
