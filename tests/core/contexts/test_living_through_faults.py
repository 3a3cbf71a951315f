"""Contexts and clean-up on a cloud whose API has temporary failures."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fault_proxy import (
    Act,
    Fault,
    FaultProxy,
    changed,
    cut,
    lost,
    paged,
    reset,
    says,
    status,
    with_headers,
    without,
)
from small_cloud import SmallCloud

from rallycross.cloud.api import Api
from rallycross.cloud.resource import Place
from rallycross.cloud.service import resource
from rallycross.context.cleaning import LeftBehind, clean
from rallycross.context.context import CONTEXTS, ContextAdmin, ContextData, SetUpFailed
from rallycross.context.ledger import OwnedLedger
from rallycross.leftovers.draining import drain, everything
from rallycross.results.store import Store

WANTED: dict[str, Any] = {
    "users": {"tenants": 2, "users_per_tenant": 2},
    "keypair": {},
    "allow_ssh": {},
    "roles": [],
    "network": {},
    "flavors": [{"name": "big", "ram": 512}],
    "images": {"image_url": "", "disk_format": "raw", "container_format": "bare"},
    "volume_types": ["fast"],
    "volumes": {"size": 1},
    "servers": {"image": {"name": "cirros"}, "flavor": {"name": "m1.nano"}, "servers_per_tenant": 2},
}
ONE: dict[str, Any] = {"users": {}}
KINDS_MADE = ("projects", "users", "keypairs", "networks", "routers", "subnets", "volumes", "servers", "ports")


@pytest.fixture
def proxy(small_cloud: SmallCloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultProxy]:
    """Stand before a small cloud."""
    monkeypatch.setenv("RALLYCROSS_API_PATIENCE", "5")
    monkeypatch.setenv("RALLYCROSS_LATE_PATIENCE", "0.5")
    monkeypatch.setattr("rallycross.context.resource_context.LOOK_LIMIT", 0.3)
    with FaultProxy(small_cloud.url) as proxy:
        yield proxy


@pytest.fixture
def stage(proxy: FaultProxy, small_cloud: SmallCloud, sqlite_store: Store) -> tuple[ContextData, ContextAdmin]:
    """Give a context_data on the cloud behind the proxy, and what contexts work with."""
    cloud = proxy.cloud(small_cloud.cloud())
    ledger = OwnedLedger(sqlite_store, cloud.name, "0badcafe-0000-0000-0000-000000000000")
    return ContextData(cloud), ContextAdmin(cloud.connect(), ledger, "0badcafe-0000-0000-0000-000000000000")


def made(stage: tuple[ContextData, ContextAdmin], wanted: dict[str, Any]) -> None:
    """Set contexts up."""
    for name, config in wanted.items():
        CONTEXTS[name].make(config, *stage).set_up()


def standing(small_cloud: SmallCloud) -> dict[str, int]:
    """Return what there is of what contexts make."""
    return {kind: count for kind in KINDS_MADE if (count := small_cloud.count(kind))}


EVERYWHERE: dict[str, tuple[Act, int]] = {
    "429": (status(429, Retry_After="0"), 5),
    "503": (status(503), 7),
    "502": (status(502), 7),
    "504": (status(504), 7),
    "reset": (reset, 7),
    "answer lost": (lost(), 7),
    "cut short": (cut, 7),
    "html": (says(b"<html>", "text/html"), 7),
    "empty": (says(b""), 7),
    "null": (says(b"null"), 7),
    "truncated": (says(b'{"a"'), 7),
    "bad gzip": (with_headers(("Content-Encoding", "gzip")), 7),
    "redirect": (status(302, Location="http://elsewhere.invalid/"), 7),
    "signed out": (status(401), 7),
}


# One of each kind of them is enough from day to day.
DAILY = {"429", "503", "answer lost", "cut short", "html", "redirect", "signed out"}


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=[] if kind in DAILY else pytest.mark.full) for kind in EVERYWHERE]
)
def test_contexts_and_cleaning_live_through_what_fails_now_and_then(
    proxy: FaultProxy, small_cloud: SmallCloud, stage: tuple[ContextData, ContextAdmin], tmp_path: Any, kind: str
) -> None:
    """With a failure every few requests, all contexts are set up, and the clean-up leaves nothing."""
    image = tmp_path / "image"
    image.write_bytes(b"data")
    before = {kind: small_cloud.count(kind) for kind in ("flavors", "images", "volume_types")}
    act, every = EVERYWHERE[kind]
    proxy.faults.append(
        Fault(act, r" /(compute|network|image|block-storage|identity/v3/(users|projects))", times=-1, every=every)
    )
    made(stage, {**WANTED, "images": {**WANTED["images"], "image_url": str(image)}})
    context_data, admin = stage
    assert len(context_data.users) == 4
    assert all(len(tenant.resources["servers"]) == 2 for tenant in context_data.tenants.values())
    clean(admin.connection, admin.ledger)
    assert standing(small_cloud) == {}
    assert {kind: small_cloud.count(kind) for kind in before} == before
    assert not {token for token in proxy.tokens if token not in small_cloud.tokens}


def test_an_answer_without_an_id_creates_nothing_twice(
    proxy: FaultProxy, small_cloud: SmallCloud, stage: tuple[ContextData, ContextAdmin], tmp_path: Path
) -> None:
    """What such a request has created is found by its name, or deleted by the clean-up."""
    emptied = changed(lambda *_: {})
    created = r"^POST .*/(images|flavors|types)$"
    proxy.faults.append(Fault(emptied, created, times=-1, every=2))
    image = tmp_path / "image"
    image.write_bytes(b"data")
    made(stage, {**WANTED, "images": {**WANTED["images"], "image_url": str(image)}})
    context_data, admin = stage
    assert len(context_data.users) == 4
    clean(admin.connection, admin.ledger)
    assert standing(small_cloud) == {}


@pytest.mark.parametrize(
    ("wanted", "path", "body", "lacks"),
    [
        ({"volume_types": ["fast"]}, "types", {}, "volume_type"),
        ({"volume_types": ["fast"]}, "types", {"volume_type": {}}, "id"),
        ({"volume_types": ["fast"]}, "types", {"volume_type": {"id": None}}, "id"),
        ({"flavors": [{"name": "big", "ram": 512}]}, "flavors", {"flavor": {"id": ""}}, "id"),
        (ONE, "projects", {"project": {"id": None}}, "id"),
        (ONE, "users", {"user": {}}, "id"),
    ],
)
def test_a_cloud_whose_answers_never_have_an_id_is_reported(  # noqa: PLR0917 - the fixtures and the case
    proxy: FaultProxy,
    small_cloud: SmallCloud,
    stage: tuple[ContextData, ContextAdmin],
    wanted: dict[str, Any],
    path: str,
    body: dict[str, Any],
    lacks: str,
) -> None:
    """The set-up fails with the context's name and what is missing, and the clean-up leaves nothing."""
    proxy.faults.append(Fault(status(200, json.dumps(body).encode()), f"^POST .*/{path}$", times=-1))
    with pytest.raises(SetUpFailed, match=rf"cloud small: {next(iter(wanted))} cannot be set up: .*no '{lacks}'"):
        made(stage, wanted)
    _, admin = stage
    clean(admin.connection, admin.ledger)
    assert standing(small_cloud) == {}


def test_what_a_lost_request_makes_late_is_found_by_this_cleaning_or_the_next(
    proxy: FaultProxy, small_cloud: SmallCloud, stage: tuple[ContextData, ContextAdmin]
) -> None:
    """A project that appears after its request failed stays in the ledger until it is deleted."""
    proxy.faults.append(Fault(lost(1.2), "^POST /identity/v3/projects", times=3))
    with pytest.raises(SetUpFailed, match=r"users cannot be set up: POST .*/projects"):
        made(stage, ONE)
    _, admin = stage
    clean(admin.connection, admin.ledger)
    deadline = time.monotonic() + 10
    while small_cloud.requests.count("POST identity /projects") < 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    clean(admin.connection, admin.ledger)
    assert small_cloud.count("projects") == 0


def test_what_never_appears_is_looked_for_until_it_is_old(
    proxy: FaultProxy,
    stage: tuple[ContextData, ContextAdmin],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The row of a request that created nothing stays in the ledger for the time in a setting."""
    proxy.faults.append(Fault(reset, "^POST /identity/v3/projects", times=-1))
    with pytest.raises(SetUpFailed):
        made(stage, ONE)
    _, admin = stage
    clean(admin.connection, admin.ledger)
    assert [row.detail["lost"] for row in admin.ledger.standing()] == ["under way"] * 3
    monkeypatch.setenv("RALLYCROSS_LOST_LIMIT", "0")
    clean(admin.connection, admin.ledger)
    assert admin.ledger.standing() == []


def test_what_was_refused_for_good_is_not_looked_for(
    small_cloud: SmallCloud, stage: tuple[ContextData, ContextAdmin]
) -> None:
    """A refused create leaves no row in the ledger."""
    small_cloud.refuse["POST identity /projects"] = 403
    with pytest.raises(SetUpFailed):
        made(stage, ONE)
    assert stage[1].ledger.standing() == []


def test_a_server_that_a_list_skips_is_asked_for_by_its_id(
    proxy: FaultProxy, small_cloud: SmallCloud, stage: tuple[ContextData, ContextAdmin]
) -> None:
    """A server that is missing in a list is requested by its id."""
    small_cloud.ready_after = 0.3
    first = lambda: next(iter(small_cloud.things.get("servers", {"": 0})))  # noqa: E731 - the one that is skipped
    proxy.faults.append(Fault(without(first), "^GET /compute/v2.1/servers/detail", times=-1))
    made(stage, {name: WANTED[name] for name in ("users", "servers")})
    assert {server["status"] for tenant in stage[0].tenants.values() for server in tenant.resources["servers"]} == {
        "ACTIVE"
    }
    small_cloud.lingers = 0.5
    clean(stage[1].connection, stage[1].ledger)
    assert standing(small_cloud) == {}


def test_what_a_list_overlooks_once_is_deleted_too(proxy: FaultProxy, small_cloud: SmallCloud) -> None:
    """After a deletion the list is repeated until it finds nothing."""
    small_cloud.things["servers"] = {
        str(number): {"id": str(number), "name": "s", "tenant_id": "p", "made": 0.0} for number in range(5)
    }
    proxy.faults.append(Fault(without(lambda: "3"), "^GET /compute/v2.1/servers/detail"))
    proxy.faults.append(Fault(paged(2, twice=True), "^GET /compute/v2.1/servers/detail", times=-1))
    place = Place(Api(proxy.cloud(small_cloud.cloud()).connect()), admin=True, project="p")
    drained = drain(resource("nova.servers"), [everything(place, resource("nova.servers"))])
    assert (drained.deleted, drained.left) == ({"nova.servers": 5}, [])
    assert small_cloud.count("servers") == 0


def test_what_cannot_be_deleted_is_a_list_of_names(
    small_cloud: SmallCloud, stage: tuple[ContextData, ContextAdmin]
) -> None:
    """A user that cannot be deleted is reported with kind, id, name and reason; everything else is deleted."""
    made(stage, ONE)
    user = next(iter(small_cloud.things["users"].values()))
    small_cloud.refuse[f"DELETE identity /users/{user['id']}"] = 500
    with pytest.raises(LeftBehind, match=rf"keystone.user {user['name']}: DELETE .*500.*\(id {user['id']}\)") as caught:
        clean(stage[1].connection, stage[1].ledger)
    assert [(left.kind, left.id, left.name) for left in caught.value.left] == [
        ("keystone.user", user["id"], user["name"])
    ]
    assert (small_cloud.count("users"), small_cloud.count("projects")) == (1, 0)


def test_a_set_up_that_is_interrupted_does_not_wait_for_the_cloud(
    proxy: FaultProxy, stage: tuple[ContextData, ContextAdmin], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After one parallel call has failed for good, others are not retried."""
    monkeypatch.setenv("RALLYCROSS_API_PATIENCE", "600")
    context_data, _ = stage
    admin = ContextAdmin(context_data.cloud.connect(), stage[1].ledger, stage[1].owner)
    proxy.faults += [
        Fault(status(403), "^POST /identity/v3/projects"),
        Fault(status(429, Retry_After="30"), "^POST /identity/v3/projects", times=-1),
    ]
    over = threading.Event()

    def run() -> None:
        with pytest.raises(SetUpFailed, match=r"403|429"):
            made((context_data, admin), {"users": {"tenants": 5}})
        over.set()

    threading.Thread(target=run, daemon=True).start()
    assert over.wait(20)
