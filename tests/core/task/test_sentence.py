"""Descriptions of workloads."""

from typing import Any

import pytest

from rallycross.task.known import Signature
from rallycross.task.plan import Hook, Workload
from rallycross.task.sentence import sentence

FOUR = {"tenants": 2, "users_per_tenant": 2}
NOT_FAILING = {"failure_rate": {"max": 0}}


@pytest.mark.parametrize(
    ("actors", "contexts", "sla", "said"),
    [
        ({"user"}, {"users": FOUR}, NOT_FAILING, "by 4 users in 2 projects; passes when none fails"),
        ({"user"}, {"users": {}}, {}, "by 1 user in 1 project; always passes"),
        ({"admin"}, {}, {"failure_rate": {"max": 5}}, "by the administrator; passes when at most 5 % fail"),
        ({"admin", "user"}, {"users": {}}, NOT_FAILING, "by the administrator and 1 user in 1 project; passes"),
        (set(), {}, {"failure_rate": {"min": 1}}, "; passes when at least 1 % fail"),
        (set(), {}, {"failure_rate": {"min": 1, "max": 2}}, "; passes when 1 to 2 % fail"),
        (set(), {}, {"max_seconds_per_iteration": 2.5}, "; passes when none takes more than 2.5 s"),
        (set(), {}, {"max_avg_duration_per_atomic": {"a": 1, "b": 2}}, "a takes 1 s or less on average and b takes 2"),
        (set(), {}, {**NOT_FAILING, "outliers": {"max": 1}}, "; passes when none fails and at most 1 outlier"),
        (set(), {}, {"percentile": {"total": "p(95) < 60s"}}, "; passes when total p(95) < 60s"),
        (set(), {}, {"percentile": ["p(50) < 1s", "p(99) < 2s"]}, "; passes when p(50) < 1s and p(99) < 2s"),
        (set(), {}, {"throughput": {"min": 5}}, "; passes when at least 5 iterations a second end"),
        (set(), {}, {"error_budget": {"ApiError 5xx": "1 %"}}, "; passes when errors within 1 % of ApiError 5xx"),
        (set(), {}, {"schedule": {"dropped": "5 %"}}, "; passes when at most 5 % are dropped"),
        (set(), {}, {"leaked_resources": {"max": 0}}, "; passes when at most 0 things are left behind"),
    ],
)
def test_a_workload_in_words(actors: set[str], contexts: Any, sla: Any, said: str) -> None:
    """The sentence has the users and the SLA."""
    workload = Workload(0, "S.s", {}, "constant", {}, contexts, sla)
    whole = sentence(workload, "20 iterations", Signature("S", actors=frozenset(actors)))
    assert whole.startswith("S.s: 20 iterations")
    assert said in whole


def test_hooks_are_in_the_sentence() -> None:
    """Hooks are at the end of the sentence."""
    hooks = (Hook("sys_call", "date", "event", {}),)
    workload = Workload(0, "S.s", {}, "serial", {}, {}, {}, hooks=hooks)
    said = "S.s: once; always passes; with the hook sys_call at events"
    assert sentence(workload, "once", Signature("S")) == said


def test_hooks_of_one_kind_are_counted() -> None:
    """Many equal hooks are counted, not listed."""
    hooks = (Hook("sys_call", "date", "event", {}),) * 30
    hooks = (*hooks, Hook("sys_call", "date", "periodic", {}), *hooks)
    workload = Workload(0, "S.s", {}, "serial", {}, {}, {}, hooks=hooks)
    said = "with 60 times the hook sys_call at events and the hook sys_call, periodic"
    assert sentence(workload, "once", Signature("S")).endswith(said)
