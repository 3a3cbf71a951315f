"""The pages in docs/scenarios list all scenarios, as the code has them."""

import re
from collections.abc import Iterator
from pathlib import Path

from rallycross.scenario.scenario import SCENARIOS
from rallycross.settings import CHECKOUT
from rallycross.views.scenarios import ArgumentView, ScenarioView

FOLDER = CHECKOUT / "docs/scenarios"
HEAD = """# Scenarios: {group}

`tests/core/docs/test_scenario_tables.py` makes this page from the code. `./rallycross scenarios NAME` shows one of
these scenarios, `./rallycross scenarios NAME --task` prints a task file that runs it.

| scenario | arguments: values (default) | actions of an iteration | acts as, needs | recipe |
| --- | --- | --- | --- | --- |
"""
INDEX = """# Scenarios

`tests/core/docs/test_scenario_tables.py` makes this page from the code. `./rallycross scenarios` prints the same list.
How to write a scenario of your own: [../scenarios.md](../scenarios.md).

| about | scenarios | for administrators | disrupt more than their own things |
| --- | --- | --- | --- |
"""


def grouped() -> dict[str, list[ScenarioView]]:
    """Return the scenarios of Rallycross by service."""
    groups: dict[str, list[ScenarioView]] = {}
    for scenario in SCENARIOS.all.values():
        if scenario.group:
            groups.setdefault(scenario.group, []).append(ScenarioView(scenario))
    return dict(sorted(groups.items()))


def page(group: str, views: list[ScenarioView]) -> str:
    """Return a service's page: a table, and below it the options that many scenarios share."""
    sets: dict[tuple[ArgumentView, ...], int] = {}
    rows = [f"| {' | '.join(map(cell, columns(view, sets)))} |\n" for view in views]
    lists = [f"- **options {number}**: {', '.join(map(said, options))}\n" for options, number in sets.items()]
    below = [
        "\n## Options\n\nThey are passed on to the API; those that are not given have the API's defaults.\n\n",
        *lists,
    ]
    return "".join([HEAD.format(group=group), *rows, *(below if lists else ())])


def columns(view: ScenarioView, sets: dict[tuple[ArgumentView, ...], int]) -> Iterator[str]:
    """Yield the columns of a scenario; `sets` gives each set of options a number."""
    yield f"`{view.name}`<br>{view.title}"
    options = tuple(one for one in view.arguments if one.option)
    arguments = [said(one) for one in view.arguments if not one.option]
    if options:
        arguments.append(f"options {sets.setdefault(options, len(sets) + 1)}")
    yield "<br>".join(arguments)
    actions = view.actions()
    yield "not known without a run" if actions is None else ", ".join(f"`{one}`" for one in actions)
    more = [view.acts_as, *view.needs, *view.requires]
    yield "<br>".join([*more, *([f"**{view.disrupts}**"] if view.disrupts else ())])
    yield f"[{Path(view.recipe).stem}](../../{view.recipe})" if view.recipe else ""


def said(one: ArgumentView) -> str:
    """Return an argument with its values and its default."""
    default = f" ({one.default})" if one.default else " (**required**)" if one.required else ""
    return f"`{one.name}`: {one.allowed}{default}"


def cell(text: str) -> str:
    """Return a text for a cell of a table."""
    return text.replace("|", "\\|").replace("\n", " ")


def pages() -> dict[str, str]:
    """Return all pages by the names of their files."""
    groups = grouped()
    rows = [
        f"| [{group}]({group}.md) | {len(views)} | {sum(one.for_administrators for one in views)}"
        f" | {sum(bool(one.disrupts) for one in views)} |\n"
        for group, views in groups.items()
    ]
    return {"README.md": "".join([INDEX, *rows])} | {
        f"{group}.md": page(group, views) for group, views in groups.items()
    }


def test_the_pages_are_those_of_the_code() -> None:
    """Each page is what the code has; if one was not, it is written anew: look at what is different."""
    wanted = pages()
    was = {file.name: file.read_text(encoding="utf-8") for file in FOLDER.glob("*.md")}
    FOLDER.mkdir(exist_ok=True)
    for name, text in wanted.items():
        if was.get(name) != text:
            (FOLDER / name).write_text(text, encoding="utf-8")
    assert sorted(was) == sorted(wanted), f"{FOLDER}: delete what has no scenarios any more, and add what is new"
    assert [name for name in wanted if was[name] != wanted[name]] == [], "written anew: look at what is different"


def test_the_pages_lead_to_what_is_there() -> None:
    """Each link of the pages leads to a file."""
    for file in FOLDER.glob("*.md"):
        for link in re.findall(r"\]\(([^)#]+)\)", file.read_text(encoding="utf-8")):
            assert (FOLDER / link).exists(), f"{file.name}: {link}"
