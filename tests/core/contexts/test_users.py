"""The context users, and clean-up by the ledger, against a small cloud."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from small_cloud import SmallCloud

from rallycross.cloud.access import SignIn
from rallycross.context.cleaning import LeftBehind, clean
from rallycross.context.context import ContextAdmin, ContextData, SetUpFailed
from rallycross.context.ledger import OwnedLedger
from rallycross.contexts.users import Users
from rallycross.results.store import Store

WORKLOAD = "0badcafe-0000"


def test_users_can_sign_in_to_projects_of_their_own(
    context_data: ContextData, admin: ContextAdmin, small_cloud: SmallCloud
) -> None:
    """The requested projects and users exist with Rally's names, and each user can sign in to its project."""
    Users({"tenants": 2, "users_per_tenant": 3}, context_data, admin).set_up()
    assert (small_cloud.count("projects"), small_cloud.count("users")) == (2, 6)
    projects = [SignIn(user.cloud)().project for user in context_data.users]
    assert len(projects) == 6
    assert set(projects[:2]) == set(projects[2:4]) == set(projects[4:]) == set(small_cloud.things["projects"])
    names = [thing["name"] for kind in ("users", "projects") for thing in small_cloud.things[kind].values()]
    assert all(name.startswith("c_rally_0badcafe_") and len(name) == 25 for name in names)
    assert sum(request.startswith("PUT identity /projects/") for request in small_cloud.requests) == 6
    assert context_data.choose_at_random


def test_nothing_is_left_after_cleaning(
    context_data: ContextData, admin: ContextAdmin, small_cloud: SmallCloud
) -> None:
    """The clean-up deletes users, projects and everything in them, and nothing else."""
    users = Users({"user_choice_method": "round_robin"}, context_data, admin)
    users.set_up()
    assert not context_data.choose_at_random
    [project] = small_cloud.things["projects"]
    small_cloud.things["servers"] = {
        "mine": {"id": "mine", "name": "a", "status": "ACTIVE", "tenant_id": project, "made": 0.0},
        "theirs": {"id": "theirs", "name": "b", "status": "ACTIVE", "tenant_id": "other", "made": 0.0},
    }
    small_cloud.things["networks"] = {
        "mine": {"id": "mine", "name": "a", "project_id": project},
        "theirs": {"id": "theirs", "name": "b", "project_id": "other"},
    }
    users.clean_up()
    assert (small_cloud.count("projects"), small_cloud.count("users")) == (0, 0)
    assert list(small_cloud.things["servers"]) == list(small_cloud.things["networks"]) == ["theirs"]
    assert small_cloud.count("security_groups") == 0
    assert admin.ledger.standing() == []


def test_a_service_that_overlooks_the_filter_loses_nothing(
    context_data: ContextData, admin: ContextAdmin, small_cloud: SmallCloud
) -> None:
    """If a service ignores the filter of a list, only the project's own things are deleted."""
    users = Users({}, context_data, admin)
    users.set_up()
    small_cloud.overlooks_filters = True
    small_cloud.things["volumes"] = {
        "theirs": {"id": "theirs", "status": "in-use", "os-vol-tenant-attr:tenant_id": "other", "made": 0.0}
    }
    users.clean_up()
    assert list(small_cloud.things["volumes"]) == ["theirs"]
    assert list(small_cloud.things["images"]) == ["i1"]


@pytest.mark.parametrize("refused", ["POST identity /projects", "POST identity /users"])
def test_a_set_up_that_fails_leaves_nothing(
    refused: str, context_data: ContextData, admin: ContextAdmin, small_cloud: SmallCloud
) -> None:
    """The error has the reason, and the clean-up removes what was made before."""
    small_cloud.refuse[refused] = 403
    users = Users({"tenants": 2}, context_data, admin)
    with pytest.raises(SetUpFailed, match=r"cloud small: users cannot be set up: POST .*as you wish"):
        users.set_up()
    small_cloud.refuse.clear()
    users.clean_up()
    assert (small_cloud.count("projects"), small_cloud.count("users")) == (0, 0)
    assert admin.ledger.standing() == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda cloud: cloud.things["roles"].clear(), "there is no role 'member' - create it"),
        (lambda cloud: cloud.things["domains"].clear(), "there is no domain 'default' - correct"),
    ],
)
def test_what_users_need_is_told(
    change: Callable[[SmallCloud], None],
    message: str,
    context_data: ContextData,
    admin: ContextAdmin,
    small_cloud: SmallCloud,
) -> None:
    """A missing role or domain is an error with a remedy, before anything is made."""
    change(small_cloud)
    with pytest.raises(SetUpFailed, match=message):
        Users({}, context_data, admin).set_up()
    assert small_cloud.count("projects") == 0


def test_users_that_the_cloud_has_are_taken_and_left(
    context_data: ContextData, admin: ContextAdmin, small_cloud: SmallCloud
) -> None:
    """With an empty configuration the load acts as the cloud's own users, and nothing is made or deleted."""
    small_cloud.administrators.clear()
    small_cloud.things["users"] = {
        name: {"id": f"id-{name}", "name": name, "password": "p"} for name in ("one", "two", "three")
    }
    own = [
        small_cloud.cloud(username=name, password="p", project_id=project)
        for name, project in (("one", "p1"), ("two", "p2"), ("three", "p1"))
    ]
    context_data.cloud = replace(context_data.cloud, users=tuple(own))
    users = Users({"user_choice_method": "round_robin"}, context_data, admin)
    users.set_up()
    assert [(user.id, user.tenant.id) for user in context_data.users] == [
        ("id-one", "p1"),
        ("id-two", "p2"),
        ("id-three", "p1"),
    ]
    assert context_data.users[0].tenant is context_data.users[2].tenant is context_data.tenants["p1"]
    assert all(tenant.existing for tenant in context_data.tenants.values())
    users.clean_up()
    assert {request.split(" ")[0] for request in small_cloud.requests if "/auth/" not in request} <= {"GET"}
    Users({"tenants": 1}, context_data, admin).set_up()
    assert (len(context_data.users), small_cloud.count("projects")) == (1, 1)


def test_what_was_sent_but_not_answered_is_found_by_its_name(admin: ContextAdmin, small_cloud: SmallCloud) -> None:
    """Unanswered requests of a dead process are cleaned up by name; rows of things that do not exist are dropped."""
    small_cloud.things["projects"] = {"p1": {"id": "p1", "name": "c_rally_x_y"}, "p2": {"id": "p2", "name": "other"}}
    admin.ledger.remember("keystone.project", "c_rally_x_y")
    admin.ledger.remember("keystone.user", "c_rally_never_made")
    assert clean(small_cloud.cloud().connect(), admin.ledger) == 2
    assert list(small_cloud.things["projects"]) == ["p2"]
    assert admin.ledger.standing() == []


def test_what_cannot_be_deleted_is_told_and_stays_in_the_ledger(
    context_data: ContextData, admin: ContextAdmin, small_cloud: SmallCloud
) -> None:
    """What cannot be deleted is reported by name and stays in the ledger for the next clean-up."""
    Users({"tenants": 2}, context_data, admin).set_up()
    stubborn = next(iter(small_cloud.things["projects"]))
    small_cloud.refuse[f"DELETE identity /projects/{stubborn}"] = 409
    connection = small_cloud.cloud().connect()
    with pytest.raises(LeftBehind, match=r"could not delete\nkeystone.project c_rally_0badcafe_.*\nrepair the cloud"):
        clean(connection, admin.ledger)
    assert list(small_cloud.things["projects"]) == [stubborn]
    assert [row.resource_id for row in admin.ledger.standing()] == [stubborn]
    small_cloud.refuse.clear()
    assert clean(connection, admin.ledger) == 1
    assert small_cloud.count("projects") == 0


def test_a_workload_cleans_its_own(admin: ContextAdmin, sqlite_store: Store) -> None:
    """A workload's ledger has only its own rows; the task's ledger has those of all its workloads."""
    admin.ledger.remember("keystone.user", "mine")
    other = OwnedLedger(sqlite_store, "small", "task", "another workload")
    other.remember("keystone.user", "theirs")
    assert [row.name for row in admin.ledger.standing()] == ["mine"]
    assert [row.name for row in OwnedLedger(sqlite_store, "small", "task").standing()] == ["mine", "theirs"]
