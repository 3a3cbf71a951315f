"""OpenStack services as data. Each module of `cloud/services` describes one and is found by walking the package."""

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
    """A kind of thing that tasks refer to, and how to list all of them."""

    ask: Callable[["Api"], Iterable[NamedResource]]
    administrator: bool = False  # whether only an administrator may list them
    by_exact_name: bool = False  # a name is never a pattern; of several with the same name the first is used


@dataclass(frozen=True)
class ServiceQuotas:
    """A project's quotas of a service."""

    resource: Resource
    key: str  # key of the quotas in requests and answers
    defaults: str  # path of the cloud's defaults, below that of the project
    names: tuple[str, ...]  # names that the context `quotas` takes

    def path(self, project: str) -> str:
        """Return the path of a project's quotas."""
        return f"{self.resource.path}/{project}"


@dataclass(frozen=True)
class TempestService:
    """The options of tempest, or of one of its plugins, for a service."""

    option: str = ""  # in [service_available]
    section: str = ""  # its options say how clients find the service in the catalog
    plugin: str = ""  # package with these options; "" = tempest itself
    endpoint_suffix: str = "URL"  # suffix of "public" in the section's endpoint_type


@dataclass(frozen=True)
class Service:
    """A service: its API, its resources, the facts that tasks need, its quotas and its tempest options."""

    name: str  # Rally's name of its client, as in task files: "cinder"
    type: str  # official: "block-storage"
    version: str = ""  # API version that we use, as in paths: "v3"; "" = as in the catalog
    microversion: str = ""  # its name in OpenStack-API-Version; "" = it has no microversions
    order: int = 500  # in which services are cleaned up: users of resources before the resources
    resources: tuple[Resource, ...] = ()  # in deletion order
    facts: Mapping[str, Fact] = field(default_factory=dict)
    quotas: ServiceQuotas | None = None
    tempest: TempestService | None = None

    @property
    def major(self) -> int:
        """The major API version that we use; 0 = any."""
        return int(self.version.lstrip("v").partition(".")[0] or 0)

    @property
    def quota_fact(self) -> str:
        """The kind of the fact that has the names of its quotas."""
        return f"{self.name}_quota"

    @property
    def microversion_fact(self) -> str:
        """The kind of the fact that has the range of its microversions."""
        return f"{self.name}_microversion"


SERVICES: Registry[Service] = Registry("rallycross.cloud.services")


def describe(service: Service) -> None:
    """Register a service. Called by the module that describes it."""
    SERVICES.add(service.name, service)


def known_services() -> Iterator[Service]:
    """Yield all services, in the order in which their things are deleted."""
    yield from sorted(SERVICES.all.values(), key=lambda service: (service.order, service.name))


@cache
def of_type(kind: str) -> Service:
    """Return the service of an official type; an unknown type gives a service without any details."""
    return next((service for service in known_services() if service.type == kind), Service("", kind))


@cache
def is_exact(kind: str) -> bool:
    """Return whether things of a kind are named only by exact names."""
    return any(service.facts[kind].by_exact_name for service in known_services() if kind in service.facts)


def microversion_header(kind: str, version: str) -> dict[str, str]:
    """Return the header that requests a microversion of a service (by official type)."""
    return {"OpenStack-API-Version": f"{of_type(kind).microversion or kind} {version}"}


@cache
def resources() -> Mapping[str, Resource]:
    """Return all kinds of resources by name, in deletion order."""
    return {one.name: one for service in known_services() for one in service.resources}


def resource(name: str) -> Resource:
    """Return one kind of resource, such as "nova.servers"."""
    return resources()[name]


OF_USERS: frozenset[Scope] = frozenset({"project", "user"})
OF_ADMIN: frozenset[Scope] = frozenset({"cloud", "quota"})


def resource_names(scopes: frozenset[Scope]) -> list[str]:
    """Return the names that `chosen` accepts: services, and kinds of resources."""
    names = [one.name for one in resources().values() if one.scope in scopes]
    return sorted({name.partition(".")[0] for name in names} | set(names))


def chosen(names: Iterable[str], scopes: frozenset[Scope]) -> list[Resource]:
    """Return the kinds for Rally's names, each a service ("nova") or a kind ("nova.servers"), in deletion order."""
    wanted = set(names)
    return [
        one for one in resources().values() if one.scope in scopes and {one.name, one.name.partition(".")[0]} & wanted
    ]
