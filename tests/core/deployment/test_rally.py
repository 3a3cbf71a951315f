"""Rally's deployments and environments are cloud specs, and complaints about them name the places in them."""

import json

import pytest

from rallycross.deployment import load_spec
from rallycross.errors import InvalidInput

ADMIN_V2 = {"username": "admin", "password": "hush", "tenant_name": "demo"}
ADMIN_V3 = {"username": "admin", "password": "hush", "project_name": "p", "user_domain_name": "U"}
URL = "http://192.0.2.1:5000/v3"


@pytest.mark.parametrize(
    "data",
    [
        {"type": "ExistingCloud", "auth_url": URL, "region_name": "R", "endpoint_type": "public", "admin": ADMIN_V2},
        {"type": "ExistingCloud", "creds": {"openstack": {"auth_url": URL, "region_name": "R", "admin": ADMIN_V2}}},
        {"existing@openstack": {"auth_url": URL, "region_name": "R", "https_insecure": True, "admin": ADMIN_V2}},
        {"!version": 1, "existing@openstack": {"auth_url": URL, "region_name": "R", "admin": ADMIN_V2}},
    ],
    ids=["2016", "2017", "env", "env with a version"],
)
def test_an_existing_cloud_of_rallys_is_one_here(data: dict[str, object]) -> None:
    """Both schemas of a deployment, and an environment, become the engine `existing`."""
    spec = load_spec(json.dumps(data), file="d.json")
    assert (spec.engine, spec.name) == ("existing", "existing")
    assert spec.options["auth"] == {
        "auth_url": URL,
        "username": "admin",
        "password": "hush",
        "project_name": "demo",
        "user_domain_name": "Default",
        "project_domain_name": "Default",
    }
    assert spec.options["region_name"] == "R"
    assert spec.secrets == ("hush",)


def test_insecure_is_turned_round() -> None:
    """`https_insecure: true` is `verify: false`."""
    data = {"existing@openstack": {"auth_url": URL, "https_insecure": True, "admin": ADMIN_V3}}
    spec = load_spec(json.dumps(data), file="d.json")
    assert spec.options["verify"] is False
    assert spec.options["auth"]["user_domain_name"] == "U"


@pytest.mark.parametrize("nothing", [None, ""])
def test_what_rally_writes_by_itself_is_taken(nothing: str | None) -> None:
    """An environment as Rally stores it has nulls and empty texts where nothing is set, and a profiler's keys."""
    section = {
        "auth_url": URL,
        "region_name": nothing,
        "endpoint_type": nothing,
        "endpoint": None,
        "https_insecure": False,
        **dict.fromkeys(("https_cacert", "https_cert", "https_key"), nothing),
        **dict.fromkeys(("profiler_hmac_key", "profiler_conn_str"), nothing),
        "admin": {**ADMIN_V3, "tenant_name": nothing, "project_domain_name": nothing, "domain_name": nothing},
        "users": [],
    }
    spec = load_spec(json.dumps({"!version": 1, "!description": "x", "existing@openstack": section}), file="d.json")
    assert spec.options["auth"] == {"auth_url": URL, **ADMIN_V3, "project_domain_name": "Default"}
    assert {key: value for key, value in spec.options.items() if value not in (None, [])} == {
        "auth": spec.options["auth"],
        "verify": True,
    }
    info = {"cinder": {"version": 3, "service_type": "volumev3"}, "nova": {"version": "2.87"}, "heat": {"version": 1}}
    more = {
        **section,
        "https_cert": "/c.pem",
        "https_key": "/k.pem",
        "api_info": info,
        "admin": None,
        "users": [ADMIN_V3],
    }
    options = load_spec(json.dumps({"existing@openstack": more}), file="d.json").options
    assert (options["cert"], options["key"], options["auth"]["username"]) == ("/c.pem", "/k.pem", "admin")
    assert (options["block_storage_service_type"], options["compute_api_version"]) == ("volumev3", "2.87")


_IN = {"auth_url": URL, "region_name": "R", "admin": ADMIN_V2}
_ALONE = {"auth_url": URL, "region_name": "R", **ADMIN_V2}


@pytest.mark.parametrize(
    "data",
    [
        {"existing": _IN},
        {"openstack": _IN},
        {"creds": {"openstack": _IN}},
        {"type": "ExistingCloud", "creds": {"openstack": [_IN]}},
        {"existing@openstack": _IN, "existing@kubernetes": {"server": "x"}},
        {"id": 1, "name": "My Env", "status": "READY", "spec": {"existing@openstack": _IN}, "platforms": {}},
        {"existing@openstack": {**_IN, "admin": None, "users": [ADMIN_V2]}},
        {"type": "DummyEngine", "endpoint": {**_ALONE, "admin_port": 35357, "use_public_urls": True}},
        {"name": "DummyEngine", "endpoints": {"admin": {**_ALONE, "permission": "admin"}}},
        {"type": "ExistingCloud", **_IN, "admin": {**ADMIN_V2, "admin_domain_name": "D"}, "extra": {}},
    ],
    ids=["short", "2017", "creds", "list", "two platforms", "shown", "users alone", "2013", "name", "old keys"],
)
def test_each_form_that_rally_took_is_taken(data: dict[str, object]) -> None:
    """Long and short, with and without a type, as it is printed, and with other platforms beside: it is one cloud."""
    spec = load_spec(json.dumps(data), file="d.json")
    domains = {"user_domain_name": "Default", "project_domain_name": "Default"}
    auth = {"auth_url": URL, "username": "admin", "password": "hush", "project_name": "demo", **domains}
    assert (spec.options["auth"], spec.options["region_name"]) == (auth, "R")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"existing@openstack": None}, r"existing@openstack: must have an `auth_url`"),
        ({"existing@openstack": [_IN]}, r"existing@openstack: must be a mapping, not a list"),
        ({"spec": {"existing@openstack": {**_IN, "x": 1}}}, r"spec\.existing@openstack\.x: unknown key"),
        (
            {"existing@openstack": {"auth_url": URL, "users": []}},
            r"existing@openstack\.admin: must say who signs in",
        ),
        ({"existing@openstack": {**_IN, "admin": [ADMIN_V2]}}, r"existing@openstack\.admin: must be a mapping"),
        ({"existing@openstack": {**_IN, "users": ["u"]}}, r"existing@openstack\.users: must have mappings only"),
        ({"existing@openstack": {**_IN, "api_info": []}}, r"existing@openstack\.api_info: must be a"),
    ],
)
def test_a_part_of_a_wrong_type_is_named(data: dict[str, object], words: str) -> None:
    """What is empty, missing or of another type is said at its place; it was passed over."""
    with pytest.raises(InvalidInput, match=words):
        load_spec(json.dumps(data), file="d.json")


def test_users_come_along() -> None:
    """Users beside the administrator become users of the cloud."""
    data = {"type": "ExistingCloud", "auth_url": URL, "admin": ADMIN_V3, "users": [{**ADMIN_V3, "username": "u"}]}
    spec = load_spec(json.dumps(data), file="d.json")
    assert [user["username"] for user in spec.options["users"]] == ["u"]


def test_a_complaint_names_the_place_in_rallys_file() -> None:
    """What is wrong is said where the user wrote it."""
    text = '{"existing@openstack": {\n "auth_url": "http://a",\n "endpoint_type": 5,\n "nonsense": 1,\n "admin": {}}}'
    with pytest.raises(InvalidInput) as caught:
        load_spec(text, file="d.json")
    said = [str(complaint) for complaint in caught.value.complaints]
    assert said[0].startswith("d.json:3:2: existing@openstack.endpoint_type: must be a string, not 5")
    assert said[1].startswith("d.json:4:2: existing@openstack.nonsense: unknown key")


def test_servers_of_rallys_are_servers_here() -> None:
    """`ExistingServers` and its `credentials` are the provider `existing` and its `servers`."""
    text = """
name: lab
engine: embedded
provider:
  type: ExistingServers
  credentials:
    - {host: 192.0.2.11, user: root, key: /k}
    - {host: 192.0.2.12, user: root, prot: 22}
"""
    with pytest.raises(InvalidInput) as caught:
        load_spec(text, file="s.yaml")
    assert str(caught.value).startswith("s.yaml:8:38: provider.credentials[1].prot: unknown key - did you mean port?")
    spec = load_spec(text.replace("prot", "port"), file="s.yaml")
    assert spec.provider is not None
    assert spec.provider.type == "existing"
    assert [server["host"] for server in spec.provider.options["servers"]] == ["192.0.2.11", "192.0.2.12"]
    assert spec.provider.options["servers"][0]["port"] == 22


def test_a_container_host_of_rallys_is_one_here() -> None:
    """Providers in providers are translated as well."""
    text = json.dumps(
        {
            "name": "lab",
            "engine": "embedded",
            "provider": {
                "type": "LxcProvider",
                "containers_per_host": 2,
                "container_name_prefix": "c",
                "host_provider": {"type": "ExistingServers", "credentials": [{"host": "192.0.2.1", "user": "root"}]},
            },
        }
    )
    spec = load_spec(text, file="s.json")
    assert spec.provider is not None
    assert spec.provider.options["host_provider"]["type"] == "existing"
    assert spec.provider.options["host_provider"]["servers"][0]["host"] == "192.0.2.1"


def test_virtual_machines_of_rallys_are_servers_here() -> None:
    """`OpenStackProvider` is the provider `openstack`; its `deployment_name` begins the names."""
    section = {
        "type": "OpenStackProvider",
        "deployment_name": "rally-lab",
        "user": "admin",
        "password": "hush",
        "tenant": "demo",
        "auth_url": URL,
        "flavor_id": "2",
        "image": {"uuid": "i1"},
        "nics": [{"net-id": "n1"}],
    }
    spec = load_spec(json.dumps({"name": "lab", "engine": "embedded", "provider": section}), file="s.json")
    assert spec.provider is not None
    assert (spec.provider.type, spec.provider.options["prefix"]) == ("openstack", "rally-lab")
    assert spec.provider.options["nics"] == [{"net-id": "n1"}]
    assert spec.secrets == ("hush",)
