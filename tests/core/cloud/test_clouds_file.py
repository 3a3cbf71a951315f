"""Reading a clouds.yaml and the files that belong to it."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from openstack.config import OpenStackConfig

from rallycross.cloud.clouds_file import CloudsFile
from rallycross.errors import RallycrossError


@pytest.fixture(name="folder")
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("CONFIG", "SECURE", "VENDOR"):
        monkeypatch.setattr(f"openstack.config.loader.{name}_FILES", [str(tmp_path / "home" / f"{name}.yaml")])
        monkeypatch.delenv(f"OS_CLIENT_{name}_FILE", raising=False)
    (tmp_path / "home").mkdir()
    return tmp_path


def written(path: Path, clouds: dict[str, Any], key: str = "clouds") -> Path:
    """Write a file of OpenStack's clients."""
    path.write_text(yaml.safe_dump({key: clouds}))
    return path


def test_a_vendors_profile_is_filled_in(folder: Path) -> None:
    """`profile`, and the older `cloud`, add openstacksdk's settings of a vendor for the named region."""
    auth = {"username": "a", "password": "b", "project_name": "p"}
    file = written(folder / "clouds.yaml", {"c": {"profile": "otc", "auth": auth}, "o": {"cloud": "otc", "auth": auth}})
    for name in ("c", "o"):
        config = CloudsFile.read(file).cloud(name, "eu-nl").config
        theirs = OpenStackConfig(config_files=[str(file)], load_envvars=False).get_one(name, region_name="eu-nl").config
        assert config["auth"]["auth_url"] == theirs["auth"]["auth_url"] == "https://iam.eu-nl.otc.t-systems.com/v3"
        assert (config["region_name"], "profile" in config, "cloud" in config) == ("eu-nl", False, False)


def test_public_clouds_of_the_user_are_known(folder: Path) -> None:
    """A clouds-public.yaml takes precedence over the vendor profiles of openstacksdk."""
    written(folder / "home" / "VENDOR.yaml", {"mine": {"auth": {"auth_url": "http://m/v3"}}}, "public-clouds")
    file = written(folder / "clouds.yaml", {"c": {"profile": "mine"}, "d": {"profile": "nobody"}})
    assert CloudsFile.read(file).cloud("c").config == {"auth": {"auth_url": "http://m/v3"}}
    with pytest.raises(RallycrossError, match=r"'d' has no auth_url, and no known vendor profile 'nobody' has"):
        CloudsFile.read(file).cloud("d")


def test_secrets_are_merged(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The secure.yaml next to the file is merged, and one in OS_CLIENT_SECURE_FILE takes precedence."""
    file = written(folder / "clouds.yaml", {"c": {"auth": {"auth_url": "u", "username": "a"}}})
    written(folder / "secure.yaml", {"c": {"auth": {"password": "beside"}}})
    assert CloudsFile.read(file).cloud("c").config["auth"] == {"auth_url": "u", "username": "a", "password": "beside"}
    other = written(folder / "other.yaml", {"c": {"auth": {"password": "named"}}})
    monkeypatch.setenv("OS_CLIENT_SECURE_FILE", str(other))
    assert CloudsFile.read(file).cloud("c").config["auth"]["password"] == "named"


def test_the_file_is_the_one_that_clients_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The default file is OS_CLIENT_CONFIG_FILE, or else the first one that OpenStack clients find."""
    with pytest.raises(
        RallycrossError, match=r"there is no clouds.yaml in .* - name one, or set OS_CLIENT_CONFIG_FILE"
    ):
        CloudsFile.read()
    written(folder / "home" / "CONFIG.yaml", {"home": {}})
    assert CloudsFile.read().names == ["home"]
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(written(folder / "own.yaml", {"own": {}})))
    assert CloudsFile.read().names == ["own"]


def test_regions_are_those_of_the_file(folder: Path) -> None:
    """Of a list of regions the first or the requested one is used, with its own values; others are refused."""
    regions = ["A", {"name": "B", "values": {"interface": "internal"}}]
    file = CloudsFile.read(written(folder / "clouds.yaml", {"c": {"auth": {"auth_url": "u"}, "regions": regions}}))
    assert file.cloud("c").config == {"auth": {"auth_url": "u"}, "region_name": "A"}
    assert file.cloud("c", "B").config == {"auth": {"auth_url": "u"}, "region_name": "B", "interface": "internal"}
    with pytest.raises(RallycrossError, match=r"'c' cannot be used \(Region C is not a valid .*A,B"):
        file.cloud("c", "C")


def test_secrets_are_what_they_look_like() -> None:
    """Secrets that YAML reads as numbers, dates or booleans are kept as text; a null is no value."""
    lines = "{auth_url: u, password: 0123, username: yes, token: 1_0, passcode: 2001-01-01, project_id: 1e5, user_id: }"
    auth = CloudsFile.of_text(f"clouds: {{c: {{auth: {lines}}}}}", "x").cloud("c").config["auth"]
    assert auth | {"password": "0123", "username": "yes", "passcode": "2001-01-01", "project_id": "1e5"} == auth
    assert (auth["token"], auth.get("user_id")) == ("1_0", None)


def test_a_version_is_what_is_written() -> None:
    """The versions 2.60 and 2.6 are different."""
    text = "clouds: {c: {auth: {auth_url: u}, compute_default_microversion: 2.60, volume_api_version: 3}}"
    entry = CloudsFile.of_text(text, "x").cloud("c").config
    assert (entry["compute_default_microversion"], entry["volume_api_version"]) == ("2.60", "3")


def test_what_is_not_used_is_no_obstacle() -> None:
    """Networks and metrics of an entry are ignored, even if openstacksdk refuses them."""
    more = "external_network: x, internal_network: y, networks: no list, metrics: no mapping"
    entry = CloudsFile.of_text(f"clouds: {{c: {{auth: {{auth_url: u}}, {more}}}}}", "x").cloud("c").config
    assert entry == {"auth": {"auth_url": "u"}}


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("{auth: {auth_url: [u]}}", "its auth_url is not a text - write it in quotes"),
        ("{profile: [otc], auth: {}}", "its `profile` is not a text"),
        ("{profile: 'http://127.0.0.1:9', auth: {}}", "its vendor's profile cannot be fetched .* - write `auth_url`"),
    ],
)
def test_what_cannot_be_used_is_named(entry: str, words: str) -> None:
    """The error names the cloud, the key and the remedy."""
    with pytest.raises(RallycrossError, match=f"F: the cloud 'c': {words}"):
        CloudsFile.of_text(f"clouds: {{c: {entry}}}", "F").cloud("c")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"clouds:\n  c:\n    auth:\n      a: b\n     c: d\n", ":5:6: not valid YAML: "),
        (b"clouds:\n\tc: 1\n", ":2:1: not valid YAML: "),
        ("clouds:\n  ä: 1\n".encode("latin-1"), ":2:3: is not UTF-8 text"),
        (b"a\0b", ": is not text - name a clouds.yaml"),
        (b"", " is not a clouds.yaml"),
        (b"[" * 5000, ":1:101: nested more than 100 levels deep"),
        (b"a: &a {a: *a}\nclouds: *a", ": has more than 50000 values"),
    ],
)
def test_a_mistake_is_named_with_its_place(folder: Path, content: bytes, words: str) -> None:
    """The error has the line and the column."""
    file = folder / "clouds.yaml"
    file.write_bytes(content)
    with pytest.raises(RallycrossError) as caught:
        CloudsFile.read(file)
    assert str(caught.value).startswith(f"{file}{words}")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
_KEYS = st.sampled_from(["auth", "regions", "region_name", "networks", "profile", "metrics", "timeout", "interface"])


@given(
    st.text(max_size=40) | st.dictionaries(_KEYS, _JSON, max_size=4).map(lambda c: yaml.safe_dump({"clouds": {"c": c}}))
)
@settings(max_examples=120, deadline=None)
@example("clouds: {c: {auth: {password: !!python/object x}}}")
def test_whatever_a_file_holds_is_a_sentence(text: str) -> None:
    """Any content gives either a cloud or an error message."""
    try:
        CloudsFile.of_text(text, "F").cloud("c")
        said = "F"
    except RallycrossError as error:
        said = str(error)
    assert said.startswith("F")
