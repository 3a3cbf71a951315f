"""Collects everything that a task file can name from the packages that define it."""

from functools import cache
from typing import Any

from rallycross.context.context import CONTEXTS
from rallycross.judging.sla import CRITERIA, Criterion
from rallycross.load.runners import RUNNERS
from rallycross.load_hooks.action import ACTIONS
from rallycross.load_hooks.trigger import TRIGGERS
from rallycross.plugins import PLUGINS
from rallycross.scenario.scenario import SCENARIOS
from rallycross.task.flaw import Flaw, Validate
from rallycross.task.known import Known


@cache
def known() -> Known:
    """Return all scenarios, runners, contexts, SLA criteria, hook triggers and hook actions, also users' own."""
    return Known(
        scenarios={name: scenario.signature for name, scenario in SCENARIOS.all.items()},
        runners={name: runner.validate for name, runner in RUNNERS.items()},
        contexts={name: context.signature for name, context in CONTEXTS.all.items()},
        sla={name: _criterion(criterion) for name, criterion in CRITERIA.all.items()},
        triggers={name: trigger.validate for name, trigger in TRIGGERS.items()},
        actions={name: action.validate for name, action in ACTIONS.all.items()},
        broken=tuple(PLUGINS.broken),
    )


def _criterion(criterion: type[Criterion]) -> Validate:
    def validate(argument: Any) -> list[Flaw]:
        what = criterion.complain(argument)
        return [Flaw((), what)] if what else []

    return validate
