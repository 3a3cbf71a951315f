"""An OpenStack service as data. Each module of `cloud/services` describes one, and is found by walking."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from rallycross.cloud.facts import NamedResource
from rallycross.cloud.resource import Resource, Scope
from rallycross.registry import Registry

if TYPE_CHECKING:  # see `resource`
    from rallycross.cloud.api import Api


@dataclass(frozen=True)
class Fact:
    """A kind of thing that a task names or asks for, and how a cloud is asked for all of them."""

    ask: Callable[["Api"], Iterable[NamedResource]]
    administrator: bool = False  # nobody else is told
    by_exact_name: bool = False  # a name is never a pattern, and the first of several that share it is taken


@dataclass(frozen=True)
class ServiceQuotas:
    """The quotas that a project has of a service."""

    resource: Resource
    key: str  # under which a request and an answer have them
    defaults: str  # the path of the cloud's defaults, behind the project's own
    names: tuple[str, ...]  # those that the context `quotas` takes

    def path(self, project: str) -> str:
        """Return the path of a project's quotas."""
        return f"{self.resource.path}/{project}"


@dataclass(frozen=True)
class TempestService:
    """How tempest, or a plugin of its, knows a service."""

    option: str = ""  # of [service_available]
    section: str = ""  # whose options say how clients find the service in the catalog
    plugin: str = ""  # the package that has both; "" = tempest itself
    endpoint_suffix: str = "URL"  # behind "public" in that section's endpoint_type


@dataclass(frozen=True)
class Service:
    """A service: its API, what can be left in it, what tasks name of it, its quotas, its name in tempest."""

    name: str  # as Rally calls its client, and task files do: "cinder"
    type: str  # official: "block-storage"
    version: str = ""  # of the API that is spoken, as paths begin with it: "v3"; "" = as the catalog has it
    microversion: str = ""  # what it calls itself in OpenStack-API-Version; "" = it has no microversions
    order: int = 500  # among services, when things are deleted: what holds on to others goes before them
    resources: tuple[Resource, ...] = ()  # in the order in which they let go of each other
    facts: Mapping[str, Fact] = field(default_factory=dict)
    quotas: ServiceQuotas | None = None
    tempest: TempestService | None = None

    @property
    def major(self) -> int:
        """The number of the version that is spoken; 0 = whichever."""
        return int(self.version.lstrip("v").partition(".")[0] or 0)

    @property
    def quota_fact(self) -> str:
        """The kind of fact that the names of its quotas are."""
        return f"{self.name}_quota"

    @property
    def microversion_fact(self) -> str:
        """The kind of fact that the range of its microversions is."""
        return f"{self.name}_microversion"


SERVICES: Registry[Service] = Registry("rallycross.cloud.services")


def describe(service: Service) -> None:
    """Register a service; called by the module that describes it."""
    SERVICES.add(service.name, service)


def known_services() -> Iterator[Service]:
    """Yield all services, in the order in which their things are deleted."""
    yield from sorted(SERVICES.all.values(), key=lambda service: (service.order, service.name))


@cache
def of_type(kind: str) -> Service:
    """Return the service of an official type; of one that nothing is known of, no more than that."""
    return next((service for service in known_services() if service.type == kind), Service("", kind))


@cache
def is_exact(kind: str) -> bool:
    """Say whether things of a kind are named by exact names alone."""
    return any(service.facts[kind].by_exact_name for service in known_services() if kind in service.facts)


def microversion_header(kind: str, version: str) -> dict[str, str]:
    """Return the header that asks a service, by its official type, for a microversion."""
    return {"OpenStack-API-Version": f"{of_type(kind).microversion or kind} {version}"}


@cache
def resources() -> Mapping[str, Resource]:
    """Return all that can be left in a cloud, by name, in deletion order."""
    return {one.name: one for service in known_services() for one in service.resources}


def resource(name: str) -> Resource:
    """Return one kind of thing, such as "nova.servers"."""
    return resources()[name]


OF_USERS: frozenset[Scope] = frozenset({"project", "user"})
OF_ADMIN: frozenset[Scope] = frozenset({"cloud", "quota"})


def resource_names(scopes: frozenset[Scope]) -> list[str]:
    """Return what `chosen` understands: services, and kinds of things."""
    names = [one.name for one in resources().values() if one.scope in scopes]
    return sorted({name.partition(".")[0] for name in names} | set(names))


def chosen(names: Iterable[str], scopes: frozenset[Scope]) -> list[Resource]:
    """Return the kinds that Rally's names mean, a service ("nova") or a kind ("nova.servers"), in deletion order."""
    wanted = set(names)
    return [
        one for one in resources().values() if one.scope in scopes and {one.name, one.name.partition(".")[0]} & wanted
    ]
