"""What can be left in a cloud: each kind of thing, in the order in which they let go of each other.

The names are Rally's, and so is the order among those that belong to projects, and among those that do not.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Literal

from rallycross.cloud.errors import ApiError
from rallycross.context.api import Api, Thing

Scope = Literal["project", "user", "cloud", "quota"]

_NOT_FOUND, _CONFLICT = 404, 409
_NONE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Place:
    """Where to look for things, and as whom."""

    api: Api
    admin: bool  # whether that sees what is others'
    project: str = ""  # id; "" = the cloud as a whole
    user: str = ""  # id, for what belongs to users
    ours: bool = True  # whether the project was made by us, so that all in it is


Look = Callable[["Kind", Place, Mapping[str, str]], list[Thing]]
Delete = Callable[["Kind", Place, Thing], None]


def _look(kind: "Kind", place: Place, narrowed: Mapping[str, str]) -> list[Thing]:
    """List what is in a place, and perhaps more: a service may overlook what was asked for."""
    params = dict(narrowed)
    if place.admin:
        params |= kind.everyone
    if place.admin and place.project and kind.project_filter:
        params[kind.project_filter] = place.project
    return kind.all(place.api, kind.listing or kind.path, params)


def _delete(kind: "Kind", place: Place, thing: Thing) -> None:
    place.api.delete(kind.service, f"{kind.path}/{thing[kind.id]}", microversion=kind.microversion)


@dataclass(frozen=True)
class Kind:
    """A kind of thing: how it is listed, named and deleted, and how one knows that it is gone."""

    name: str  # Rally's: "nova.servers"
    scope: Scope  # what it belongs to; only an administrator deletes the last two
    service: str  # official type
    path: str
    key: str = ""  # under which a list has the things; "" = the path's last part
    listing: str = ""  # path of the list with all details; "" = `path`
    everyone: Mapping[str, str] = field(default_factory=dict)  # by which an administrator sees all there are
    project_filter: str = "project_id"  # the parameter by which one project's are listed; "" = there is none
    owner: str = "project_id"  # the key that has a thing's project
    naming: str = "name"  # the key that has its name
    id: str = "id"
    name_filters: tuple[str, str] = ("", "")  # parameters by which those of a name, or a beginning of one, are listed
    microversion: str = ""
    at_once: bool = False  # it is gone when the delete is answered; otherwise when it is listed no more
    look: Look = _look
    delete: Delete = _delete

    def all(self, api: Api, path: str, params: Mapping[str, str] = _NONE) -> list[Thing]:
        """Return all pages of a list of such things."""
        key = self.key or self.path.rpartition("/")[2]
        return api.list(self.service, path, key, params, self.microversion)

    def name_of(self, thing: Thing) -> str:
        """Return a thing's name, "" where it has none."""
        return str(thing.get(self.naming) or "")


def _retried(kind: Kind, place: Place, thing: Thing, mend: Callable[[], object]) -> None:
    """Delete; where the cloud refuses since something holds on to it, mend that and delete again."""
    try:
        _delete(kind, place, thing)
    except ApiError as error:
        if error.status != _CONFLICT:
            raise
        mend()
        _delete(kind, place, thing)


def _delete_server(kind: Kind, place: Place, thing: Thing) -> None:
    unlock = f"/servers/{thing['id']}/action"
    _retried(kind, place, thing, lambda: place.api.post("compute", unlock, {"unlock": None}, repeat=True))


def _look_for_keypairs(kind: Kind, place: Place, narrowed: Mapping[str, str]) -> list[Thing]:
    whose = {"user_id": place.user} if place.admin else _NONE
    return [pair["keypair"] for pair in kind.all(place.api, kind.path, {**narrowed, **whose})]


def _delete_keypair(kind: Kind, place: Place, thing: Thing) -> None:
    whose = {"user_id": place.user} if place.admin else None
    place.api.delete(kind.service, f"{kind.path}/{thing['name']}", whose, kind.microversion)


def _delete_aggregate(kind: Kind, place: Place, thing: Thing) -> None:
    for host in thing.get("hosts", ()):
        action = f"{kind.path}/{thing['id']}/action"
        place.api.post("compute", action, {"remove_host": {"host": host}})
    _delete(kind, place, thing)


def _look_for_ports(kind: Kind, place: Place, narrowed: Mapping[str, str]) -> list[Thing]:
    """Leave out the ports of routers, addresses and DHCP, which go with what they are of."""
    return [port for port in _look(kind, place, narrowed) if not port["device_owner"].startswith("network:")]


def _detach(api: Api, **where: str) -> None:
    """Take routers' interfaces off a subnet, a network, or all of a router."""
    for port in api.list("network", "/ports", "ports", where):
        if port["device_owner"].startswith(("network:router_interface", "network:ha_router_replicated_interface")):
            try:
                api.put("network", f"/routers/{port['device_id']}/remove_router_interface", {"port_id": port["id"]})
            except ApiError as error:
                if error.status != _NOT_FOUND:  # it was taken off by a request whose answer was lost
                    raise


def _delete_router(kind: Kind, place: Place, thing: Thing) -> None:
    _retried(kind, place, thing, lambda: _detach(place.api, device_id=thing["id"]))


def _delete_subnet(kind: Kind, place: Place, thing: Thing) -> None:
    _retried(kind, place, thing, lambda: _detach(place.api, fixed_ips=f"subnet_id={thing['id']}"))


def _delete_network(kind: Kind, place: Place, thing: Thing) -> None:
    _retried(kind, place, thing, lambda: _detach(place.api, network_id=thing["id"]))


def _delete_volume(kind: Kind, place: Place, thing: Thing) -> None:
    """Force it where we may: a volume in an error state does not go otherwise."""
    if place.admin:
        place.api.post(kind.service, f"/volumes/{thing['id']}/action", {"os-force_delete": {}}, repeat=True)
    else:
        _delete(kind, place, thing)


def _look_for_cached_images(kind: Kind, place: Place, narrowed: Mapping[str, str]) -> list[Thing]:
    """Return the volumes that cinder keeps of images for later, under the names of these images."""
    del narrowed  # volumes are listed by images
    found: list[Thing] = []
    for image in place.api.list("image", "/images", "images"):
        if str(image.get("name") or "").startswith("s_rally_"):
            params = {"all_tenants": "1", "name": f"image-{image['id']}"}
            found += [{**volume, "name": image["name"]} for volume in kind.all(place.api, "/volumes/detail", params)]
    return found


def _look_for_ec2(kind: Kind, place: Place, narrowed: Mapping[str, str]) -> list[Thing]:
    del narrowed  # nothing to narrow by: they have no names
    return kind.all(place.api, f"/users/{place.user}/credentials/OS-EC2")


def _delete_ec2(kind: Kind, place: Place, thing: Thing) -> None:
    place.api.delete(kind.service, f"/users/{place.user}/credentials/OS-EC2/{thing['access']}")


def _look_for_quota(kind: Kind, place: Place, narrowed: Mapping[str, str]) -> list[Thing]:
    """Every project has quotas; they are ours to reset where the project is ours."""
    del kind, narrowed
    return [{"id": place.project}] if place.ours else []


_nova = partial(Kind, service="compute")
_neutron = partial(Kind, service="network", name_filters=("name", ""), at_once=True)
_cinder = partial(Kind, service="block-storage", everyone={"all_tenants": "True"})
_keystone = partial(Kind, scope="cloud", service="identity", at_once=True)
_BY_NAME = ("name", "name__startswith")

KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        _nova(
            "nova.servers",
            "project",
            path="/servers",
            listing="/servers/detail",
            everyone={"all_tenants": "True"},
            owner="tenant_id",
            delete=_delete_server,
        ),
        _nova(
            "nova.server_groups",
            "project",
            path="/os-server-groups",
            key="server_groups",
            everyone={"all_projects": "True"},
            project_filter="",
            microversion="2.13",  # the first that shows whose a group is
            at_once=True,
        ),
        _nova(
            "nova.keypairs",
            "user",
            path="/os-keypairs",
            key="keypairs",
            id="name",
            microversion="2.10",  # the first in which an administrator can name the user
            at_once=True,
            look=_look_for_keypairs,
            delete=_delete_keypair,
        ),
        _nova("nova.quotas", "quota", path="/os-quota-sets", at_once=True, look=_look_for_quota),
        _nova("nova.flavors", "cloud", path="/flavors", everyone={"is_public": "None"}, at_once=True),
        _nova(
            "nova.aggregates",
            "cloud",
            path="/os-aggregates",
            key="aggregates",
            at_once=True,
            delete=_delete_aggregate,
        ),
        _neutron("neutron.floatingip", "project", path="/floatingips", naming="description", name_filters=("", "")),
        _neutron("neutron.trunk", "project", path="/trunks"),
        _neutron("neutron.port", "project", path="/ports", look=_look_for_ports),
        _neutron("neutron.router", "project", path="/routers", delete=_delete_router),
        _neutron("neutron.subnet", "project", path="/subnets", delete=_delete_subnet),
        _neutron("neutron.network", "project", path="/networks", delete=_delete_network),
        _neutron("neutron.security_group", "project", path="/security-groups", key="security_groups"),
        _neutron("neutron.quota", "quota", path="/quotas", look=_look_for_quota),
        _cinder(
            "cinder.backups",
            "project",
            path="/backups",
            listing="/backups/detail",
            owner="os-backup-project-attr:project_id",
            microversion="3.18",  # the first that shows whose a backup is
        ),
        _cinder(
            "cinder.volume_snapshots",
            "project",
            path="/snapshots",
            listing="/snapshots/detail",
            owner="os-extended-snapshot-attributes:project_id",
        ),
        _cinder("cinder.transfers", "project", path="/os-volume-transfer", key="transfers", at_once=True),
        _cinder(
            "cinder.volumes",
            "project",
            path="/volumes",
            listing="/volumes/detail",
            owner="os-vol-tenant-attr:tenant_id",
            delete=_delete_volume,
        ),
        _cinder(
            "cinder.image_volumes_cache",
            "cloud",
            path="/volumes",
            look=_look_for_cached_images,
            delete=_delete_volume,
        ),
        _cinder(  # behind the volumes, which hold on to them
            "cinder.volume_types",
            "cloud",
            path="/types",
            key="volume_types",
            everyone={"is_public": "None"},
            at_once=True,
        ),
        _cinder("cinder.quotas", "quota", path="/os-quota-sets", at_once=True, look=_look_for_quota),
        _cinder("cinder.qos_specs", "cloud", path="/qos-specs", key="qos_specs"),
        Kind("glance.images", "project", "image", "/images", project_filter="owner", owner="owner", at_once=True),
        _keystone("keystone.user", path="/users", name_filters=_BY_NAME),
        _keystone("keystone.project", path="/projects", name_filters=_BY_NAME),
        _keystone("keystone.service", path="/services"),
        _keystone("keystone.role", path="/roles"),
        Kind(
            "keystone.ec2",
            "user",
            "identity",
            "/credentials/OS-EC2",
            key="credentials",
            naming="",
            id="access",
            at_once=True,
            look=_look_for_ec2,
            delete=_delete_ec2,
        ),
    )
}

OF_USERS: frozenset[Scope] = frozenset({"project", "user"})
OF_ADMIN: frozenset[Scope] = frozenset({"cloud", "quota"})


def known_names(scopes: frozenset[Scope]) -> list[str]:
    """Return what `chosen` understands: services, and kinds of things."""
    kinds = [kind.name for kind in KINDS.values() if kind.scope in scopes]
    return sorted({kind.partition(".")[0] for kind in kinds} | set(kinds))


def chosen(names: Iterable[str], scopes: frozenset[Scope]) -> list[Kind]:
    """Return the kinds that Rally's names mean, a service ("nova") or a kind ("nova.servers"), in order."""
    wanted = set(names)
    return [
        kind for kind in KINDS.values() if kind.scope in scopes and {kind.name, kind.name.partition(".")[0]} & wanted
    ]
