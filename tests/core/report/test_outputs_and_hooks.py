"""Outputs of scenarios and results of hooks on the page; their content cannot affect the page."""

from pathlib import Path

import pytest
from browser import opened
from made_outputs import EVIL, add_outputs
from made_run import MadeRun
from test_html import Page

from rallycross import report
from rallycross.results.store import Store


@pytest.fixture(name="page")
def _page(store: Store, made: MadeRun, tmp_path: Path) -> Path:
    """Write the report of a run whose first workload has outputs and hooks; return the page."""
    task = store.tasks.get(made.task)
    assert task is not None
    add_outputs(store, made.samples, task.workloads[0].uuid)
    folder = tmp_path / "out"
    return report.write(store, deployment=None, verification=None, task=made.task, folder=folder, samples=made.samples)[
        "html"
    ]


def test_every_kind_of_output_is_shown(page: Path) -> None:
    """Additive outputs are charts over all iterations, complete ones are shown by iteration, all with titles."""
    read = Page(page.read_text(encoding="utf-8"))

    titles = ("A StatsTable", "A StackedArea", "A Lines", "A Pie", "C area", "C pie", "C table", "C text", "C page")
    assert [title for title in titles if title not in read.text] == []
    assert "The mean of 12 iterations." in read.text
    assert "trace 7f3c0a1e" in read.text
    pies = [figure for figure in read.figures if figure["data"] and figure["data"][0]["type"] == "pie"]
    assert pies[0]["data"][0]["values"] == [2.75, 3.5]
    areas = [figure for figure in read.figures if figure["data"] and "stackgroup" in figure["data"][0]]
    assert areas[0]["data"][0]["y"] == [number % 5 + 1 for number in range(12)]


def test_a_bad_output_is_said_and_costs_nothing_else(page: Path) -> None:
    """The page says how many outputs could not be shown, and why."""
    text = Page(page.read_text(encoding="utf-8")).text

    assert "12 outputs could not be shown (first in iteration 1000): `chart_plugin` Bars" in " ".join(text.split())


def test_a_hook_is_shown_with_each_time_it_ran(page: Path) -> None:
    """The page has action, trigger, time, duration, status, error and output of a hook."""
    text = " ".join(Page(page.read_text(encoding="utf-8")).text.split())

    assert "sys_call says hello 1 success, 1 failed" in text
    assert "iteration 3 3.00 s 250 ms success" in text
    assert "iteration 5 5.00 s 500 ms failed n/a Subprocess returned 3" in text
    assert "System call" in text
    assert "An output could not be shown: `chart_plugin` Bars" in text


def test_html_of_others_is_only_in_sandboxed_frames(page: Path) -> None:
    """An embedded page is in a sandboxed frame; elsewhere its tags are escaped, and links have no script URLs."""
    text = page.read_text(encoding="utf-8")
    read = Page(text)
    frames = [attributes for tag, attributes in read.elements if tag == "iframe"]

    assert frames
    assert {frame["sandbox"] for frame in frames} == {""}
    assert {frame["srcdoc"] for frame in frames} == {f"<h1>Given</h1>{EVIL}"}
    assert "<b>bold</b>" not in text
    links = [attributes["href"] for tag, attributes in read.elements if tag == "a"]
    assert "https://example.org/logs?a=1&b=2" in links
    assert not any(link.startswith("javascript:") for link in links)


def test_a_connection_string_is_not_shown(page: Path) -> None:
    """Only the id of a trace is shown: its address may contain a password."""
    assert "secret" not in page.read_text(encoding="utf-8")


def test_the_document_has_the_hooks_as_they_are(page: Path) -> None:
    """report.json has the hook results of a workload."""
    assert "Subprocess returned 3" in page.with_name("report.json").read_text(encoding="utf-8")


async def test_outputs_are_drawn_and_embedded_code_does_not_run(page: Path, tmp_path: Path) -> None:
    """In a browser the charts are drawn, a frame shows its page, its script changes nothing, nothing is fetched."""
    async with opened(page, tmp_path / "profile", width=1440, scheme="light") as tab:
        await tab.value("document.querySelectorAll('.workload details').forEach(one => one.open = true)")
        await tab.value(
            """(async () => { for (const one of document.querySelectorAll('.output .chart, iframe')) {
                one.scrollIntoView({behavior: 'instant'}); await new Promise(done => setTimeout(done, 60)) } })()"""
        )
        charts = await tab.value("document.querySelectorAll('.output .chart').length")
        drawn = await tab.value("document.querySelectorAll('.output .chart .main-svg:first-of-type').length")
        title = await tab.value("document.title")
        height = await tab.value("document.querySelector('iframe').getBoundingClientRect().height")
    asked = [said["params"]["request"]["url"] for said in tab.said if said["method"] == "Network.requestWillBeSent"]
    broken = [said for said in tab.said if said["method"] == "Runtime.exceptionThrown"]

    assert charts == 3 + 3 * 12
    assert drawn >= charts
    assert title != "taken"
    assert height > 100
    assert broken == []
    assert [url for url in asked if not url.startswith(("file:", "data:", "about:"))] == []
