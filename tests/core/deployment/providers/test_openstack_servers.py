"""The provider `openstack`, against a cloud of the tests' own over real HTTP, and OpenSSH in the place of guests."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from carrying import KilledError, MortalLedger
from sites import let_in
from small_cloud import ADMIN, SmallCloud

from rallycross.deployment import load_spec
from rallycross.deployment.provider import PROVIDERS, ProviderSpec
from rallycross.errors import RallycrossError


@pytest.fixture(name="api")
def _api() -> Iterator[SmallCloud]:
    with SmallCloud() as api:
        api.addresses = {"fixed": "10.0.0.5", "floating": "127.0.0.1"}
        api.things["networks"] = {"n1": {"id": "n1", "name": "public"}}
        yield api


def provider(api: SmallCloud, guests: dict[str, object], folder: Path, **keys: Any) -> ProviderSpec:
    """Return the section of a spec, checked, on this cloud."""
    section = {
        "type": "openstack",
        "cloud": "small",
        "clouds_yaml": str(folder / "clouds.yaml"),
        "image": {"name": "cirros", "userdata": "#cloud-config"},
        "flavor_id": "m1.nano",
        "floating_network": "public",
        "ssh_port": guests["port"],
        "ssh_user": guests["username"],
        "amount": 2,
        "timeout": 5,
    }
    entry = {"auth": {"auth_url": f"{api.url}/identity/v3", **ADMIN}, "region_name": "R"}
    (folder / "clouds.yaml").write_text(yaml.safe_dump({"clouds": {"small": entry}}))
    data = {"name": "mine", "engine": "embedded", "provider": section | keys}
    found = load_spec(yaml.safe_dump(data), file="s.yaml").provider
    assert found is not None
    return found


def left(api: SmallCloud) -> dict[str, int]:
    """Return how many things there are of what the provider makes; each project has a group `default`."""
    kinds = ("servers", "keypairs", "security_groups", "floatingips", "images")
    things = {kind: list(api.things.get(kind, {}).values()) for kind in kinds}
    return {kind: sum(one.get("name") != "default" for one in those) for kind, those in things.items()}


def test_servers_are_made_found_again_and_deleted(api: SmallCloud, guests: dict[str, object], tmp_path: Path) -> None:
    """Two servers with key, group and floating addresses; a second call makes none; a destroy leaves none."""
    here, openstack = let_in(tmp_path, guests), PROVIDERS["openstack"]
    wanted = provider(api, guests, tmp_path)
    api.ready_after, api.lingers = 0.5, 0.5
    made = openstack.create(wanted.options, here)
    assert [(one.name, one.host, one.inside) for one in made] == [
        ("mine-1", "127.0.0.1", "10.0.0.5"),
        ("mine-2", "127.0.0.1", "10.0.0.5"),
    ]
    assert left(api) == {"servers": 2, "keypairs": 1, "security_groups": 1, "floatingips": 2, "images": 1}
    ports = [rule.get("port_range_min") for rule in api.things["security_group_rules"].values()]
    assert ports.count(guests["port"]) == 2  # by IPv4 and by IPv6
    assert openstack.create(wanted.options, here) == made == openstack.standing(wanted.options, here)
    assert left(api)["servers"] == 2
    for _ in range(2):
        openstack.destroy(wanted.options, here)
        assert left(api) == {"servers": 0, "keypairs": 0, "security_groups": 0, "floatingips": 0, "images": 1}
        assert here.ledger.standing() == []
    here.close()


@pytest.mark.parametrize("noted", [False, True], ids=["before the note", "after the note"])
@pytest.mark.parametrize("last", range(1, 15))
def test_killed_anywhere_nothing_is_lost(
    api: SmallCloud, guests: dict[str, object], tmp_path: Path, *, last: int, noted: bool
) -> None:
    """Killed around the note of any thing, the next call makes what is missing, no thing twice; a destroy finds all."""
    ledger = MortalLedger(last, noted=noted)
    here, openstack = let_in(tmp_path, guests, ledger), PROVIDERS["openstack"]
    wanted = provider(api, guests, tmp_path)
    with pytest.raises(KilledError):
        openstack.create(wanted.options, here)
    openstack.create(wanted.options, here)
    assert left(api) == {"servers": 2, "keypairs": 1, "security_groups": 1, "floatingips": 2, "images": 1}
    openstack.destroy(wanted.options, here)
    assert left(api) == {"servers": 0, "keypairs": 0, "security_groups": 0, "floatingips": 0, "images": 1}
    here.close()


def test_what_others_have_made_is_left_alone(api: SmallCloud, guests: dict[str, object], tmp_path: Path) -> None:
    """A thing of the same name that the ledger does not have is neither used nor deleted."""
    here, wanted = let_in(tmp_path, guests), provider(api, guests, tmp_path)
    api.things["keypairs"] = {"mine-key": {"id": "mine-key", "name": "mine-key"}}
    with pytest.raises(
        RallycrossError, match="keypair mine-key exists already, and this deployment has not created it"
    ):
        PROVIDERS["openstack"].create(wanted.options, here)
    PROVIDERS["openstack"].destroy(wanted.options, here)
    assert api.count("keypairs") == 1


def test_a_server_in_error_is_told_and_made_anew(api: SmallCloud, guests: dict[str, object], tmp_path: Path) -> None:
    """A server in ERROR fails the call, and the next call recreates it."""
    here, wanted = let_in(tmp_path, guests), provider(api, guests, tmp_path, amount=1)
    api.fails = {"servers"}
    with pytest.raises(RallycrossError, match="server mine-1 is in ERROR"):
        PROVIDERS["openstack"].create(wanted.options, here)
    api.fails = set()
    for thing in api.things["servers"].values():
        assert thing["status"].upper() == "ERROR"
        thing["status"] = "ERROR"
    assert [one.name for one in PROVIDERS["openstack"].create(wanted.options, here)] == ["mine-1"]
    assert len(api.things["servers"]) == 1
    here.close()


def test_an_image_is_uploaded_and_deleted_again(api: SmallCloud, guests: dict[str, object], tmp_path: Path) -> None:
    """A file becomes an image of the cloud's name, once; only that one is deleted."""
    (tmp_path / "disk.img").write_bytes(b"disk")
    here = let_in(tmp_path, guests)
    wanted = provider(api, guests, tmp_path, image={"file": str(tmp_path / "disk.img"), "format": "raw"}, amount=1)
    for _ in range(2):
        PROVIDERS["openstack"].create(wanted.options, here)
        assert sorted(one["name"] for one in api.things["images"].values()) == ["cirros", "mine-image"]
    PROVIDERS["openstack"].destroy(wanted.options, here)
    assert [one["name"] for one in api.things["images"].values()] == ["cirros"]
    here.close()


def test_what_the_cloud_refuses_is_said(api: SmallCloud, guests: dict[str, object], tmp_path: Path) -> None:
    """A refusal, an unknown flavor and a missing account are errors that say what to do."""
    create = PROVIDERS["openstack"].create
    with pytest.raises(RallycrossError, match=r"has no flavor 'm1\.huge' - name an existing one"):
        create(provider(api, guests, tmp_path, flavor_id="m1.huge").options, let_in(tmp_path, guests))
    with pytest.raises(RallycrossError, match="lacks auth_url, user, password, tenant - set them"):
        create(provider(api, guests, tmp_path, cloud=None).options, let_in(tmp_path, guests))
    api.refuse["POST compute /servers"] = 403
    with pytest.raises(RallycrossError, match=r"the cloud that provides the servers: .*403"):
        create(provider(api, guests, tmp_path).options, let_in(tmp_path, guests))
