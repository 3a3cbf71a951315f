"""What a task file can name: handed to `load`, so that reading a file needs neither a cloud nor the scenarios' code."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rallycross.task.flaw import Schema, Validate


@dataclass(frozen=True)
class Parameter:
    """One argument of a scenario."""

    schema: Schema  # JSON schema of what may be given
    required: bool = False
    resource: str = ""  # kind of the thing in the cloud that it names: "image", "flavor", "network", "file"


@dataclass(frozen=True)
class Signature:
    """What a scenario wants to be told."""

    title: str  # the first line of its docstring
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    services: tuple[str, ...] = ()  # service types that it uses, such as "compute"
    contexts: Mapping[str, Any] = field(default_factory=dict)  # those it needs even if the file does not name them


@dataclass(frozen=True)
class Known:
    """All that exists, by name."""

    scenarios: Mapping[str, Signature]
    runners: Mapping[str, Validate]
    contexts: Mapping[str, Validate]
    sla: Mapping[str, Validate]
