"""What a task file can name, as data, so that reading a file needs neither a cloud nor the scenarios' code."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from rallycross.cloud.facts import NamedResource
from rallycross.plugins import Broken
from rallycross.task.cloud_references import CloudReference
from rallycross.task.flaw import Flaw, Schema, Validate

Actor = str  # "user": a user created for the load; "admin": the cloud's administrator


@dataclass(frozen=True)
class Parameter:
    """One argument of a scenario."""

    schema: Schema  # JSON schema of its values
    required: bool = False
    default: Any = None  # of one that is not required; options that are passed on have the API's own default: None
    resource: str = ""  # kind of what it names: "image", "flavor", "volume_type", "network", "file" ...
    references: Callable[[Any], Iterable[CloudReference]] = lambda _: ()  # other things that it refers to


@dataclass(frozen=True)
class Signature:
    """The arguments that a scenario takes, and what it needs."""

    title: str  # the first line of its docstring
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    more: bool = False  # accepts any other argument
    passes_on: bool = False  # Rally's scenario accepts and passes on any other argument; here they have no effect
    actors: frozenset[Actor] = frozenset()  # whom it acts as; empty = it needs no cloud
    services: tuple[str, ...] = ()  # service types that it uses, such as "compute"
    extensions: tuple[str, ...] = ()  # aliases of neutron extensions that it uses
    contexts: Mapping[str, Any] = field(default_factory=dict)  # added to each workload that does not name them
    cinder_services: tuple[str, ...] = ()  # processes of cinder that it uses, such as "cinder-backup"
    # Contexts that the file must name. A tuple: one of these; "args.image" stands for an argument.
    requires: tuple[str | tuple[str, ...], ...] = ()
    context_config: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # values that a context must have
    changes_contexts: bool = False  # leaves what contexts have made changed, so that no other workload can use it
    boots_from: Literal["image", "volume"] = "image"  # whether an image must fit the flavor's disk
    contradictions: Callable[[Mapping[str, Any]], Iterable[Flaw]] = lambda _: ()  # of valid arguments with each other
    microversions: Mapping[str, str] = field(default_factory=dict)  # that its requests need, by type of service
    disrupts: str = ""  # what it does to the cloud beyond its own things: "moves servers to other hosts"


@dataclass(frozen=True)
class Needs:
    """What a context needs, apart from its order and schema. The functions take its (valid) configuration."""

    services: tuple[str, ...] = ()  # service types, such as "compute"
    services_of: Callable[[Any], Mapping[str, str]] = lambda _: {}  # also: key of the configuration -> service type
    administrator: bool = False  # only the cloud's administrator can set it up
    own_users_do: Callable[[Any], bool] = lambda _: (
        False
    )  # ... unless the cloud has users for the load, and this is True
    things: Mapping[str, str] = field(default_factory=dict)  # key of its configuration -> kind of what it names
    references: Callable[[Any], Iterable[CloudReference]] = lambda _: ()  # other things that it refers to
    cloud: bool = True  # it needs a cloud


@dataclass(frozen=True)
class ContextSignature:
    """What a context needs, and which nameable resources it creates before the load."""

    validate: Validate  # checks its configuration
    needs: Needs = field(default_factory=Needs)
    makes: Callable[[Any], Iterable[tuple[str, NamedResource]]] = lambda _: ()  # kind and resource, which has no id yet


@dataclass(frozen=True)
class Known:
    """Everything that a task file can name, by name."""

    scenarios: Mapping[str, Signature]
    runners: Mapping[str, Validate]
    contexts: Mapping[str, ContextSignature]
    sla: Mapping[str, Validate]
    triggers: Mapping[str, Validate] = field(default_factory=dict)
    actions: Mapping[str, Validate] = field(default_factory=dict)  # hook actions
    broken: tuple[Broken, ...] = ()  # users' own files that cannot be imported
