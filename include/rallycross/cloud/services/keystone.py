"""keystone: users, projects, roles, and the catalog."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING

from rallycross.cloud.catalog import official
from rallycross.cloud.facts import NamedResource
from rallycross.cloud.resource import Place, Resource, Thing, delete, listed
from rallycross.cloud.service import Fact, Service, describe

if TYPE_CHECKING:
    from rallycross.cloud.api import Api

_resource = partial(Resource, scope="cloud", service="identity", at_once=True)
_BY_NAME = ("name", "name__startswith")


def _look_below_user(resource: Resource, place: Place, narrowed: Mapping[str, str]) -> list[Thing]:
    del narrowed  # there are few of them
    return resource.all(place.api, f"/users/{place.user}{resource.path}")


def _delete_below_user(resource: Resource, place: Place, thing: Thing) -> None:
    place.api.delete(resource.service, f"/users/{place.user}{resource.path}/{thing[resource.id]}")


_of_user = partial(
    Resource, scope="user", service="identity", at_once=True, look=_look_below_user, delete=_delete_below_user
)


def _look_for_roles(resource: Resource, place: Place, narrowed: Mapping[str, str]) -> list[Thing]:
    """List the roles of the cloud, and those of each domain, which keystone lists only for that domain."""
    domains = place.api.list("identity", "/domains", "domains")
    found = listed(resource, place, narrowed)
    for domain in domains:
        found += listed(resource, place, {**narrowed, "domain_id": domain["id"]})
    return found


def _delete_domain(resource: Resource, place: Place, thing: Thing) -> None:
    # An enabled domain cannot be deleted.
    place.api.patch(resource.service, f"{resource.path}/{thing['id']}", {"domain": {"enabled": False}})
    delete(resource, place, thing)


def _named(collection: str) -> Callable[["Api"], Iterator[NamedResource]]:
    def ask(api: "Api") -> Iterator[NamedResource]:
        return (
            NamedResource(one["id"], one.get("name") or "")
            for one in api.list("identity", f"/{collection}", collection)
        )

    return ask


def _service_types(api: "Api") -> Iterator[NamedResource]:
    return (NamedResource(official(kind), kind) for kind in api.service_types)


describe(
    Service(
        "keystone",
        "identity",
        version="v3",
        order=900,  # users and projects last, since everything else belongs to them
        resources=(
            _resource("keystone.user", path="/users", name_filters=_BY_NAME),
            _resource("keystone.group", path="/groups"),
            _resource("keystone.project", path="/projects", name_filters=_BY_NAME, contains=True),
            _resource("keystone.service", path="/services"),
            # After the services, whose endpoints are in regions.
            _resource("keystone.region", path="/regions", naming="id"),
            _resource("keystone.role", path="/roles", look=_look_for_roles),
            _resource("keystone.domain", path="/domains", delete=_delete_domain),
            _of_user("keystone.ec2", path="/credentials/OS-EC2", key="credentials", naming="access", id="access"),
            _of_user("keystone.application_credential", path="/application_credentials"),
        ),
        facts={
            "role": Fact(_named("roles"), administrator=True),
            "domain": Fact(_named("domains"), administrator=True),
            "service_type": Fact(_service_types),
            "service_name": Fact(_named("services"), administrator=True),
        },
    )
)
