"""cinder: volumes, snapshots, backups."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING

from rallycross.cloud.errors import ApiError
from rallycross.cloud.facts import NamedResource
from rallycross.cloud.resource import Place, Resource, Thing, delete, listed, quotas_of
from rallycross.cloud.service import Fact, Service, ServiceQuotas, TempestService, describe

if TYPE_CHECKING:
    from rallycross.cloud.api import Api

_resource = partial(Resource, service="block-storage", everyone={"all_tenants": "True"})

GROUPS = "3.58"  # the first microversion that shows the projects of groups and of their snapshots
_NO_SUCH_MICROVERSION = 406


def _delete_volume(resource: Resource, place: Place, thing: Thing) -> None:
    """Delete a volume, by force if allowed: otherwise one in an error state cannot be deleted."""
    if place.admin:
        place.api.post(resource.service, f"/volumes/{thing['id']}/action", {"os-force_delete": {}}, repeat=True)
    else:
        delete(resource, place, thing)


def _delete_qos_specs(resource: Resource, place: Place, thing: Thing) -> None:
    """Delete QoS specs, also if they are associated with a volume type."""
    place.api.delete(resource.service, f"{resource.path}/{thing['id']}", params={"force": "True"})


def _look_for_cached_images(resource: Resource, place: Place, narrowed: Mapping[str, str]) -> list[Thing]:
    """Return the volumes that cinder caches for images, with the names of the images."""
    del narrowed  # volumes are listed by images
    found: list[Thing] = []
    for image in place.api.list("image", "/images", "images"):
        if str(image.get("name") or "").startswith("s_rally_"):
            params = {"all_tenants": "1", "name": f"image-{image['id']}"}
            found += [
                {**volume, "name": image["name"]} for volume in resource.all(place.api, "/volumes/detail", params)
            ]
    return found


def _look_for_groups(resource: Resource, place: Place, narrowed: Mapping[str, str]) -> list[Thing]:
    """Return the groups, or snapshots of groups; none if the cloud is too old for those that we make."""
    try:
        return listed(resource, place, narrowed)
    except ApiError as error:
        if error.status == _NO_SUCH_MICROVERSION:
            return []
        raise


def _delete_group(resource: Resource, place: Place, thing: Thing) -> None:
    """Delete a group with the volumes in it."""
    body = {"delete": {"delete-volumes": True}}
    place.api.post(resource.service, f"/groups/{thing['id']}/action", body, resource.microversion, repeat=True)


def _volume_types(api: "Api") -> Iterator[NamedResource]:
    # Without this filter even an administrator sees only public types, so a check could not say that one is private.
    for one in api.list("block-storage", "/types", "volume_types", {"is_public": "None"}):
        public = one.get("os-volume-type-access:is_public", one.get("is_public"))
        yield NamedResource(one["id"], one.get("name") or "", {"public": public is not False})


def _processes(api: "Api") -> Iterator[NamedResource]:
    for process in api.list("block-storage", "/os-services", "services"):
        if process["state"] == "up":
            yield NamedResource(process["binary"], process["binary"])


_QUOTAS = _resource("cinder.quotas", "quota", path="/os-quota-sets", at_once=True, look=quotas_of)

describe(
    Service(
        "cinder",
        "block-storage",
        version="v3",
        microversion="volume",
        order=300,
        resources=(
            _resource(
                "cinder.backups",
                "project",
                path="/backups",
                one="backup",
                listing="/backups/detail",
                owner="os-backup-project-attr:project_id",
                microversion="3.18",  # the first one that shows the project of a backup
            ),
            _resource(
                "cinder.group_snapshots",
                "project",
                path="/group_snapshots",
                one="group_snapshot",
                listing="/group_snapshots/detail",
                microversion=GROUPS,
                look=_look_for_groups,
            ),
            _resource(
                "cinder.volume_snapshots",
                "project",
                path="/snapshots",
                one="snapshot",
                listing="/snapshots/detail",
                owner="os-extended-snapshot-attributes:project_id",
            ),
            _resource("cinder.transfers", "project", path="/os-volume-transfer", key="transfers", at_once=True),
            _resource(  # with their volumes, which cannot be deleted by themselves
                "cinder.groups",
                "project",
                path="/groups",
                one="group",
                listing="/groups/detail",
                microversion=GROUPS,
                look=_look_for_groups,
                delete=_delete_group,
            ),
            _resource(
                "cinder.volumes",
                "project",
                path="/volumes",
                one="volume",
                listing="/volumes/detail",
                owner="os-vol-tenant-attr:tenant_id",
                delete=_delete_volume,
            ),
            _resource(
                "cinder.image_volumes_cache",
                "cloud",
                path="/volumes",
                look=_look_for_cached_images,
                delete=_delete_volume,
            ),
            _resource(
                "cinder.group_types",
                "cloud",
                path="/group_types",
                everyone={"is_public": "None"},
                microversion=GROUPS,
                at_once=True,
                look=_look_for_groups,
            ),
            _resource(  # after the volumes, which use them
                "cinder.volume_types",
                "cloud",
                path="/types",
                key="volume_types",
                everyone={"is_public": "None"},
                at_once=True,
            ),
            _QUOTAS,
            _resource("cinder.qos_specs", "cloud", path="/qos-specs", key="qos_specs", delete=_delete_qos_specs),
        ),
        facts={"volume_type": Fact(_volume_types), "cinder_service": Fact(_processes)},
        quotas=ServiceQuotas(
            _QUOTAS,
            key="quota_set",
            defaults="defaults",
            names=("gigabytes", "snapshots", "volumes", "backups", "backup_gigabytes"),
        ),
        tempest=TempestService("cinder", "volume"),
    )
)
