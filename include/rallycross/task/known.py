"""What a task file can name: handed to `load`, so that reading a file needs neither a cloud nor the scenarios' code."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from rallycross.cloud.facts import NamedResource
from rallycross.task.cloud_references import CloudReference
from rallycross.task.flaw import Flaw, Schema, Validate

Actor = str  # "user": one of those made for the load; "admin": the cloud's administrator


@dataclass(frozen=True)
class Parameter:
    """One argument of a scenario."""

    schema: Schema  # JSON schema of what may be given
    required: bool = False
    resource: str = ""  # kind of the thing that it names: "image", "flavor", "volume_type", "network", "file" ...
    references: Callable[[Any], Iterable[CloudReference]] = lambda _: ()  # things that it names in other ways


@dataclass(frozen=True)
class Signature:
    """What a scenario wants to be told, and what it wants to find."""

    title: str  # the first line of its docstring
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    more: bool = False  # takes arguments of any other name too
    passes_on: bool = False  # Rally's takes them as well, and hands them on: here those of other names have no effect
    actors: frozenset[Actor] = frozenset()  # whom it acts as; none = it needs no cloud
    services: tuple[str, ...] = ()  # service types that it uses, such as "compute"
    extensions: tuple[str, ...] = ()  # aliases of neutron extensions that it uses
    contexts: Mapping[str, Any] = field(default_factory=dict)  # those it needs even if the file does not name them
    cinder_services: tuple[str, ...] = ()  # processes of cinder that it uses, such as "cinder-backup"
    # Contexts that the file must name; a tuple: one of these, where "args.image" means an argument.
    requires: tuple[str | tuple[str, ...], ...] = ()
    context_config: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # what a context must be given
    boots_from: Literal["image", "volume"] = "image"  # where from: whether an image must fit a flavor's disk
    contradictions: Callable[[Mapping[str, Any]], Iterable[Flaw]] = lambda _: ()  # of arguments each of which is fine


@dataclass(frozen=True)
class Needs:
    """What a context needs, beside its order and its schema. Functions are given its configuration, which is valid."""

    services: tuple[str, ...] = ()  # service types, such as "compute"
    services_of: Callable[[Any], Mapping[str, str]] = lambda _: {}  # more: key of the configuration -> service type
    administrator: bool = False  # only the cloud's administrator can set it up
    own_users_do: Callable[[Any], bool] = lambda _: False  # ... unless the cloud has users for the load, and this holds
    things: Mapping[str, str] = field(default_factory=dict)  # key of its configuration -> kind of what that names
    references: Callable[[Any], Iterable[CloudReference]] = lambda _: ()  # what it names in other ways
    cloud: bool = True  # it acts in a cloud


@dataclass(frozen=True)
class ContextSignature:
    """What a context wants to find, and what of that which a task can name it makes before the load begins."""

    validate: Validate  # of its configuration
    needs: Needs = field(default_factory=Needs)
    makes: Callable[[Any], Iterable[tuple[str, NamedResource]]] = lambda _: ()  # kind and thing, which has no id yet


@dataclass(frozen=True)
class Known:
    """All that exists, by name."""

    scenarios: Mapping[str, Signature]
    runners: Mapping[str, Validate]
    contexts: Mapping[str, ContextSignature]
    sla: Mapping[str, Validate]
    triggers: Mapping[str, Validate] = field(default_factory=dict)
    actions: Mapping[str, Validate] = field(default_factory=dict)  # of hooks
