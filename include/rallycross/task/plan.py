"""A plan: the content of a task file, checked and typed. Nothing here touches a cloud."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from rallycross.errors import Complaint
from rallycross.permissions import OWNER, Permissions
from rallycross.secret import secrets_in

# How durations are measured. "intended": from when an iteration was due, with adaptive polling. "rally": from its
# actual start, with Rally's delays and polling intervals.
Timing = Literal["intended", "rally"]


@dataclass(frozen=True)
class Hook:
    """An action that is run during the load, and its trigger. Names and arguments are Rally's."""

    action: str
    action_args: Any
    trigger: str
    trigger_args: dict[str, Any]
    description: str = ""

    @property
    def config(self) -> dict[str, Any]:
        """The hook's configuration, in the form of Rally's results."""
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
    sla: dict[str, Any]  # criterion -> its argument; empty = no SLA
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
    run_in_parallel: bool = False  # its workloads run at the same time


@dataclass(frozen=True)
class Task:
    """A whole task file."""

    title: str
    subtasks: tuple[Subtask, ...]
    description: str = ""
    tags: tuple[str, ...] = ()
    warnings: tuple[Complaint, ...] = field(default=(), compare=False)  # about what has no effect
    source: str = ""  # the text as the user wrote it
    file: str = ""
    timing: Timing = "intended"
    permissions: Permissions = field(default=OWNER, compare=False)  # of the user who gave the file
    given: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)  # arguments of the template

    @property
    def workloads(self) -> tuple[Workload, ...]:
        """All workloads, in the order in which they run."""
        return tuple(workload for subtask in self.subtasks for workload in subtask.workloads)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The secrets in the task and its arguments; they are masked in titles, errors and programs' output."""
        said = [(one.args, one.contexts, [hook.config for hook in one.hooks]) for one in self.workloads]
        return tuple(dict.fromkeys(secrets_in([dict(self.given), said])))
