"""A verification's leftovers are deleted, whatever the cloud's lists omit; the rest is reported."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from fault_proxy import Act, Fault, FaultProxy, lost, status
from verifiable_cloud import VerifiableCloud

from rallycross.cloud.parallel import pause_after
from rallycross.errors import RallycrossError
from rallycross.verification import cleanup
from rallycross.verification.cleanup import clean
from rallycross.verification.facts import Facts, Keystone
from rallycross.verification.provisions import OutcomeUnknown, provide


@pytest.fixture(name="small")
def _small() -> Iterator[VerifiableCloud]:
    with VerifiableCloud() as small:
        yield small


def put(small: VerifiableCloud, collection: str, *ids: str, **more: Any) -> None:
    """Create resources of the run in the cloud."""
    for number in ids:
        thing = {"id": number, "name": f"tempest-1-{number}", "project_id": "p", "made": 0.0, **more}
        small.things.setdefault(collection, {})[number] = thing


@pytest.mark.parametrize("collection", ["servers", "volumes", "images", "networks", "flavors", "users"])
def test_what_a_first_list_skips_is_deleted(small: VerifiableCloud, collection: str) -> None:
    """A resource that is missing from the first list, since it changed during paging, is deleted too."""
    put(small, collection, "a", "b")
    small.hides = {"b": 1}
    cleaned = clean(small.cloud().connect(), "tempest-1")
    assert not {"a", "b"} & small.things[collection].keys()
    assert (cleaned.deleted, cleaned.remaining) == (2, [])


@pytest.mark.parametrize("collection", ["servers", "volumes", "users"])
def test_one_that_is_alone_and_skipped_is_deleted(small: VerifiableCloud, collection: str) -> None:
    """A single empty list does not count as empty."""
    put(small, collection, "a")
    small.hides = {"a": 1}
    assert clean(small.cloud().connect(), "tempest-1").deleted == 1
    assert "a" not in small.things[collection]


def test_what_goes_slowly_and_is_on_no_list_is_waited_for(small: VerifiableCloud) -> None:
    """A server is gone when a request by its id says so, not when it is missing from lists."""
    put(small, "servers", "a")
    put(small, "networks", "n")
    small.lingers, small.hides_what_goes = 0.3, True
    cleaned = clean(small.cloud().connect(), "tempest-1")
    assert "a" not in small.things["servers"]
    last = max(number for number, request in enumerate(small.requests) if request == "GET compute /servers/a")
    assert last < small.requests.index("DELETE network /networks/n")
    assert (cleaned.deleted, cleaned.remaining) == (2, [])


def test_what_does_not_go_is_told(small: VerifiableCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """A resource that still exists after an accepted delete request is reported."""
    monkeypatch.setattr(cleanup, "GONE_SECONDS", 0.2)
    put(small, "servers", "a")
    small.lingers, small.hides_what_goes = 1000, True
    cleaned = clean(small.cloud().connect(), "tempest-1")
    assert cleaned.deleted == 0
    assert cleaned.remaining == ["nova.servers tempest-1-a: it is still there after 0.2 s (id a)"]


def test_what_is_refused_for_a_while_is_asked_again(small: VerifiableCloud) -> None:
    """A router whose last interface is being deleted is deleted by a later try, and is not reported."""
    put(small, "routers", "r")
    put(small, "ports", "p", device_id="r", device_owner="network:router_interface")
    small.hides = {"p": 1}
    cleaned = clean(small.cloud().connect(), "tempest-1")
    assert not small.things["routers"]
    assert cleaned.remaining == []


def test_what_is_refused_for_good_is_named_with_the_reason(
    small: VerifiableCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A resource that the cloud refuses to delete is reported once with the cloud's message; the rest is deleted."""
    monkeypatch.setattr(cleanup, "GONE_SECONDS", 0.2)
    put(small, "networks", "a", "b")
    small.refuse["DELETE network /networks/a"] = 409
    cleaned = clean(small.cloud().connect(), "tempest-1")
    assert list(small.things["networks"]) == ["a"]
    [left] = cleaned.remaining
    assert left.startswith("neutron.network tempest-1-a: ")
    assert "as you wish" in left
    assert small.requests.count("DELETE network /networks/a") > 1


def test_a_list_that_cannot_be_had_does_not_lose_what_was_seen(small: VerifiableCloud) -> None:
    """A kind that cannot be listed is reported, and the next kinds are deleted."""
    put(small, "volumes", "v")
    put(small, "networks", "n")
    small.refuse["GET block-storage /volumes/detail"] = 403
    cleaned = clean(small.cloud().connect(), "tempest-1")
    assert not small.things["networks"]
    assert any(left.startswith("cinder.volumes in the cloud: cannot be listed") for left in cleaned.remaining)


def test_what_has_no_name_goes_with_what_it_is_in(small: VerifiableCloud) -> None:
    """Ports in a network of the run, and floating IPs of its router, are deleted in any project."""
    put(small, "networks", "n")
    put(small, "routers", "r")
    put(small, "ports", "p", "q", name="", network_id="n", device_owner="")
    put(small, "floatingips", "f", name="", description="", router_id="r")
    small.things["ports"]["q"]["network_id"] = "another"
    assert clean(small.cloud().connect(), "tempest-1").remaining == []
    assert {name: set(small.things[name]) for name in ("networks", "routers", "ports", "floatingips")} == {
        "networks": set(),
        "routers": set(),
        "ports": {"q"},
        "floatingips": set(),
    }


@pytest.mark.parametrize("made", ["domains", "projects", "users"])
def test_what_a_lost_request_makes_late_is_deleted(
    small: VerifiableCloud, made: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a create request with an unknown outcome a resource that appears late is deleted too."""
    looked = threading.Event()

    def pause(waited: float) -> float:
        looked.set()
        return pause_after(waited)

    monkeypatch.setattr(cleanup, "pause_after", pause)
    facts = Facts(Keystone(f"{small.url}/identity/v3"), frozenset({"identity"}))
    before = {kind: dict(small.things.get(kind, {})) for kind in ("domains", "projects", "users")}
    with FaultProxy(small.url, [Fault(lost(after=looked), f"POST .*/{made}$")]) as proxy:
        with pytest.raises(OutcomeUnknown):
            provide(proxy.cloud(small.cloud()).connect(), facts, "tempest-1")
        cleaned = clean(small.cloud().connect(), "tempest-1", late=60.0)
    assert (cleaned.deleted > 0, cleaned.remaining) == (True, [])
    assert {kind: small.things.get(kind, {}) for kind in before} == before


def test_what_never_comes_is_told(small: VerifiableCloud) -> None:
    """A resource that may still appear is reported by its name, with the way it will be deleted."""
    cleaned = clean(small.cloud().connect(), "tempest-1", late=0.1)
    assert "perhaps a resource named tempest-1-*" in str(cleaned)


@pytest.mark.parametrize(("act", "kind"), [(status(403), RallycrossError), (status(504), OutcomeUnknown)])
def test_what_was_refused_is_not_waited_for(small: VerifiableCloud, act: Act, kind: type[Exception]) -> None:
    """Only a request with an unknown outcome is waited for, not a refused one."""
    facts = Facts(Keystone(f"{small.url}/identity/v3"), frozenset({"identity"}))
    with FaultProxy(small.url, [Fault(act, "POST .*/domains$", times=-1)]) as proxy, pytest.raises(kind) as caught:
        provide(proxy.cloud(small.cloud()).connect(), facts, "tempest-1")
    assert type(caught.value) is kind
