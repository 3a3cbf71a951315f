"""The registry of hook actions, and the object that an action gets."""

import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from rallycross.load_hooks.target import HookTarget
from rallycross.registry import Registry
from rallycross.task.flaw import Validate


@dataclass
class Firing:
    """One run of an action, and its result."""

    target: HookTarget
    event_type: Literal["iteration", "time"]
    value: int  # which iteration, or which second
    ended: threading.Event  # set when the load has ended: a limited fault is undone then at the latest
    give_up: threading.Event  # set when the wait for hooks is over: end what was begun, and return
    started_at: float = 0.0  # seconds since the epoch
    finished_at: float = 0.0
    error: dict[str, str] | None = None
    output: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    faults: list[int] = field(default_factory=list)  # ledger rows of its faults that can be undone

    def fail(self, kind: str, message: str, details: str = "") -> None:
        """Record an error. Only the first one is kept."""
        self.error = self.error or {"etype": kind, "msg": message, "details": details}

    def fail_by(self, error: BaseException) -> None:
        """Record an exception as the error."""
        self.fail(type(error).__name__, str(error), "".join(traceback.format_exception(error)))

    def add_output(self, kind: Literal["additive", "complete"], chart: dict[str, Any]) -> None:
        """Show a chart in the report, in the format of scenario outputs."""
        self.output = self.output or {"additive": [], "complete": []}
        self.output[kind].append(chart)

    def result(self) -> dict[str, Any]:
        """Return the result in Rally's format."""
        result: dict[str, Any] = {
            "status": "failed" if self.error else "success",
            "started_at": self.started_at,
            "finished_at": self.finished_at,
            "triggered_by": {"event_type": self.event_type, "value": self.value},
        }
        if self.error:
            result["error"] = self.error
        if self.output:
            result["output"] = self.output
        return result


Act = Callable[[Any, Firing], None]


@dataclass(frozen=True)
class HookAction:
    """A registered action. It reports its result to the `Firing`, or raises."""

    name: str
    validate: Validate
    act: Act
    on_machines: bool  # whether it works with the cloud's machines; they are looked up only for such actions


ACTIONS: Registry[HookAction] = Registry("rallycross.load_hooks.actions")


def action(name: str, validate: Validate, *, on_machines: bool = False) -> Callable[[Act], Act]:
    """Register a function as the action `name`. It gets the action's arguments and a `Firing`, and runs on a thread."""

    def register(act: Act) -> Act:
        ACTIONS.add(name, HookAction(name, validate, act, on_machines))
        return act

    return register
