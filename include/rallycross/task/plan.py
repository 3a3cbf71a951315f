"""A plan: what a task file asks for, checked and typed. Nothing in here touches a cloud."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from rallycross.errors import Complaint
from rallycross.permissions import OWNER, Permissions
from rallycross.secret import secrets_in

# How durations are taken: from the moment at which an iteration was due, with adaptive polling; or as Rally takes them,
# from its actual start, with Rally's delays and intervals of polling.
Timing = Literal["intended", "rally"]


@dataclass(frozen=True)
class Hook:
    """Something that happens beside the load: an action, and what sets it off. Rally's names and arguments."""

    action: str
    action_args: Any
    trigger: str
    trigger_args: dict[str, Any]
    description: str = ""

    @property
    def config(self) -> dict[str, Any]:
        """What was asked for, in the shape that Rally gives it in its results."""
        return {
            "action": {self.action: self.action_args},
            "trigger": {self.trigger: self.trigger_args},
            "description": self.description,
        }


@dataclass(frozen=True)
class Workload:
    """One scenario with its runner, contexts, SLA and hooks."""

    position: int  # 0-based, in the task
    scenario: str
    args: dict[str, Any]
    runner: str
    runner_args: dict[str, Any]
    contexts: dict[str, Any]  # in the order of the file
    sla: dict[str, Any]  # criterion -> its argument; empty = no SLA at all
    description: str = ""
    hooks: tuple[Hook, ...] = ()
    place: str = ""  # "file:line", for messages
    key: str = ""  # dotted path of the scenario in the file, for messages
    argument_places: Mapping[str, tuple[int, int]] = field(default_factory=dict, compare=False)  # line and column
    context_places: Mapping[str, tuple[int, int]] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class Subtask:
    """A titled group of workloads."""

    title: str
    workloads: tuple[Workload, ...]
    description: str = ""
    group: str = ""
    tags: tuple[str, ...] = ()
    run_in_parallel: bool = False  # its workloads load the cloud at the same time


@dataclass(frozen=True)
class Task:
    """A task file, whole."""

    title: str
    subtasks: tuple[Subtask, ...]
    description: str = ""
    tags: tuple[str, ...] = ()
    warnings: tuple[Complaint, ...] = field(default=(), compare=False)  # what the file says, and has no effect
    source: str = ""  # the text as the user wrote it
    file: str = ""
    timing: Timing = "intended"
    permissions: Permissions = field(default=OWNER, compare=False)  # of whoever has given the file
    given: Mapping[str, Any] = field(
        default_factory=dict, compare=False, repr=False
    )  # what the template was filled with

    @property
    def workloads(self) -> tuple[Workload, ...]:
        """All workloads, in the order in which they run."""
        return tuple(workload for subtask in self.subtasks for workload in subtask.workloads)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What nobody is shown of what was given, wherever it turns up: in a title, an error, a program's output."""
        said = [(one.args, one.contexts, [hook.config for hook in one.hooks]) for one in self.workloads]
        return tuple(dict.fromkeys(secrets_in([dict(self.given), said])))
