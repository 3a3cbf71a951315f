"""Describes a workload in words: its load, its users, its SLA and its hooks."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from rallycross.task.known import Signature
from rallycross.task.plan import Workload


def sentence(workload: Workload, load: str, signature: Signature) -> str:
    """Return one sentence; `load` is the runner's own description.

    `NovaServers.list_servers: 40 iterations, 4 at a time, by 2 users in 1 project; passes when none fails`.
    """
    parts = [f"{workload.scenario}: {load}", _who(workload, signature)]
    wanted = [_SLA.get(name, _plain(name))(value) for name, value in workload.sla.items()]
    verdict = f"passes when {_joined(wanted)}" if wanted else "always passes"
    hooks = Counter(_hook(hook.action, hook.trigger) for hook in workload.hooks)
    beside = f"; with {_joined([hook if many == 1 else f'{many} times {hook}' for hook, many in hooks.items()])}"
    return f"{', '.join(filter(None, parts))}; {verdict}{beside if workload.hooks else ''}"


def _who(workload: Workload, signature: Signature) -> str:
    config = workload.contexts.get("users")
    tenants, each = ((config or {}).get(key, 1) for key in ("tenants", "users_per_tenant"))
    users = f"{_count(tenants * each, 'user')} in {_count(tenants, 'project')}" if "user" in signature.actors else ""
    admin = "the administrator" if "admin" in signature.actors else ""
    return f"by {' and '.join(filter(None, (admin, users)))}" if users or admin else ""


def _failure_rate(value: Mapping[str, float]) -> str:
    least, most = value.get("min", 0), value.get("max", 100)
    if most == 0:
        return "none fails"
    if least == most:
        return "all fail" if most == 100 else f"exactly {most:g} % fail"
    if not least and most == 100:
        return "any share fails"
    if not least:
        return f"at most {most:g} % fail"
    return f"at least {least:g} % fail" if most == 100 else f"{least:g} to {most:g} % fail"


def _per_action(value: Mapping[str, float]) -> str:
    return _joined([f"{action} takes {most:g} s or less on average" for action, most in value.items()])


def _percentile(value: Any) -> str:
    if isinstance(value, Mapping):
        return _joined([f"{name} {wanted}" for name, wanted in value.items()])
    return _joined([str(wanted) for wanted in (value if isinstance(value, list) else [value])])


_SLA: dict[str, Callable[[Any], str]] = {
    "failure_rate": _failure_rate,
    "max_seconds_per_iteration": lambda value: f"none takes more than {value:g} s",
    "max_avg_duration": lambda value: f"one takes {value:g} s or less on average",
    "max_avg_duration_per_atomic": _per_action,
    "outliers": lambda value: f"at most {_count(value.get('max', 0), 'outlier')}",
    "performance_degradation": lambda value: (
        f"the slowest takes at most {value['max_degradation']:g} % more than the fastest"
    ),
    "percentile": _percentile,
    "throughput": lambda value: f"at least {value['min']:g} iterations a second end",
    "error_budget": lambda value: f"errors within {_joined([f'{share} of {kind}' for kind, share in value.items()])}",
    "schedule": lambda value: f"at most {_joined([f'{share} are {name}' for name, share in value.items()])}",
    "leaked_resources": lambda value: f"at most {_count(value['max'], 'thing')} are left behind",
}


def _plain(name: str) -> Callable[[Any], str]:
    return lambda value: f"{name} is {json.dumps(value)}" if not isinstance(value, str) else f"{name} is {value}"


def _hook(action: str, trigger: str) -> str:
    return f"the hook {action} at events" if trigger == "event" else f"the hook {action}, {trigger}"


def _joined(parts: list[str]) -> str:
    return f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else "".join(parts)


def _count(number: int, one: str) -> str:
    return f"{number} {one if number == 1 else one + 's'}"
