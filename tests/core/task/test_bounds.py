"""Bounds of numbers in task files."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from rallycross import catalogue
from rallycross.context.context import CONTEXTS
from rallycross.errors import InvalidInput
from rallycross.load.runners import RUNNERS
from rallycross.settings import CHECKOUT
from rallycross.task import bounds, load
from rallycross.task.bounds import bounded

BEYOND = 2**63 - 1
HOOK = "{name: sys_call, args: date, trigger: {name: event, args: {unit: iteration, at: [1]}}}, "
MANY = HOOK.replace("[1]", str([*range(1, 10_002)]))


def complaint(workload: str, scenario: str = "Dummy.dummy") -> str:
    """Return what is wrong with a workload of format v1."""
    with pytest.raises(InvalidInput) as caught:
        load(f"{scenario}:\n- {workload}\n", file="t.yaml", known=catalogue.known())
    return str(caught.value)


@pytest.mark.parametrize(
    ("runner", "said"),
    [
        (f"rps, times: 10, rps: {{start: 1, end: {BEYOND}, step: 1}}", "rps.end: must be 1000000 or less"),
        ("rps, times: 10, rps: {start: 1, end: 1000000, step: 1}", "rps.step: makes 999999 steps from"),
        ("rps, times: 1000000000, rps: 1.0e-300", "runner: takes inf s, and may take 2678400 s"),
        (f"rps, times: {BEYOND}, rps: 1", "times: must be 1000000000 or less"),
        (f"constant, times: 10, concurrency: {BEYOND}", "concurrency: must be 100000 or less"),
        ("constant, times: -1", "times: must be 1 or more, not -1"),
        ("constant, times: 1, timeout: -1", "timeout: must be 0 or more"),
        ("constant, times: 1, max_cpu_count: 5000", "max_cpu_count: must be 1024 or less"),
        ("constant_for_duration, duration: 1.0e+308", "duration: must be 2678400 or less"),
        ("constant_for_duration, duration: .nan", "duration: not a number - write a finite number"),
        ("constant_for_duration, duration: 1, think_time: .inf", "think_time: an infinite number"),
        ("arrival_rate, rate: 1000000, duration: 2000000", "makes 2e+12 iterations, and may make 1000000000"),
        ("ramp, stages: [{users: 1, duration: 2000000}, {users: 1, duration: 2000000}]", "takes 4e+06 s"),
        (f"ramp, stages: [{{users: {BEYOND}, duration: 1}}]", "users: must be 100000 or less"),
    ],
)
def test_a_load_without_measure_is_told_with_its_place(runner: str, said: str) -> None:
    """Impossible numbers of a runner, alone or combined, are complaints at their place."""
    found = complaint(f"{{runner: {{type: {runner}}}}}")
    assert found.startswith("t.yaml:2:")
    assert said in found


@pytest.mark.parametrize(
    ("scenario", "workload", "said"),
    [
        ("Dummy.dummy", f"{{context: {{users: {{tenants: {BEYOND}}}}}}}", "tenants: must be 10000 or less"),
        ("Dummy.dummy", "{context: {users: {users_per_tenant: -1}}}", "users_per_tenant: must be 1 or more"),
        (
            "Dummy.dummy",
            "{context: {users: {tenants: 9999, users_per_tenant: 9999}}}",
            "users_per_tenant: asks for 99980001 users, and the maximum is 100000",
        ),
        ("Dummy.dummy", f"{{hooks: [{HOOK * 1001}]}}", "hooks: has 1001 items; the limit is 1000"),
        ("Dummy.dummy", f"{{hooks: [{MANY}]}}", "at: has 10001 items; the limit is 10000"),
        ("Dummy.dummy", "{args: {sleep: 1.0e+308}}", "sleep: must be 2678400 or less"),
        ("Dummy.dummy", "{args: {sleep: -1}}", "sleep: must be 0 or more"),
        ("Dummy.dummy_exception", "{args: {size_of_message: 2147483647}}", "must be 1000000 or less"),
        ("Dummy.failure", f"{{args: {{each: {BEYOND}}}}}", "each: must be 2147483647 or less"),
        ("CinderVolumes.create_and_delete_volume", f"{{args: {{size: {BEYOND}}}}}", "size: must be 1000000 or less"),
        ("Dummy.dummy", f"{{context: {{quotas: {{nova: {{cores: {BEYOND}}}}}}}}}", "cores: must be 2147483647 or less"),
    ],
)
def test_other_numbers_have_bounds_too(scenario: str, workload: str, said: str) -> None:
    """Arguments of scenarios and contexts out of bounds are complaints."""
    assert said in complaint(workload, scenario)


def test_no_number_of_a_task_file_is_without_bounds() -> None:
    """Every number in every schema has a minimum and a maximum."""
    schemas: list[Any] = [runner.schema for runner in RUNNERS.values()]
    schemas += [context.schema for context in CONTEXTS.all.values()]
    schemas += [
        one.schema for signature in catalogue.known().scenarios.values() for one in signature.parameters.values()
    ]
    numbers = [one for schema in schemas for one in _numbers(bounded(schema))]
    assert len(numbers) > 100
    for one in numbers:
        assert {"maximum", "exclusiveMaximum"} & one.keys()
        assert {"minimum", "exclusiveMinimum"} & one.keys()


def _numbers(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, list):
        for one in schema:
            yield from _numbers(one)
    elif isinstance(schema, dict):
        if {"integer", "number"} & {schema.get("type")} if isinstance(schema.get("type"), str) else False:
            yield schema
        for one in schema.values():
            yield from _numbers(one)


def test_the_documentation_has_the_table() -> None:
    """The page on task files lists every bound."""
    page = (CHECKOUT / "docs" / "task-files.md").read_text()
    table = page[page.index("Numbers have bounds, too") : page.index("A named pipe is read")]
    written = {int(number) for number in re.findall(r"\d+", table)}
    assert {value for name, value in vars(bounds).items() if name.isupper() and isinstance(value, int)} <= written


def test_of_very_many_mistakes_the_first_are_told() -> None:
    """Of thousands of mistakes, the first two hundred are reported quickly, and that there are more."""
    with pytest.raises(InvalidInput) as caught:
        load("".join(f"Dummy.dumy{n}: [{{}}]\n" for n in range(5000)), file="t.yaml", known=catalogue.known())
    assert len(caught.value.complaints) == 201
    assert "further complaints are not shown" in str(caught.value)


def test_a_task_of_very_many_workloads_is_told() -> None:
    """A task with too many workloads is one complaint."""
    with pytest.raises(InvalidInput) as caught:
        load("Dummy.dummy:\n" + "- {}\n" * 2501, file="t.yaml", known=catalogue.known())
    assert str(caught.value) == (
        "t.yaml:2502:3: Dummy.dummy[2500]: more than 2500 workloads in one task - split it into several files"
    )
