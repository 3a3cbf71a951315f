"""Checking entries of a clouds.yaml: auth types get their arguments, and errors are found before anything is sent."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_cloud import SmallCloud

from rallycross.cloud.access import SignIn
from rallycross.cloud.cloud import Cloud
from rallycross.cloud.entry import acting_as, region_of
from rallycross.cloud.errors import SignInFailed
from rallycross.cloud.variables import entry_from_variables
from rallycross.errors import RallycrossError

URL = "http://192.0.2.1:5000/v3"
WHO = {"username": "u", "password": "p", "project_name": "p"}


@pytest.mark.parametrize(
    ("config", "taken"),
    [
        (
            {"auth": {**WHO, "user_domain_name": "D"}},
            {**WHO, "user_domain_name": "D", "project_domain_id": "default"},
        ),
        (
            {"auth": {**WHO, "tenant_name": "old", "project_name": None, "domain_id": ""}},
            {**WHO, "project_name": "old", "user_domain_id": "default", "project_domain_id": "default"},
        ),
        (
            {"auth_type": "v3token", "auth": {**WHO, "token": "t", "project_id": "1", "project_name": ""}},
            {"token": "t", "project_id": "1"},
        ),
        ({"auth": {"token": "t", "project_id": "1"}}, {"token": "t", "project_id": "1"}),
        (
            {"auth": {**WHO, "application_credential_id": "i", "application_credential_secret": "s"}},
            {"application_credential_id": "i", "application_credential_secret": "s"},
        ),
        (
            {"auth": {"username": "u", "application_credential_name": "n", "application_credential_secret": "s"}},
            {"application_credential_name": "n", "username": "u", "user_domain_id": "default"},
        ),
        (
            {"auth_type": "v3totp", "auth": {"user_id": "u", "passcode": 123456, "password": "x", "project_id": "1"}},
            {"user_id": "u", "passcode": "123456", "project_id": "1"},
        ),
        (
            {"auth_type": "v3multifactor", "auth_methods": "v3password,v3totp", "auth": {**WHO, "passcode": "1"}},
            {**WHO, "passcode": "1", "auth_methods": ["v3password", "v3totp"]},
        ),
        ({"auth": {}, "username": "u", "password": "p", "project-id": "1"}, {"username": "u", "password": "p"}),
    ],
    ids=[
        "password",
        "old names",
        "token beside a user",
        "token",
        "application credential",
        "the same by name",
        "totp",
        "factors",
        "flat",
    ],
)
def test_an_auth_type_gets_what_it_takes(config: dict[str, Any], taken: dict[str, Any]) -> None:
    """An auth type gets only its own keys, without nulls and empty texts; domains have a default."""
    config = {**config, "auth": {**config["auth"], "auth_url": URL}}
    auth = region_of("C", config).config["auth"]
    assert {**auth, **taken, "auth_url": URL} == auth
    assert not ("password" in auth and "token" in auth)
    assert "application_credential_id" not in auth or auth.keys().isdisjoint({"username", "project_name"})


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"auth": {"username": "u", "project_name": "p"}}, "no password .* or into the secure.yaml"),
        ({"auth": {**WHO, "AUTH_URL": "u"}}, "unknown key 'AUTH_URL' - did you mean auth_url"),
        ({"auth": WHO, "api_timeout": -1}, "api_timeout must be a number, from 0"),
        ({"auth": WHO, "api_timeout": float("nan")}, "api_timeout must be a number, from 0"),
        ({"auth": WHO, "compute_default_microversion": "abc"}, "must be a microversion"),
        ({"auth_type": "v3kerberos", "auth": WHO}, r"needs keystoneauth1\[kerberos\] - install it"),
        (
            {"auth": {"application_credential_name": "n", "application_credential_secret": "s"}},
            "no application_credential_id or username or user_id",
        ),
        ({"auth": {**WHO, "auth_url": "http://::1:5000/v3"}}, "IPv6 address without brackets - write"),
        ({"auth": {**WHO, "auth_url": "http://h/v3\x01"}}, "an invisible character in it"),
        ({"auth": {**WHO, "auth_url": "http://h/v3#x"}}, "remove everything from the # on"),
        ({"auth": {"username": "u", "password": None}}, "no password"),
        ({"auth": {"password": "p"}}, "no username or user_id"),
        ({"auth_type": "token", "auth": {"username": "u"}}, "no token"),
        (
            {"auth_type": "v3applicationcredential", "auth": {"application_credential_id": "i"}},
            "no application_.*_secret",
        ),
        ({"auth": {**WHO, "pasword": "x"}}, "unknown key 'pasword' - did you mean password"),
        ({"auth": {**WHO, "password": True}}, "password is not a text in YAML - put it in quotes"),
        ({"auth": {**WHO, "password": ["x"]}}, "password is not a text"),
        ({"auth": 5}, "its `auth` is not a mapping"),
        ({"auth_type": "pasword", "auth": WHO}, "'pasword' is unknown - did you mean password"),
        ({"auth_type": "v2password", "auth": WHO}, "v2password is for keystone's version 2 - write password"),
        ({"auth": WHO, "interface": "publik"}, "its interface is 'publik' - it must be public, internal or admin"),
        ({"auth": WHO, "compute_interface": "x"}, "its compute_interface is 'x'"),
        ({"auth": WHO, "verify": "perhaps"}, "its verify must be true or false"),
        ({"auth": WHO, "cacert": "/nowhere.pem"}, r"its cacert: there is no file /nowhere\.pem"),
        ({"auth": WHO, "api_timeout": "soon"}, "its api_timeout must be a number"),
        ({"auth": WHO, "image_endpoint_override": "example.org"}, "image_endpoint_override must begin with http"),
        (
            {"auth": {**WHO, "auth_url": "192.0.2.1:5000"}},
            "auth_url '192.0.2.1:5000' is not complete - write it with http://",
        ),
        ({"auth": {**WHO, "auth_url": "http://192.0.2.1:x/v3"}}, "auth_url is not a URL"),
        ({"auth": {**WHO, "auth_url": "http://{nothing}/v3"}}, "cannot be used"),
    ],
)
def test_what_is_wrong_with_an_entry_is_told(config: dict[str, Any], words: str) -> None:
    """The error names the cloud, the key and the remedy, and nothing is sent."""
    if isinstance(config["auth"], dict):
        config = {**config, "auth": {"auth_url": URL, **config["auth"]}}
    with pytest.raises(SignInFailed, match=rf"cloud C: .*{words}"):
        region_of("C", config)


@pytest.mark.parametrize(("key", "version"), [("volume_api_version", 2), ("identity_api_version", "2.0")])
def test_a_version_that_is_not_spoken_is_told(key: str, version: object) -> None:
    """An entry with an unsupported API version is an error."""
    with pytest.raises(SignInFailed, match=r"_api_version is 2.*, and only version 3 is supported"):
        SignIn(Cloud("C", {"auth": {**WHO, "auth_url": URL}, key: version}))


def test_microversions_are_asked_for_in_both_ways(small_cloud: SmallCloud) -> None:
    """A default microversion, and an API version with a minor part, are requested."""
    config = {"compute_api_version": "2.87", "volume_default_microversion": "3.50", "identity_api_version": "3"}
    access = SignIn(Cloud("C", {**small_cloud.cloud().config, **config}))()
    assert access.microversions == {"compute": "2.87", "block-storage": "3.50"}


def test_another_user_takes_nothing_of_the_first() -> None:
    """The entry for another user does not inherit the first user's keys outside of `auth`."""
    config = {"auth": {"auth_url": URL}, **WHO, "region_name": "R", "auth_type": "v3token", "token": "t"}
    auth = {"auth_url": URL, "username": "x", "password": "y", "project_id": "z", "user_domain_id": "d"}
    assert acting_as(config, auth) == {"region_name": "R", "auth_type": "password", "auth": auth}


def test_a_refused_password_is_sent_once(small_cloud: SmallCloud) -> None:
    """A refused password is not sent again, since clouds lock accounts."""
    with pytest.raises(SignInFailed, match=r"sent only once"):
        SignIn(small_cloud.cloud(password="wr0ng-one"))()
    assert small_cloud.sent()["POST identity"] == 1


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"OS_USERNAME": "u", "OS_PROJECT_NAME": "p"}, "missing OS_PASSWORD - set it"),
        ({"OS_PASSWORD": "s"}, "missing OS_USERNAME or OS_USER_ID - set it"),
        ({"OS_AUTH_TYPE": "token", "OS_PROJECT_ID": "p"}, "missing OS_TOKEN - set it"),
        ({"OS_CLOUD": "c", "OS_AUTH_URL": ""}, "OS_CLOUD names an entry of clouds.yaml"),
    ],
)
def test_what_variables_lack_is_told_by_its_name(given: dict[str, str], words: str) -> None:
    """The error names the missing variables."""
    with pytest.raises(RallycrossError, match=words):
        entry_from_variables({"OS_AUTH_URL": URL, **given})


def test_variables_that_are_no_texts_are_read() -> None:
    """Variables for lists, times and booleans are converted."""
    given = {"OS_AUTH_URL": URL, "OS_AUTH_TYPE": "v3multifactor", "OS_AUTH_METHODS": "v3password, v3totp"}
    entry = entry_from_variables({**given, "OS_API_TIMEOUT": "5", "OS_VERIFY": "False"})
    assert (entry["auth_methods"], entry["api_timeout"], entry["verify"]) == (["v3password", "v3totp"], 5, False)


def test_a_cloud_that_is_not_there_is_told_in_the_systems_words(small_cloud: SmallCloud) -> None:
    """The error has the operating system's reason between address and remedy, without urllib3's wording."""
    for url, words in (
        ("http://127.0.0.1:9/v3", r"auth/tokens: \[Errno \d+\] Connection refused - correct host and port"),
        (
            f"{small_cloud.url.replace('http', 'https')}/identity/v3",
            r"\[SSL: \w+\] [\w ]+ - the server does not use TLS",
        ),
        ("http://no-such-host.invalid/v3", r"auth/tokens: \[Errno -?\d+\] [\w ]+ - correct host and port"),
    ):
        with pytest.raises(SignInFailed, match=words):
            SignIn(small_cloud.cloud(auth_url=url))()


def test_a_password_in_the_address_is_not_shown(small_cloud: SmallCloud) -> None:
    """The error of a failed sign-in shows the address without user and password."""
    url = small_cloud.url.replace("http://", "http://somebody:canary@")
    with pytest.raises(SignInFailed) as caught:
        SignIn(small_cloud.cloud(auth_url=f"{url}/identity/v3", password="wrong"))()
    assert small_cloud.url in str(caught.value)
    assert "canary" not in str(caught.value)


def test_variables_are_those_of_openstackclient() -> None:
    """Auth types, old names, settings for one service and certificates are read from variables."""
    given = {"OS_AUTH_URL": URL, "OS_TOKEN": "t", "OS_PROJECT_ID": "1", "OS_CERT": "/c", "OS_KEY": "/k"}
    given |= {
        "OS_VOLUME_ENDPOINT_OVERRIDE": "http://v/v3",
        "OS_COMPUTE_API_VERSION": "2.87",
        "OS_CLOUDS": "no",
        "X": "y",
    }
    assert entry_from_variables(given) == {
        "auth": {"auth_url": URL, "token": "t", "project_id": "1"},
        "auth_type": "token",
        "cert": "/c",
        "key": "/k",
        "interface": "public",
        "volume_endpoint_override": "http://v/v3",
        "compute_api_version": "2.87",
    }
    beside = entry_from_variables({**given, "OS_AUTH_TYPE": "v3token", "OS_USERNAME": "left over"})
    assert region_of("C", {k: v for k, v in beside.items() if k not in {"cert", "key"}}).config["auth"]["token"] == "t"


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
_KEYS = st.sampled_from(
    [
        *("auth_type", "region_name", "interface", "verify", "cacert", "cert", "key", "api_timeout", "networks", "-"),
        *("volume_endpoint_override", "compute_api_version", "image_interface", "profile", "cloud", "regions", "token"),
        *(
            "auth_methods",
            "identity_api_version",
            "image_min_version",
            "status_code_retries",
            "metrics",
            "argparse",
            "validate",
            "username",
            "force_ipv4",
        ),
    ]
)
_AUTH = st.sampled_from(["auth_url", "username", "password", "project_name", "token", "domain_id", "passcode", "x"])


@given(st.dictionaries(_KEYS, _JSON, max_size=4), _JSON | st.dictionaries(_AUTH, _JSON, max_size=4))
@settings(max_examples=120, deadline=None)
def test_whatever_stands_in_an_entry_is_a_sentence(config: dict[str, Any], auth: Any) -> None:
    """Any entry gives either a region or an error that names the cloud."""
    entry = {"auth": {"auth_url": URL, **WHO, **auth} if isinstance(auth, dict) else auth, **config}
    try:
        SignIn(Cloud("C", entry))
        said = "cloud C: "
    except RallycrossError as error:
        said = str(error)
    assert said.startswith("cloud C: ")


def test_certificates_of_an_entry_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`insecure` and paths below the home directory work as in openstacksdk."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "ca.pem").write_text("")
    config = {"auth": {**WHO, "auth_url": URL}, "cacert": "~/ca.pem"}
    assert region_of("C", config).get_requests_verify_args() == (str(tmp_path / "ca.pem"), None)
    assert region_of("C", {**config, "cacert": "", "insecure": "True"}).get_requests_verify_args() == (False, None)
