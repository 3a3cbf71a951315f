"""A connection of type OpenStack, or a registered cloud, becomes a core cloud."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from airflow.sdk import Connection

from hooks.openstack import OpenStackHook, from_connection
from hooks.results import store
from rallycross.cloud import registered
from rallycross.errors import RallycrossError
from rallycross.settings import settings

URL = "https://cloud.example.org:5000/v3"
ENTRY = {"auth": {"auth_url": URL, "username": "u", "password": "secret-of-the-entry"}, "region_name": "North"}


def connection(monkeypatch: pytest.MonkeyPatch, **fields: Any) -> None:
    """Set a connection `testcloud` for Airflow by an environment variable."""
    monkeypatch.setenv("AIRFLOW_CONN_TESTCLOUD", json.dumps({"conn_type": "openstack", **fields}))


def test_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """User, password and project become an entry of clouds.yaml, with the usual default domains."""
    extra = {"project_name": "p", "region_name": "R", "interface": "internal", "verify": False}
    connection(monkeypatch, host=URL, login="u", password="secret", extra=extra)

    cloud = OpenStackHook("testcloud").get_conn()

    assert cloud.name == "testcloud"
    assert cloud.config == {
        "auth_type": "password",
        "auth": {
            "auth_url": URL,
            "username": "u",
            "password": "secret",
            "project_name": "p",
            "user_domain_name": "Default",
            "project_domain_name": "Default",
        },
        "region_name": "R",
        "interface": "internal",
        "verify": False,
    }


def test_fields_of_any_shape_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists and mappings among the fields are accepted."""
    extra = {"project_name": "p", "tags": ["a", "b"], "more": {"c": 1}, "region_name": ""}
    connection(monkeypatch, host=URL, login="u", password="secret", extra=extra)

    assert "region_name" not in OpenStackHook("testcloud").get_conn().config


def test_an_application_credential_names_no_project(monkeypatch: pytest.MonkeyPatch) -> None:
    """An application credential is bound to its project: leftovers in other fields are not sent."""
    extra = {"auth_type": "v3applicationcredential", "project_name": "p", "user_domain_name": "d"}
    connection(monkeypatch, host=URL, login="id", password="secret", extra=extra)

    assert OpenStackHook("testcloud").get_conn().config == {
        "auth_type": "v3applicationcredential",
        "auth": {
            "auth_url": URL,
            "application_credential_id": "id",
            "application_credential_secret": "secret",
        },
    }


def test_empty_fields_of_the_form_count_as_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Empty texts and nulls of the form are not passed on."""
    extra = {"project_name": "p", "region_name": "", "cacert": None, "cloud": "", "clouds_yaml": None}
    connection(monkeypatch, host=URL, login="u", password="secret", extra=extra)

    assert OpenStackHook("testcloud").get_conn().config.keys() == {"auth_type", "auth"}


@pytest.mark.parametrize(
    ("fields", "url"),
    [
        ({"host": "http://192.0.2.1", "port": 5000, "schema": "v3"}, "http://192.0.2.1:5000/v3"),
        ({"host": "http://192.0.2.1:5000/identity/v3/", "port": 5000}, "http://192.0.2.1:5000/identity/v3/"),
        ({"host": "192.0.2.1", "port": 5000, "schema": "https"}, "https://192.0.2.1:5000"),
        (
            {"host": "https://[2001:db8::1]", "port": 5000, "schema": "/identity/v3"},
            "https://[2001:db8::1]:5000/identity/v3",
        ),
        ({"extra": {"auth_url": "http://192.0.2.1/v3"}}, "http://192.0.2.1/v3"),
        ({"port": 5000, "extra": {"auth_url": "http://192.0.2.1/v3"}}, "http://192.0.2.1:5000/v3"),
        ({"host": "192.0.2.1", "extra": {"auth_url": "http://192.0.2.1/v3"}}, "http://192.0.2.1/v3"),
        ({"host": "http://192.0.2.1/identity", "schema": "v3"}, "http://192.0.2.1/identity/v3"),
        ({"host": "http://192.0.2.1/identity", "schema": "identity/v3"}, "http://192.0.2.1/identity/v3"),
        ({"host": "192.0.2.1", "port": 5000, "schema": "HTTPS://"}, "https://192.0.2.1:5000"),
        ({"host": "2001:db8::1", "port": 5000, "schema": "http"}, "http://[2001:db8::1]:5000"),
        ({"host": " http://192.0.2.1:5000/v3 \n"}, "http://192.0.2.1:5000/v3"),
    ],
)
def test_the_address_is_put_together(monkeypatch: pytest.MonkeyPatch, fields: dict[str, Any], url: str) -> None:
    """Host, port and schema make one URL."""
    extra = {"project_name": "p", **fields.pop("extra", {})}
    connection(monkeypatch, login="u", password="secret", extra=extra, **fields)
    assert OpenStackHook("testcloud").get_conn().config["auth"]["auth_url"] == url


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"host": "http://192.0.2.1/v3", "schema": "https"}, "and schema 'https' do not agree - give one"),
        ({"host": "http://192.0.2.1/v3", "schema": "v2.0"}, "and the path 'v2.0' of its schema do not agree"),
        ({"host": "http://192.0.2.1", "extra": {"auth_url": "http://192.0.2.2"}}, "and the extra's auth_url do not"),
        ({"host": "http://2001:db8::1/v3"}, "IPv6 address without brackets - write"),
        ({"host": "http://192.0.2.1:5000/v3?a=b"}, "remove everything from the [?] on"),
        ({"host": "http://192.0.2.1", "port": 99999}, "Auth URL is not a URL .* - write it completely"),
        ({"host": "http://192.0.2.1", "extra": {"reigon_name": "R"}}, "unknown key 'reigon_name' - did you mean regi"),
        ({"host": "http://192.0.2.1", "extra": "{"}, "its extra is not JSON "),
        ({"host": "http://192.0.2.1", "extra": "[1]"}, "its extra is not a JSON object"),
        ({"host": "http://192.0.2.1", "extra": {"auth": 1}}, "auth is not a JSON object"),
    ],
)
def test_fields_that_do_not_fit_are_named(monkeypatch: pytest.MonkeyPatch, fields: dict[str, Any], words: str) -> None:
    """Unused and unreadable fields are reported with a remedy."""
    connection(monkeypatch, **{"login": "u", "password": "secret", "extra": {"project_name": "p"}, **fields})
    if isinstance(fields.get("extra"), dict):
        connection(
            monkeypatch, **{"login": "u", "password": "s", **fields, "extra": {"project_id": "p", **fields["extra"]}}
        )
    with pytest.raises(RallycrossError, match=words):
        OpenStackHook("testcloud").get_conn()


@pytest.mark.parametrize(
    ("fields", "auth"),
    [
        ({"auth": {"username": "u", "password": "s", "project_name": "p"}}, {"username": "u", "project_name": "p"}),
        ({"OS_PROJECT_NAME": "p", "user-domain-name": "D"}, {"project_name": "p", "user_domain_name": "D"}),
        ({"tenant_name": "p"}, {"tenant_name": "p"}),
        ({"auth_type": "v3totp", "project_id": "p"}, {"username": "login", "passcode": "secret"}),
        ({"auth_type": "v3oidcaccesstoken", "protocol": "openid"}, {"access_token": "secret", "protocol": "openid"}),
        ({"auth_type": "v3oidcclientcredentials"}, {"client_id": "login", "client_secret": "secret"}),
        (
            {"application_credential_id": "i", "application_credential_secret": "s"},
            {"application_credential_id": "login", "application_credential_secret": "secret"},
        ),
        (
            {"auth_type": "v3applicationcredential", "application_credential_name": "n"},
            {"application_credential_name": "n", "username": "login", "user_domain_name": "Default"},
        ),
    ],
)
def test_fields_are_what_the_way_to_sign_in_takes(
    monkeypatch: pytest.MonkeyPatch, fields: dict[str, Any], auth: dict[str, str]
) -> None:
    """Login and password become the fields of the auth type; the extra may be an entry of clouds.yaml."""
    connection(monkeypatch, host=URL, login="login", password="secret", extra=fields)
    found = OpenStackHook("testcloud").get_conn().config["auth"]
    assert {**found, **auth} | ({"username": "login"} if "auth" in fields else {}) == found


def test_a_vendors_profile_is_filled_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection may name a vendor profile of openstacksdk instead of a URL."""
    connection(monkeypatch, login="u", password="secret", extra={"profile": "otc", "project_name": "p"})
    assert OpenStackHook("testcloud").get_conn().config["auth"]["auth_url"].startswith("https://iam.eu-de.otc")
    connection(monkeypatch, login="u", password="secret", extra={"profile": "nobodys", "project_name": "p"})
    with pytest.raises(RallycrossError, match="'nobodys'"):
        OpenStackHook("testcloud").get_conn()


def test_a_connection_may_be_a_uri(monkeypatch: pytest.MonkeyPatch) -> None:
    """All fields of a URI are used; a host without http:// or https:// is refused with the right form."""
    query = "project_name=admin&user_domain_name=D&region_name=R&compute_endpoint_override=http%3A%2F%2Fc%2Fv2.1"
    monkeypatch.setenv("AIRFLOW_CONN_TESTCLOUD", f"openstack://http://u:p%2Fw@192.0.2.1:5000/v3?{query}")
    config = OpenStackHook("testcloud").get_conn().config
    assert config["auth"]["auth_url"] == "http://192.0.2.1:5000/v3"
    assert (config["auth"]["password"], config["auth"]["user_domain_name"]) == ("p/w", "D")
    assert (config["region_name"], config["compute_endpoint_override"]) == ("R", "http://c/v2.1")
    monkeypatch.setenv("AIRFLOW_CONN_TESTCLOUD", f"openstack://u:pw@192.0.2.1:5000/v3?{query}")
    with pytest.raises(
        RallycrossError, match=r"Auth URL '192\.0\.2\.1:5000/v3' is not complete - write it with http://"
    ):
        OpenStackHook("testcloud").get_conn()
    connection(monkeypatch, host="http://192.0.2.1:5000", port=80, login="u", password="s", extra={"project_id": "p"})
    with pytest.raises(RallycrossError, match="and port 80 do not agree"):
        OpenStackHook("testcloud").get_conn()


def test_a_token_needs_no_login(monkeypatch: pytest.MonkeyPatch) -> None:
    """The password field of a connection that signs in by token is the token."""
    connection(monkeypatch, host=URL, password="t", extra={"auth_type": "v3token", "project_id": "1"})
    assert OpenStackHook("testcloud").get_conn().config == {
        "auth_type": "v3token",
        "auth": {"auth_url": URL, "token": "t", "project_id": "1"},
    }


def test_says_all_that_is_missing() -> None:
    """All missing required fields are named at once."""
    with pytest.raises(RallycrossError, match="has no Auth URL, login, password, Project"):
        from_connection(Connection(conn_id="c", conn_type="openstack"))


def test_the_text_of_a_clouds_yaml(monkeypatch: pytest.MonkeyPatch) -> None:
    """The entry of the text is used as it is; its name is optional if there is only one."""
    text = yaml.safe_dump({"clouds": {"north": ENTRY}})
    connection(monkeypatch, extra={"clouds_yaml": text})
    assert OpenStackHook("testcloud").get_conn().config == ENTRY

    connection(monkeypatch, extra={"clouds_yaml": text, "cloud": "north"})
    assert OpenStackHook("testcloud").get_conn().config == ENTRY


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ({"clouds_yaml": yaml.safe_dump({"clouds": {"a": ENTRY, "b": ENTRY}}), "cloud": "c"}, "it has: a, b"),
        ({"clouds_yaml": yaml.safe_dump({"clouds": {"a": ENTRY, "b": ENTRY}})}, "it has: a, b"),
        ({"clouds_yaml": "not: clouds"}, "is not a clouds.yaml - name a file that has `clouds:`"),
        ({"clouds_yaml": "{"}, "its clouds.yaml:1:2: not valid YAML"),
    ],
)
def test_a_clouds_yaml_that_does_not_help(monkeypatch: pytest.MonkeyPatch, extra: dict[str, str], message: str) -> None:
    """A missing or ambiguous entry, and text that is not a clouds.yaml, are reported with a remedy."""
    connection(monkeypatch, extra=extra)

    with pytest.raises(RallycrossError, match=message):
        OpenStackHook("testcloud").get_conn()


def test_a_name_in_the_workers_clouds_yaml(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A name alone is looked up in the worker's file; the worker's OS_* variables have no effect."""
    file = tmp_path / "clouds.yaml"
    file.write_text(yaml.safe_dump({"clouds": {"north": ENTRY}}))
    monkeypatch.setattr("openstack.config.loader.CONFIG_FILES", [str(file)])
    monkeypatch.setenv("OS_USERNAME", "intruder")
    connection(monkeypatch, extra={"cloud": "north"})

    config = OpenStackHook("testcloud").get_conn().config

    assert config["auth"]["username"] == "u"
    assert config["region_name"] == "North"


@pytest.mark.parametrize("pasted", [True, False])
def test_a_clouds_own_users_come_with_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, pasted: bool) -> None:
    """Entries `<name>-user-0` and so on, in the text or in the worker's file, become the cloud's users."""
    text = yaml.safe_dump({"clouds": dict.fromkeys(("north", "north-user-0", "north-user-1", "south"), ENTRY)})
    file = tmp_path / "clouds.yaml"
    file.write_text(text)
    monkeypatch.setattr("openstack.config.loader.CONFIG_FILES", [str(file)])
    connection(monkeypatch, extra={"cloud": "north", **({"clouds_yaml": text} if pasted else {})})
    cloud = OpenStackHook("testcloud").get_conn()
    assert [user.config["auth"]["username"] for user in cloud.users] == ["u", "u"]


def test_a_cloud_that_was_deployed(home: Path) -> None:  # noqa: ARG001 - the state of this test
    """If no connection has the name, the registered cloud is used."""
    file = registered.keep(settings(), "mine", yaml.safe_dump({"clouds": {"mine": ENTRY}}))
    store().clouds.register(
        "mine", clouds_yaml=str(file), spec="", engine="embedded", root="/r", deployment=None, environment={}
    )

    assert OpenStackHook("mine").get_conn().config == ENTRY


def test_a_cloud_that_nobody_knows(home: Path) -> None:  # noqa: ARG001 - the state of this test
    """For an unknown name the message has both ways to define it."""
    with pytest.raises(RallycrossError, match="'nowhere' - deploy it, or add a connection"):
        OpenStackHook("nowhere").get_conn()


def test_the_test_button_shows_what_went_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test of a cloud that does not answer fails with the reason, without a traceback."""
    extra = {"project_name": "p"}
    connection(monkeypatch, host="http://127.0.0.1:9/v3", login="u", password="secret", extra=extra)

    passed, message = OpenStackHook("testcloud").test_connection()

    assert not passed
    assert "127.0.0.1" in message


@pytest.mark.parametrize("extra", [{"project_name": "p"}, {"auth_type": "v3applicationcredential"}])
def test_secrets_are_masked(monkeypatch: pytest.MonkeyPatch, extra: dict[str, str]) -> None:
    """Password and application credential secret are passed to Airflow's masker."""
    masked: list[str] = []
    monkeypatch.setattr("hooks.openstack.mask_secret", masked.append)
    connection(monkeypatch, host=URL, login="u", password="the-secret", extra=extra)

    OpenStackHook("testcloud").get_conn()

    assert masked == ["the-secret"]
