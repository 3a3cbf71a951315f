"""Reading the endpoints of services from catalogs of different clouds."""

from typing import Any

import pytest
from keystoneauth1 import access, fixture
from keystoneauth1.session import Session
from small_cloud import SmallCloud

from rallycross.cloud.access import SignIn
from rallycross.cloud.api import Api
from rallycross.cloud.catalog import endpoints
from rallycross.cloud.cloud import Cloud
from rallycross.cloud.errors import SignInFailed

AUTH = {"auth_url": "http://192.0.2.1:5000/v3", "username": "u", "password": "p", "project_name": "p"}


def found(
    catalog: list[tuple[str, str, str, str]], before: frozenset[str] = frozenset(), **config: Any
) -> dict[str, str]:
    """Return the endpoints of a catalog of (type, interface, region, URL)."""
    token = fixture.V3Token(project_id="p1", project_name="p")
    for kind, interface, region, url in catalog:
        service = next((one for one in token.root.get("catalog", []) if one["type"] == kind), None)
        endpoint = {"interface": interface, "region": region, "region_id": region, "url": url, "id": "e"}
        if service:
            service["endpoints"].append(endpoint)
        else:
            token.root.setdefault("catalog", []).append({"type": kind, "name": kind, "endpoints": [endpoint]})
    cloud = Cloud("C", {"auth": AUTH, **config})
    return endpoints("C", cloud.region(), Session(), access.create(body=token, auth_token="t"), before)


def test_interface_and_region_choose() -> None:
    """Only endpoints of one interface and region are used, under the official types of their services."""
    catalog = [
        ("volumev3", "public", "A", "http://a/v3/"),
        ("volumev3", "public", "B", "http://b"),
        ("image", "public", "A", "http://i"),
        ("image", "internal", "A", "http://ii"),
        ("own-thing", "public", "A", "http://o/"),
    ]
    expected = {"block-storage": "http://a/v3", "image": "http://i/v2", "own-thing": "http://o"}
    assert found(catalog, region_name="A") == expected
    assert found(catalog, region_name="A", interface="internalURL") == {"image": "http://ii/v2"}
    both = {**expected, "image": "http://ii/v2"}
    assert found(catalog, region_name="A", image_interface="internal") == both
    assert found(catalog, region_name="A", image_endpoint_type="internalURL") == both
    assert found(catalog, region_name="A", interface=["internal", "public"]) == both


def test_several_regions_want_one_named() -> None:
    """A catalog with several regions needs a region in the entry, and the error lists them; one region needs none."""
    catalog = [("compute", "public", "A", "http://a/v2.1"), ("compute", "public", "B", "http://b/v2.1")]
    with pytest.raises(SignInFailed, match=r"compute in several regions.* - write `region_name:` with one of A, B"):
        found(catalog)
    with pytest.raises(SignInFailed, match=r"no region 'C' - write `region_name:` with one of A, B"):
        found(catalog, region_name="C")
    assert found(catalog, region_name="B") == {"compute": "http://b/v2.1"}
    assert found([catalog[0], ("image", "public", "B", "http://i/v2")]).keys() == {"compute", "image"}


@pytest.mark.parametrize("kind", ["volumev3", "volumev2", "volume", "block-storage", "block-store"])
def test_old_names_of_a_type_are_one_service(kind: str) -> None:
    """The volume service is found under any name of its type; of two names the requested one is preferred."""
    assert found([(kind, "public", "A", "http://c/v3/p1")]) == {"block-storage": "http://c/v3/p1"}
    two = [("volumev3", "public", "A", "http://a/v3"), ("block-storage", "public", "A", "http://b/v3")]
    assert found(two) == {"block-storage": "http://b/v3"}
    assert found(two, frozenset({"volumev3"})) == {"block-storage": "http://a/v3"}
    assert found(two, volume_service_type="volumev3") == {"block-storage": "http://a/v3"}


def test_an_override_goes_before_the_catalog() -> None:
    """An endpoint override in the entry wins, also under old names, and without the service in the catalog."""
    catalog = [("compute", "public", "A", "http://a/nova/v2.1")]
    config = {"compute_endpoint_override": "https://x/compute", "volumev3_endpoint_override": "http://v/v3/p1"}
    assert found(catalog, **config) == {"compute": "https://x/compute/v2.1", "block-storage": "http://v/v3/p1"}


@pytest.mark.parametrize(
    ("kind", "url", "expected"),
    [
        ("network", "http://n:9696/", "http://n:9696/v2.0"),
        ("network", "https://h/prefix/network/", "https://h/prefix/network/v2.0"),
        ("volumev3", "http://c/v3/abc/", "http://c/v3/abc"),
        ("compute", "http://host-v2/compute", "http://host-v2/compute/v2.1"),
        ("compute", "http://h/compute/v2.1/", "http://h/compute/v2.1"),
        ("identity", "http://h/identity", "http://h/identity/v3"),
    ],
)
def test_a_version_is_added_where_there_is_none(kind: str, url: str, expected: str) -> None:
    """A URL with a version in its path is kept, with prefixes and project ids; trailing slashes are removed."""
    assert list(found([(kind, "public", "A", url)]).values()) == [expected]


def test_an_identity_endpoint_of_version_2_leads_to_version_3(small_cloud: SmallCloud) -> None:
    """A catalog's /v2.0 endpoint of keystone becomes /v3, as its version document says."""
    endpoint = {"interface": "public", "region_id": "R", "region": "R", "url": f"{small_cloud.url}/identity/v2.0"}
    small_cloud.catalog = [{"type": "identity", "name": "keystone", "endpoints": [endpoint]}]
    assert SignIn(small_cloud.cloud())().endpoints == {"identity": f"{small_cloud.url}/identity/v3"}


def test_an_address_without_a_version_leads_to_version_3(small_cloud: SmallCloud) -> None:
    """Keystone's list of versions, which has the status 300, is not an error."""
    assert "compute" in SignIn(small_cloud.cloud(auth_url=f"{small_cloud.url}/identity"))().endpoints


def test_contexts_know_old_names_too(small_cloud: SmallCloud) -> None:
    """A service is found by any of its names, also by the context api_versions."""
    api = Api(small_cloud.cloud().connect())
    assert all(api.has(kind) for kind in ("block-storage", "volumev3", "volume", "compute"))
    assert not api.has("dns")


def test_what_a_catalog_lacks_is_told() -> None:
    """An empty catalog, a token without a project and a missing interface are errors with a remedy."""
    with pytest.raises(SignInFailed, match=r"its catalog is empty - have its administrator register"):
        found([])
    with pytest.raises(SignInFailed, match=r"no public endpoints - write `interface:` with one of internal"):
        found([("compute", "internal", "A", "http://a/v2.1")])
    cloud = Cloud("C", {"auth": AUTH})
    unscoped = access.create(body=fixture.V3Token(), auth_token="t")
    with pytest.raises(SignInFailed, match=r"its token is not for a project, .* - write `project_name`"):
        endpoints("C", cloud.region(), Session(), unscoped)


@pytest.mark.parametrize(
    "catalog",
    [
        [1],
        [{"type": "compute", "endpoints": None}],
        [{"type": "compute", "endpoints": [{"interface": "public", "region": "R"}]}],
        [{"type": "compute", "endpoints": [{"publicURL": "http://h/v2.1", "region": "R"}]}],
        [{"type": "compute", "endpoints": ["http://h/v2.1"]}],
    ],
)
def test_a_catalog_that_is_none_is_told(small_cloud: SmallCloud, catalog: list[Any]) -> None:
    """An invalid catalog, from a proxy or an old keystone, is an error that says so."""
    small_cloud.catalog = catalog
    with pytest.raises(SignInFailed, match=r"cloud small: its catalog cannot be read .* - check"):
        SignIn(small_cloud.cloud())()
