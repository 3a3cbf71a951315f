"""The contexts cleanup and admin_cleanup delete leftovers of a scenario by name, and nothing else."""

from dataclasses import replace
from typing import Any

import pytest
from small_cloud import SmallCloud

from rallycross.cloud.context_data import Actor, Tenant
from rallycross.cloud.resource import Place
from rallycross.cloud.service import OF_ADMIN, OF_USERS, chosen, resource
from rallycross.context.cleaning import LeftBehind, clean
from rallycross.context.context import CONTEXTS, ContextAdmin, ContextData
from rallycross.contexts.cleanup import AdminCleanup, Cleanup
from rallycross.leftovers.draining import drain, everything, sweep
from rallycross.task.flaw import flaws

PREFIX = "s_rally_0badcafe_"


def put(cloud: SmallCloud, kind: str, name: str, **more: Any) -> None:
    """Have something stand in the cloud, with its name as its id."""
    cloud.things.setdefault(kind, {})[name] = {"id": name, "name": name, "status": "x", "made": 0.0, **more}


def left(cloud: SmallCloud, kind: str) -> list[str]:
    """Return the ids of what stands of a kind."""
    return sorted(cloud.things.get(kind, {}))


def test_what_a_scenario_left_is_deleted_and_counted(
    peopled: ContextData, admin: ContextAdmin, small_cloud: SmallCloud
) -> None:
    """Only things with the scenario's names, of the given kinds, are deleted from the load's projects."""
    project, other = peopled.tenants
    cleanup = Cleanup(["nova.servers", "neutron"], peopled, admin)
    cleanup.set_up()
    put(small_cloud, "servers", f"{PREFIX}a", tenant_id=project)
    put(small_cloud, "servers", f"{PREFIX}b", tenant_id=other)
    put(small_cloud, "servers", "c_rally_0badcafe_s", tenant_id=project)
    put(small_cloud, "servers", f"{PREFIX}c", tenant_id="elsewhere")
    put(small_cloud, "networks", f"{PREFIX}n", project_id=project)
    put(small_cloud, "networks", "s_rally_another_n", project_id=project)
    put(small_cloud, "volumes", f"{PREFIX}v", **{"os-vol-tenant-attr:tenant_id": project})
    assert cleanup.clean_up() == {"nova.servers": 2, "neutron.network": 1}
    assert left(small_cloud, "servers") == ["c_rally_0badcafe_s", f"{PREFIX}c"]
    assert left(small_cloud, "networks") == ["s_rally_another_n"]
    assert left(small_cloud, "volumes") == [f"{PREFIX}v"]


def test_a_killed_runs_leftovers_are_found_by_the_ledger_alone(
    peopled: ContextData, admin: ContextAdmin, small_cloud: SmallCloud
) -> None:
    """Another process deletes everything that scenario and contexts have made, by the ledger alone."""
    Cleanup(["nova"], peopled, admin).set_up()
    AdminCleanup(["keystone", "nova"], peopled, admin).set_up()
    project = next(iter(peopled.tenants))
    put(small_cloud, "servers", f"{PREFIX}a", tenant_id=project)
    put(small_cloud, "keypairs", f"{PREFIX}k", user_id=peopled.users[0].id)
    put(small_cloud, "users", f"{PREFIX}u", password="")
    put(small_cloud, "users", "somebody", password="")
    put(small_cloud, "projects", f"{PREFIX}p")
    put(small_cloud, "networks", "in it", project_id=f"{PREFIX}p")
    put(small_cloud, "flavors", f"{PREFIX}f")
    clean(small_cloud.cloud().connect(), admin.ledger)
    assert [left(small_cloud, kind) for kind in ("servers", "keypairs", "networks", "projects")] == [[], [], [], []]
    assert left(small_cloud, "users") == ["somebody"]
    assert left(small_cloud, "flavors") == ["f1"]
    assert admin.ledger.standing() == []


def test_in_a_project_that_was_there_before_only_names_count(
    context_data: ContextData, admin: ContextAdmin, small_cloud: SmallCloud
) -> None:
    """Our own projects get the default quotas, others those that they had; what a context has set is left to it."""
    context_data.tenants = {"mine": Tenant("mine", "mine"), "theirs": Tenant("theirs", "theirs", existing=True)}
    context_data.shared["quotas"] = ["cinder.quotas"]
    services = ("compute", "block-storage")
    small_cloud.quotas = {(service, tenant): {"instances": 3} for service in services for tenant in ("mine", "theirs")}
    cleanup = AdminCleanup(["nova.quotas", "cinder.quotas"], context_data, admin)
    cleanup.set_up()
    small_cloud.quotas["compute", "theirs"] = {"instances": 77}
    assert cleanup.clean_up() == {}
    assert {key for key in small_cloud.quotas if key[1] == "mine"} == {("block-storage", "mine")}
    assert small_cloud.quotas["compute", "theirs"]["instances"] == 3
    assert small_cloud.quotas["block-storage", "theirs"] == {"instances": 3}


def test_credentials_of_a_user_who_was_there_before_are_told_apart(
    context_data: ContextData, admin: ContextAdmin, small_cloud: SmallCloud
) -> None:
    """Of the credentials of a cloud's own user only those with the scenario's names are deleted."""
    tenant = Tenant("theirs", "theirs", existing=True)
    context_data.tenants, context_data.users = {"theirs": tenant}, [Actor(context_data.cloud, tenant, "own")]
    for mine in (f"{PREFIX}c", "their own"):
        put(small_cloud, "credentials", mine, user_id="own", access=mine)
        put(small_cloud, "application_credentials", mine, user_id="own")
    cleanup = Cleanup(["keystone"], context_data, admin)
    cleanup.set_up()
    assert cleanup.clean_up() == {"keystone.ec2": 1, "keystone.application_credential": 1}
    assert left(small_cloud, "credentials") == left(small_cloud, "application_credentials") == ["their own"]


def test_roles_of_domains_are_found(context_data: ContextData, admin: ContextAdmin, small_cloud: SmallCloud) -> None:
    """A role that only a domain's list of roles shows is deleted as well."""
    cleanup = AdminCleanup(["keystone.role"], context_data, admin)
    cleanup.set_up()
    put(small_cloud, "roles", f"{PREFIX}r", domain_id="default")
    put(small_cloud, "roles", f"{PREFIX}s")
    assert cleanup.clean_up() == {"keystone.role": 2}
    assert left(small_cloud, "roles") == ["r1"]


def test_users_clean_after_themselves_where_nobody_administers(
    context_data: ContextData, admin: ContextAdmin, small_cloud: SmallCloud
) -> None:
    """Without an administrator, the cloud's users delete what the load left in their projects."""
    small_cloud.administrators.clear()
    put(small_cloud, "users", "own", password="p")
    own = small_cloud.cloud(username="own", password="p", project_id="p1")
    context_data.cloud = replace(context_data.cloud, users=(own,))
    CONTEXTS["users"].make({}, context_data, admin).set_up()
    cleanup = Cleanup(["nova.servers"], context_data, admin)
    cleanup.set_up()
    put(small_cloud, "servers", f"{PREFIX}a", tenant_id="p1")
    put(small_cloud, "servers", "not ours", tenant_id="p1")
    with pytest.raises(LeftBehind, match="the project p1 cannot be accessed as an administrator"):
        clean(small_cloud.cloud().connect(), admin.ledger)
    assert cleanup.clean_up() == {"nova.servers": 1}
    assert left(small_cloud, "servers") == ["not ours"]
    assert ("DELETE compute /servers/" + f"{PREFIX}a", "own") in small_cloud.by_whom


def test_what_does_not_go_is_told_and_tried_again_later(
    peopled: ContextData, admin: ContextAdmin, small_cloud: SmallCloud
) -> None:
    """A refused delete is tried three times and stays in the ledger; deleted things are counted."""
    project = next(iter(peopled.tenants))
    cleanup = Cleanup(["nova.servers"], peopled, admin)
    cleanup.set_up()
    put(small_cloud, "servers", f"{PREFIX}a", tenant_id=project)
    put(small_cloud, "servers", f"{PREFIX}b", tenant_id=project)
    small_cloud.refuse[f"DELETE compute /servers/{PREFIX}a"] = 403
    with pytest.raises(LeftBehind, match=rf"nova.servers {PREFIX}a: DELETE .*: 403 as you wish") as caught:
        cleanup.clean_up()
    assert caught.value.deleted == {"nova.servers": 1}
    assert small_cloud.requests.count(f"DELETE compute /servers/{PREFIX}a") == 3
    small_cloud.refuse.clear()
    assert cleanup.clean_up() == {"nova.servers": 1}


def test_what_takes_its_time_is_waited_for_with_one_list_a_look(small_cloud: SmallCloud) -> None:
    """A server gets one delete request, and is polled together with others until it is gone."""
    small_cloud.lingers = 0.5
    for number in range(5):
        put(small_cloud, "servers", f"s{number}", tenant_id="p1")
    place = Place(api(small_cloud), admin=True, project="p1")
    drained = drain(resource("nova.servers"), [everything(place, resource("nova.servers"))])
    assert (drained.deleted, drained.left) == ({"nova.servers": 5}, [])
    assert small_cloud.sent()["DELETE compute"] == 5
    assert 3 <= sum(request.startswith("GET compute /servers/detail") for request in small_cloud.requests) <= 7


def test_what_stays_beyond_the_limit_is_given_up(small_cloud: SmallCloud) -> None:
    """The wait for a deletion is limited, and what remains is reported."""
    small_cloud.lingers = 60
    put(small_cloud, "servers", "slow", tenant_id="p1")
    place = Place(api(small_cloud), admin=True, project="p1")
    drained = drain(resource("nova.servers"), [everything(place, resource("nova.servers"))], limit=0.2)
    assert drained.deleted == {}
    assert [str(one) for one in drained.left] == ["nova.servers slow: it is still there after 0.2 s (project p1)"]


def test_a_router_goes_with_its_interfaces(small_cloud: SmallCloud) -> None:
    """The interfaces of a router are removed before it is deleted."""
    put(small_cloud, "routers", "r", project_id="p1")
    put(small_cloud, "ports", "i", device_id="r", device_owner="network:router_interface", project_id="p1")
    place = Place(api(small_cloud), admin=True, project="p1")
    assert drain(resource("neutron.router"), [everything(place, resource("neutron.router"))]).left == []
    assert (small_cloud.count("routers"), small_cloud.count("ports")) == (0, 0)


def test_a_project_that_does_not_become_empty_stays(
    peopled: ContextData, admin: ContextAdmin, small_cloud: SmallCloud
) -> None:
    """A project is deleted only when it is empty."""
    full, other = peopled.tenants
    put(small_cloud, "networks", "held", project_id=full)
    small_cloud.refuse["DELETE network /networks/held"] = 403
    with pytest.raises(LeftBehind, match=r"neutron.network held: DELETE .*: 403 as you wish"):
        clean(admin.connection, admin.ledger)
    assert (left(small_cloud, "projects"), small_cloud.count("users")) == ([full], 0)
    assert [row.resource_id for row in admin.ledger.standing()] == [full]
    small_cloud.refuse = {"GET network /networks": 500}
    with pytest.raises(LeftBehind, match=rf"neutron.network in {full}: cannot be listed: GET"):
        clean(admin.connection, admin.ledger)
    small_cloud.refuse.clear()
    clean(admin.connection, admin.ledger)
    assert (small_cloud.count("projects"), small_cloud.count("networks")) == (0, 0)
    assert other != full


def test_a_project_that_is_gone_is_counted(small_cloud: SmallCloud) -> None:
    """A deleted project is counted, and searched for once more."""
    put(small_cloud, "projects", f"{PREFIX}p", domain_id="default")
    drained = sweep(PREFIX, [resource("keystone.project")], [Place(api(small_cloud), admin=True)])
    assert (drained.deleted, drained.left) == ({"keystone.project": 1}, [])
    assert small_cloud.count("projects") == 0


def test_names_of_services_and_of_kinds_are_known() -> None:
    """A service means all of its kinds in deletion order; kinds of the other context are refused."""
    assert [kind.name for kind in chosen(["nova", "glance.images"], OF_USERS)] == [
        "nova.servers",
        "nova.server_groups",
        "nova.keypairs",
        "glance.images",
    ]
    assert [kind.name for kind in chosen(["keystone"], OF_ADMIN)][:3] == [
        "keystone.user",
        "keystone.group",
        "keystone.project",
    ]
    assert flaws(["nova.flavors"], CONTEXTS["cleanup"].schema)
    assert not flaws(["nova.flavors", "cinder"], CONTEXTS["admin_cleanup"].schema)


def api(cloud: SmallCloud) -> Any:
    """Return how the administrator speaks to the cloud."""
    return ContextAdmin(cloud.cloud().connect(), None, "x").api()  # type: ignore[arg-type]
