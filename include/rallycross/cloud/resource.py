"""One kind of thing in a cloud: how it is listed, named, owned, waited for and deleted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from rallycross.cloud.errors import ApiError

if TYPE_CHECKING:  # who reads a task file needs the descriptors alone: openstacksdk takes a second to import
    from rallycross.cloud.api import Api

Scope = Literal["project", "user", "cloud", "quota"]
Thing = dict[str, Any]  # as the API shows it

_CONFLICT = 409
_NONE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Place:
    """Where to look for things, and as whom."""

    api: "Api"
    admin: bool  # whether that sees what is others'
    project: str = ""  # id; "" = the cloud as a whole
    user: str = ""  # id, for what belongs to users
    ours: bool = True  # whether the project was made by us, so that all in it is


Look = Callable[["Resource", Place, Mapping[str, str]], list[Thing]]
Delete = Callable[["Resource", Place, Thing], None]


def listed(resource: "Resource", place: Place, narrowed: Mapping[str, str]) -> list[Thing]:
    """List what is in a place, and perhaps more: a service may overlook what was asked for."""
    params = dict(narrowed)
    if place.admin:
        params |= resource.everyone
    if place.admin and place.project and resource.project_filter:
        params[resource.project_filter] = place.project
    return resource.all(place.api, resource.listing or resource.path, params)


def delete(resource: "Resource", place: Place, thing: Thing) -> None:
    """Ask for a thing's deletion."""
    path = f"{resource.path}/{thing[resource.id]}"
    place.api.delete(resource.service, path, microversion=resource.microversion)


@dataclass(frozen=True, eq=False)  # there is one object of each kind, and its mappings have no hash
class Resource:
    """A kind of thing."""

    name: str  # Rally's where it has one: "nova.servers"
    scope: Scope  # what it belongs to; only an administrator deletes the last two
    service: str  # official type
    path: str  # of the collection
    key: str = ""  # under which a list has the things; "" = the path's last part
    one: str = ""  # under which an answer has one of them; "" = the answer is the thing, or its only key has it
    listing: str = ""  # path of the list with all details, each one's status among them; "" = `path`, without a status
    since: str = ""  # that list's parameter for those that have changed since a time: "changes-since"
    everyone: Mapping[str, str] = field(default_factory=dict)  # by which an administrator sees all there are
    project_filter: str = "project_id"  # the parameter by which one project's are listed; "" = there is none
    owner: str = "project_id"  # the key that has a thing's project
    naming: str = "name"  # the key that has its name
    id: str = "id"
    name_filters: tuple[str, str] = ("", "")  # parameters by which those of a name, or a beginning of one, are listed
    microversion: str = ""
    at_once: bool = False  # it is gone when the delete is answered; otherwise when it is listed no more
    contains: bool = False  # it is a project: what is in it goes first
    look: Look = listed
    delete: Delete = delete

    @property
    def collection(self) -> str:
        """The key under which a list has the things."""
        return self.key or self.path.rpartition("/")[2]

    @property
    def noun(self) -> str:
        """What one of them is called in a message."""
        return self.one or self.collection.removesuffix("s")

    def all(self, api: "Api", path: str, params: Mapping[str, str] = _NONE) -> list[Thing]:
        """Return all pages of a list of such things."""
        return api.list(self.service, path, self.collection, params, self.microversion)

    def name_of(self, thing: Thing) -> str:
        """Return a thing's name, "" where it has none."""
        return str(thing.get(self.naming) or "")


def delete_freed(resource: Resource, place: Place, thing: Thing, free: Callable[[], object]) -> None:
    """Delete; where the cloud refuses since something holds on to it, `free` it and delete again."""
    try:
        delete(resource, place, thing)
    except ApiError as error:
        if error.status != _CONFLICT:
            raise
        free()
        delete(resource, place, thing)


def quotas_of(resource: Resource, place: Place, narrowed: Mapping[str, str]) -> list[Thing]:
    """Every project has quotas; they are ours to reset where the project is ours."""
    del resource, narrowed
    return [{"id": place.project}] if place.ours else []
