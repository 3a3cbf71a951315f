"""The pages about scenarios: the catalog, and one scenario."""

import threading
from collections.abc import Mapping
from itertools import groupby

from rallycross.catalogue import known
from rallycross.scenario.scenario import SCENARIOS
from rallycross.ui import parameters
from rallycross.ui.page import Links, Page, problem_page, rendered
from rallycross.views.scenarios import ScenarioView, matching

# The first request imports all scenarios, and a second one at the same time must not see half of them.
_LOADING = threading.Lock()


def scenarios_page(links: Links, given: Mapping[str, str]) -> Page:
    """Return the catalog, or the part of it that matches a pattern. Raises `BadParameter`."""
    pattern = parameters.text(given, "pattern")
    with _LOADING:
        broken = [str(one.complaint) for one in known().broken]
        found = matching(pattern, SCENARIOS.all.values())
        groups = [(group, list(views)) for group, views in groupby(sorted(found, key=_order), lambda view: view.group)]
    return rendered(
        "scenarios.html.j2",
        links,
        active="scenarios",
        pattern=pattern,
        groups=groups,
        number=len(found),
        of=len(SCENARIOS.all),
        broken=broken,
    )


def scenario_page(links: Links, name: str) -> Page:
    """Return the page of a scenario."""
    with _LOADING:
        known()
        if name not in SCENARIOS:
            what = f"There is no scenario {parameters.text({'name': name}, 'name')} - choose one from the catalog."
            return problem_page(links, 404, what)
        view = ScenarioView(SCENARIOS[name])
        actions = view.actions()
        task = view.task_file() if view.recipe else ""
    return rendered("scenario.html.j2", links, active="scenarios", view=view, actions=actions, task=task)


def _order(view: ScenarioView) -> tuple[str, str]:
    return view.group, view.name
