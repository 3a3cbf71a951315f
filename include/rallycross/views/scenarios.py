"""What a scenario takes, needs and does, as data: for the terminal, for `--json`, and for the pages in the docs."""

import inspect
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from rallycross.recipes import recipe, task_file
from rallycross.scenario.rehearsal import rehearse
from rallycross.scenario.scenario import Scenario
from rallycross.settings import CHECKOUT
from rallycross.task.flaw import show
from rallycross.task.schema_words import allowed

OWN = "your own"  # the group of scenarios that are not part of Rallycross
_ACTS = {
    frozenset[str](): "nobody: it needs no cloud",
    frozenset({"user"}): "a user",
    frozenset({"admin"}): "the administrator",
    frozenset({"user", "admin"}): "a user and the administrator",
}


@dataclass(frozen=True)
class ArgumentView:
    """One argument of a scenario."""

    name: str
    allowed: str  # values, in words
    required: bool
    default: str  # as YAML writes it; "" = it is required, or it is the API's own default
    option: bool  # whether it is one of many that are passed on to the API

    @classmethod
    def all_of(cls, scenario: Scenario) -> "tuple[ArgumentView, ...]":
        """Return the arguments of a scenario, in their order."""
        own = inspect.signature(scenario.function).parameters
        return tuple(
            cls(name, allowed(one), one.required, "" if one.default is None else show(one.default), name not in own)
            for name, one in scenario.signature.parameters.items()
        )


@dataclass(frozen=True)
class ScenarioView:
    """A scenario."""

    scenario: Scenario

    @property
    def name(self) -> str:
        """Its name in task files."""
        return self.scenario.name

    @property
    def group(self) -> str:
        """The service whose scenario it is, or what else it is about."""
        return self.scenario.group or OWN

    @property
    def title(self) -> str:
        """What it does, in one line."""
        return self.scenario.signature.title

    @property
    def arguments(self) -> tuple[ArgumentView, ...]:
        """What a task file can give it."""
        return ArgumentView.all_of(self.scenario)

    @property
    def acts_as(self) -> str:
        """Who it is in the cloud."""
        return _ACTS[self.scenario.signature.actors]

    @property
    def for_administrators(self) -> bool:
        """Whether it acts as the cloud's administrator."""
        return "admin" in self.scenario.signature.actors

    @property
    def disrupts(self) -> str:
        """What it does to the cloud beyond its own things; "" = nothing."""
        return self.scenario.signature.disrupts

    @property
    def contexts(self) -> tuple[str, ...]:
        """The contexts that it always gets."""
        return tuple(self.scenario.signature.contexts)

    @property
    def requires(self) -> tuple[str, ...]:
        """What the task file must name: contexts, or one of several contexts and arguments."""
        wanted = (one if isinstance(one, tuple) else (one,) for one in self.scenario.signature.requires)
        return tuple(" or ".join(map(_required, one)) for one in wanted)

    @property
    def needs(self) -> tuple[str, ...]:
        """The services, from which microversion on, and the parts of services that the cloud must have."""
        signature = self.scenario.signature
        from_version = {kind: f"{kind} from {version}" for kind, version in signature.microversions.items()}
        services = (from_version.get(kind, kind) for kind in signature.services)
        extensions = (f"the neutron extension {name}" for name in signature.extensions)
        return (*services, *extensions, *signature.cinder_services)

    @property
    def code(self) -> str:
        """The file and the line of its function."""
        function = inspect.unwrap(self.scenario.function)
        path = Path(inspect.getsourcefile(function) or "")
        file = path.relative_to(CHECKOUT) if path.is_relative_to(CHECKOUT) else path
        return f"{file}:{function.__code__.co_firstlineno}"

    @property
    def recipe(self) -> str:
        """The shipped task file that has it; "" if there is none."""
        found = recipe(self.name)
        return found[0].file if found else ""

    def actions(self) -> list[str] | None:
        """Return the actions of an iteration with the recipe's arguments; None if only a cloud can tell."""
        found = recipe(self.name)
        calls = rehearse(self.scenario, found[1].args, found[1].contexts) if found else None
        return calls.actions if calls and self.scenario.signature.actors else None

    def task_file(self) -> str:
        """Return a task file that runs it."""
        return task_file(self.name, self.title)

    def summary(self) -> dict[str, Any]:
        """Return what a list shows of it, for programs."""
        return {"scenario": self.name, "service": self.group, "title": self.title}

    def document(self) -> dict[str, Any]:
        """Return everything, for programs."""
        return {
            **self.summary(),
            "arguments": [
                {"name": one.name, "allowed": one.allowed, "required": one.required, "default": one.default or None}
                for one in self.arguments
            ],
            "actions": self.actions(),
            "acts_as": sorted(self.scenario.signature.actors),
            "needs": list(self.needs),
            "contexts": list(self.contexts),
            "requires": list(self.requires),
            "disrupts": self.disrupts,
            "code": self.code,
            "recipe": self.recipe or None,
            "task": self.task_file() if self.recipe else None,
        }


def matching(pattern: str, scenarios: Iterable[Scenario]) -> list[ScenarioView]:
    """Return the scenarios of a service, or those with a part of their name, or a pattern with `*`; in any case."""
    wanted = pattern.casefold()
    part = wanted if "*" in wanted else f"*{wanted}*"
    views = [ScenarioView(one) for one in scenarios]
    return [view for view in views if wanted == view.group.casefold() or fnmatchcase(view.name.casefold(), part)]


def _required(name: str) -> str:
    argument = name.removeprefix("args.")
    return f"the context {name}" if argument == name else f"the argument {argument}"
