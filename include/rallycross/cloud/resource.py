"""One kind of resource in a cloud: how it is listed, named, owned, waited for and deleted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from rallycross.cloud.errors import ApiError

if TYPE_CHECKING:  # reading a task file needs only the descriptors; importing openstacksdk takes a second
    from rallycross.cloud.api import Api

Scope = Literal["project", "user", "cloud", "quota"]
Thing = dict[str, Any]  # as the API shows it

_CONFLICT = 409
_NONE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Place:
    """Where to list resources, and as which user."""

    api: "Api"
    admin: bool  # whether the user sees things of other projects
    project: str = ""  # id; "" = the cloud as a whole
    user: str = ""  # id, for resources that belong to users
    ours: bool = True  # whether we created the project, so that everything in it is ours


Look = Callable[["Resource", Place, Mapping[str, str]], list[Thing]]
Delete = Callable[["Resource", Place, Thing], None]


def listed(resource: "Resource", place: Place, narrowed: Mapping[str, str]) -> list[Thing]:
    """List the resources of a place. There may be others among them: a service may ignore filters."""
    params = dict(narrowed)
    if place.admin:
        params |= resource.everyone
    if place.admin and place.project and resource.project_filter:
        params[resource.project_filter] = place.project
    return resource.all(place.api, resource.listing or resource.path, params)


def delete(resource: "Resource", place: Place, thing: Thing) -> None:
    """Request the deletion of a thing."""
    path = f"{resource.path}/{thing[resource.id]}"
    place.api.delete(resource.service, path, microversion=resource.microversion)


@dataclass(frozen=True, eq=False)  # compared by identity, since its mappings are not hashable
class Resource:
    """A kind of resource."""

    name: str  # Rally's where it has one: "nova.servers"
    scope: Scope  # what it belongs to; only an administrator may delete "cloud" and "quota" things
    service: str  # official type
    path: str  # of the collection
    key: str = ""  # key of the things in a list; "" = the last part of the path
    one: str = ""  # key of a single thing in an answer; "" = the answer is the thing, or has it under its only key
    listing: str = ""  # path of the list with details and status; "" = `path`, without a status
    since: str = ""  # parameter of that list for things changed since a time: "changes-since"
    everyone: Mapping[str, str] = field(default_factory=dict)  # parameters to list things of all projects
    project_filter: str = "project_id"  # parameter to list one project's things; "" = none
    owner: str = "project_id"  # key of a thing's project
    naming: str = "name"  # key of its name
    id: str = "id"
    name_filters: tuple[str, str] = ("", "")  # parameters to list things by name, and by name prefix
    microversion: str = ""
    at_once: bool = False  # it is gone when the delete is answered; otherwise it takes time
    contains: bool = False  # it is a project, whose contents are deleted first
    look: Look = listed
    delete: Delete = delete

    @property
    def collection(self) -> str:
        """The key of the things in a list."""
        return self.key or self.path.rpartition("/")[2]

    @property
    def noun(self) -> str:
        """The name of one thing in messages."""
        return self.one or self.collection.removesuffix("s")

    def all(self, api: "Api", path: str, params: Mapping[str, str] = _NONE) -> list[Thing]:
        """Return all pages of a list of this kind."""
        return api.list(self.service, path, self.collection, params, self.microversion)

    def name_of(self, thing: Thing) -> str:
        """Return a thing's name, or ""."""
        return str(thing.get(self.naming) or "")


def delete_freed(resource: Resource, place: Place, thing: Thing, free: Callable[[], object]) -> None:
    """Delete a thing; if the cloud refuses because it is in use, call `free` and delete again."""
    try:
        delete(resource, place, thing)
    except ApiError as error:
        if error.status != _CONFLICT:
            raise
        free()
        delete(resource, place, thing)


def quotas_of(resource: Resource, place: Place, narrowed: Mapping[str, str]) -> list[Thing]:
    """Return the project as the thing to reset quotas of, if the project is ours."""
    del resource, narrowed
    return [{"id": place.project}] if place.ours else []
