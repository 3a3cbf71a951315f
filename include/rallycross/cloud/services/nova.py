"""nova: servers, flavors, keypairs."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING

from rallycross.cloud.facts import NamedResource
from rallycross.cloud.resource import Place, Resource, Thing, delete, delete_freed, quotas_of
from rallycross.cloud.service import Fact, Service, ServiceQuotas, TempestService, describe

if TYPE_CHECKING:
    from rallycross.cloud.api import Api

_resource = partial(Resource, service="compute")


def _delete_server(resource: Resource, place: Place, thing: Thing) -> None:
    unlock = f"/servers/{thing['id']}/action"
    delete_freed(resource, place, thing, lambda: place.api.post("compute", unlock, {"unlock": None}, repeat=True))


def _whose(place: Place) -> dict[str, str]:
    """Return the parameters with which an administrator names the user of a keypair."""
    return {"user_id": place.user} if place.admin else {}


def _look_for_keypairs(resource: Resource, place: Place, narrowed: Mapping[str, str]) -> list[Thing]:
    pairs = resource.all(place.api, resource.path, {**narrowed, **_whose(place)})
    return [pair["keypair"] for pair in pairs]


def _delete_keypair(resource: Resource, place: Place, thing: Thing) -> None:
    place.api.delete(resource.service, f"{resource.path}/{thing['name']}", _whose(place), resource.microversion)


def _delete_aggregate(resource: Resource, place: Place, thing: Thing) -> None:
    for host in thing.get("hosts", ()):
        action = f"{resource.path}/{thing['id']}/action"
        place.api.post("compute", action, {"remove_host": {"host": host}})
    delete(resource, place, thing)


def _flavors(api: "Api") -> Iterator[NamedResource]:
    for flavor in api.list("compute", "/flavors/detail", "flavors"):
        disabled = bool(flavor.get("OS-FLV-DISABLED:disabled"))
        sizes = {name: flavor.get(name) for name in ("ram", "disk", "vcpus")}
        yield NamedResource(flavor["id"], flavor["name"], {**sizes, "disabled": disabled})


_QUOTAS = _resource("nova.quotas", "quota", path="/os-quota-sets", at_once=True, look=quotas_of)

describe(
    Service(
        "nova",
        "compute",
        version="v2.1",
        microversion="compute",
        order=100,
        resources=(
            _resource(
                "nova.servers",
                "project",
                path="/servers",
                one="server",
                listing="/servers/detail",
                since="changes-since",
                everyone={"all_tenants": "True"},
                owner="tenant_id",
                delete=_delete_server,
            ),
            _resource(
                "nova.server_groups",
                "project",
                path="/os-server-groups",
                key="server_groups",
                everyone={"all_projects": "True"},
                project_filter="",
                microversion="2.13",  # the first one that shows the project of a group
                at_once=True,
            ),
            _resource(
                "nova.keypairs",
                "user",
                path="/os-keypairs",
                key="keypairs",
                id="name",
                microversion="2.10",  # the first one in which an administrator can name the user
                at_once=True,
                look=_look_for_keypairs,
                delete=_delete_keypair,
            ),
            _QUOTAS,
            _resource("nova.flavors", "cloud", path="/flavors", everyone={"is_public": "None"}, at_once=True),
            _resource(
                "nova.aggregates",
                "cloud",
                path="/os-aggregates",
                key="aggregates",
                at_once=True,
                delete=_delete_aggregate,
            ),
        ),
        facts={"flavor": Fact(_flavors)},
        quotas=ServiceQuotas(
            _QUOTAS,
            key="quota_set",
            defaults="defaults",
            names=(
                "instances",
                "cores",
                "ram",
                "floating_ips",
                "fixed_ips",
                "metadata_items",
                "injected_files",
                "injected_file_content_bytes",
                "injected_file_path_bytes",
                "key_pairs",
                "security_groups",
                "security_group_rules",
                "server_groups",
                "server_group_members",
            ),
        ),
        tempest=TempestService("nova", "compute"),
    )
)
