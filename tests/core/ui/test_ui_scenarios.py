"""The pages of the catalog of scenarios."""

import pytest

from rallycross.errors import RallycrossError
from rallycross.scenario.scenario import SCENARIOS
from rallycross.ui.page import Links
from rallycross.ui.scenarios import scenario_page, scenarios_page

LINKS = Links()


def test_the_catalog_has_all_scenarios() -> None:
    """Every scenario is listed, under its service, with a link to its page."""
    html = scenarios_page(LINKS, {}).html
    for name in SCENARIOS:
        assert f'href="/rallycross/scenarios/{name}"' in html


def test_a_pattern_narrows_the_catalog() -> None:
    """A part of a name leaves the scenarios that have it."""
    html = scenarios_page(LINKS, {"pattern": "boot_and_delete"}).html
    assert "NovaServers.boot_and_delete_server" in html
    assert "Authenticate.keystone" not in html
    assert "0 of" in scenarios_page(LINKS, {"pattern": "<script>"}).html


def test_a_scenario_has_its_arguments_actions_and_task_file() -> None:
    """The page of a scenario has what a task file needs to name it."""
    html = scenario_page(LINKS, "NovaServers.boot_and_delete_server").html
    for said in ("flavor", "nova.boot_server", "version: 2", "a user"):
        assert said in html, said


def test_an_unknown_scenario_is_told() -> None:
    """A name that no scenario has is a page with 404, and a name that cannot be is a complaint."""
    assert scenario_page(LINKS, "<b>No</b>.such").status == 404
    assert "<b>No" not in scenario_page(LINKS, "<b>No</b>.such").html
    with pytest.raises(RallycrossError, match="at most"):
        scenario_page(LINKS, "x" * 500)
