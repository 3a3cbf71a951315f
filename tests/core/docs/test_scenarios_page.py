"""The page on scenarios is true: all its code runs, its task files are valid, its tests pass."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import yaml
from acting import iterate
from small_cloud import SmallCloud

from rallycross.catalogue import known
from rallycross.scenario.scenario import SCENARIOS, Scenario
from rallycross.settings import CHECKOUT
from rallycross.task.file import load
from rallycross.task.known import Known

PAGE = CHECKOUT / "docs" / "scenarios.md"
_BLOCK = re.compile(r"^```(python|yaml|sh)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# What a task file's names stand for in the small cloud, and what contexts would have left there.
IDS = {"image": "i1", "flavor": "f1"}
RESOURCES = {"networks": [{"id": "n1"}]}


@dataclass
class Page:
    """What the page's code has defined."""

    scenarios: dict[str, Scenario] = field(default_factory=dict)
    tests: list[Any] = field(default_factory=list)
    task_files: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    """Run every block of code of the page, from top to bottom, each as a file of its own."""
    page, before = Page(), dict(SCENARIOS.all)
    text = PAGE.read_text()
    for block in _BLOCK.finditer(text):
        language, code = block.groups()
        if language == "yaml":
            page.task_files.append(code)
        if language == "python":
            names: dict[str, Any] = {"__name__": "on_the_page"}
            lines = "\n" * (text[: block.start(2)].count("\n"))  # so that a traceback tells the page's line
            exec(compile(lines + code, str(PAGE), "exec"), names)
            page.tests += [thing for name, thing in names.items() if name.startswith("test_")]
    page.scenarios = {name: one for name, one in SCENARIOS._found.items() if name not in before}
    SCENARIOS.all.update(page.scenarios)
    yield page
    for name in page.scenarios:
        del SCENARIOS.all[name], SCENARIOS._found[name]


def args_of(page: Page, name: str) -> dict[str, Any]:
    """Return the arguments that the page's task files give a scenario, ids in the place of names."""
    for text in page.task_files:
        data = yaml.safe_load(text)
        for subtask in data.get("subtasks", [data]):
            if name in subtask["scenario"]:
                given: dict[str, Any] = subtask["scenario"][name]
                return {key: IDS.get(key, value) for key, value in given.items()}
    return {}


def test_each_scenario_of_the_page_runs(page: Page, small_cloud: SmallCloud) -> None:
    """Each scenario, async or plain, runs an iteration with the arguments of its task file, and times something."""
    assert len(page.scenarios) >= 8
    quiet = {"Hello.show"}
    for name, scenario in page.scenarios.items():
        args = args_of(page, name) | ({"min_sleep": 0, "max_sleep": 0} if "min_sleep" in args_of(page, name) else {})
        cloud = small_cloud if scenario.signature.actors else None
        iteration = iterate(name, cloud, resources=RESOURCES, **args)
        assert bool(iteration.actions) == (name not in quiet), name
        assert bool(iteration.outputs) == (name in quiet), name
        assert not any(action.failed for action in iteration.actions), name


def test_each_task_file_of_the_page_is_valid(page: Page) -> None:
    """Each task file, and each part of one, is one that `plan` has nothing against."""
    there = known()
    signatures = {name: scenario.signature for name, scenario in page.scenarios.items()}
    everything = Known(**{**vars(there), "scenarios": {**there.scenarios, **signatures}})
    assert len(page.task_files) >= 4
    for text in page.task_files:
        data = yaml.safe_load(text)
        whole = data if "version" in data else {"version": 2, "title": "t", "subtasks": [{"title": "s", **data}]}
        load(yaml.safe_dump(whole), known=everything)


@pytest.mark.parametrize(
    ("args", "what"), [({"name": "a", "times": "often"}, "must be a whole number"), ({"name": "a", "tims": 3}, "times")]
)
def test_what_the_page_calls_wrong_is_a_complaint(page: Page, args: dict[str, Any], what: str) -> None:
    """The two mistakes that the page tells of are told before anything runs."""
    signature = page.scenarios["Hello.greet"].signature
    everything = Known(**{**vars(known()), "scenarios": {"Hello.greet": signature}})
    task = {"version": 2, "title": "t", "subtasks": [{"title": "s", "scenario": {"Hello.greet": args}}]}
    with pytest.raises(Exception, match=what):
        load(yaml.safe_dump(task), known=everything)


def test_contradictions_of_the_page_are_found(page: Page) -> None:
    """The page's check of two arguments finds what it is for, and lets the defaults be."""
    contradictions = page.scenarios["Hello.count"].signature.contradictions
    assert [flaw.what for flaw in contradictions({"first": 5, "last": 3})] == ["3 is below `first`"]
    assert list(contradictions({})) == []


def test_the_tests_of_the_page_pass(page: Page, small_cloud: SmallCloud) -> None:
    """The page's own test passes on a small cloud."""
    assert page.tests
    for test in page.tests:
        test(small_cloud)


def test_a_failed_greeting_fails(page: Page) -> None:
    """What the page says of failing is so: the function raises, and the iteration has failed."""
    assert "Hello.greet" in page.scenarios
    with pytest.raises(ValueError, match="nobody to greet"):
        iterate("Hello.greet", name="nobody")


def test_every_file_that_the_page_names_is_there() -> None:
    """Links and paths of the page lead somewhere."""
    text = PAGE.read_text()
    links = re.findall(r"\]\(([^)#]+)\)", text)
    assert links
    for link in links:
        assert (PAGE.parent / link).exists(), link
