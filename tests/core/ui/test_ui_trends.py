"""The page Trends: values by run, intervals, and where the environment changed."""

import math
import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ui_results import EVIL, NOW, MadeResults

from rallycross.errors import RallycrossError
from rallycross.results.changes import Change
from rallycross.ui.page import Links
from rallycross.ui.trend_chart import Mark, _ticks, chart, sparkline
from rallycross.ui.trends import trends_page
from rallycross.views.trends import FIGURES, Point, trend

LINKS = Links()


@pytest.fixture(name="history")
def _history(made: MadeResults) -> MadeResults:
    """Make a history of ten runs, the last three twice as slow and on a newer nova."""
    for number in range(10):
        late = number >= 7
        environment = {"cloud": {"nova": "32" if late else "31"}, "rallycross": "0.1.0"}
        made.task(f"r{number}", at=NOW - 1000 + number, seconds=2.0 if late else 1.0, environment=environment)
    made.task("invalid", ending="invalid", at=NOW - 500)
    made.task("running", ending="running", at=NOW - 400)
    made.task("elsewhere", cloud="other", at=NOW - 300)
    return made


def test_a_history_is_of_one_recipe_on_one_cloud(history: MadeResults) -> None:
    """Each judged run has its value, the oldest first, and the change of the environment is at its first run."""
    found = trend(history.store, "Quickstart", "embedded", "p50")

    whole, action = found.series
    assert [point and point.value for point in whole.points] == [1.0] * 7 + [2.0] * 4
    assert (whole.key.action, action.key.action) == ("", "keystone.sign_in")
    assert [at for at, run in enumerate(found.runs) if run.environment_changes] == [7, 10]
    assert found.runs[7].environment_changes == ("cloud.nova 31 → 32",)
    assert (whole.before, whole.last) == (1.0, Point(2.0))


def test_the_mean_has_its_interval(history: MadeResults) -> None:
    """The interval of a mean is that of its standard error, and a percentile has none."""
    point = trend(history.store, "Quickstart", "embedded", "avg").series[0].points[0]
    assert point is not None
    assert point.low is not None
    assert point.high is not None
    assert math.isclose(point.high - point.low, 2 * 1.96 * 0.1 / 10)
    assert trend(history.store, "Quickstart", "embedded", "p95").series[0].points[0] == Point(2.0)


@pytest.mark.parametrize("figure", FIGURES)
def test_every_figure_has_a_page(history: MadeResults, figure: str) -> None:
    """Each figure can be chosen, and has a chart with a point for each run where it was measured."""
    html = trends_page(history.store, LINKS, {"figure": figure, "cloud": "embedded"}).html

    assert html.count("<circle") >= (0 if figure == "max" else 11)
    assert f'value="{figure}" selected' in html
    assert figure == "max" or re.search(r"<svg class=\"trend\".*?</svg>", html)


def test_an_action_can_be_chosen(history: MadeResults) -> None:
    """The table links to each workload and action, and the chosen one is named."""
    html = trends_page(history.store, LINKS, {"cloud": "embedded", "action": "keystone.sign_in"}).html

    assert "<h2>1. Authenticate.keystone, keystone.sign_in</h2>" in html
    assert "cloud.nova 31 → 32" in html
    assert "+100.0 %" in html


def test_changes_of_the_history_are_listed(history: MadeResults) -> None:
    """A change that began in one of the runs is a row with its sentence and its state; without one there is no list."""
    without = trends_page(history.store, LINKS, {"cloud": "embedded"}).html
    runs = trend(history.store, "Quickstart", "embedded", "p50").runs
    entry = runs[7].entry
    change = Change(
        series="s",
        cloud="embedded",
        recipe=EVIL,
        scenario="Authenticate.keystone",
        position=0,
        action="keystone.sign_in",
        depth=0,
        figure="p50",
        worse=True,
        size=1.0,
        low=0.9,
        high=1.1,
        runs=4,
        first_task=entry.uuid,
        began_at=entry.started_at,
        found_task=runs[9].entry.uuid,
        environment=[{"what": EVIL, "before": "31", "after": "32"}],
    )
    history.store.changes.add([change])
    history.store.changes.acknowledge(1, by="me", note=EVIL)
    html = trends_page(history.store, LINKS, {"cloud": "embedded"}).html

    assert "<h2>Changes</h2>" not in without
    assert "Worse: keystone.sign_in in Authenticate.keystone (workload 1): median is slower by 100 % [90, 110]" in html
    assert "acknowledged by me: " in html
    assert EVIL not in html


def test_nothing_to_show_is_a_sentence(made: MadeResults, history: MadeResults) -> None:
    """An empty store, an unknown recipe, and a figure that cannot be are told."""
    assert "was never run on the cloud nowhere" in trends_page(history.store, LINKS, {"cloud": "nowhere"}).html
    assert "No run of this DAG" in trends_page(made.store, LINKS, {}, of=("benchmark", [])).html
    with pytest.raises(RallycrossError, match="figure: 'p51' is not known"):
        trends_page(history.store, LINKS, {"figure": "p51"})
    with pytest.raises(RallycrossError, match="workload: "):
        trends_page(history.store, LINKS, {"workload": "-1"})


def test_texts_in_charts_are_no_markup(made: MadeResults) -> None:
    """Titles, scenarios and environments with HTML in them are shown as they are written, also inside the chart."""
    for number in range(2):
        made.task(f"e{number}", title=EVIL, cloud=EVIL[:200], at=NOW + number, environment={EVIL: f"{EVIL}{number}"})

    html = trends_page(made.store, LINKS, {}).html

    assert "<script>alert" not in html
    assert "<img" not in html
    svg = re.search(r"<svg class=\"trend\".*?</svg>", html)
    assert svg is not None
    assert EVIL in "".join(ET.fromstring(svg[0]).itertext())


@given(st.floats(min_value=0, max_value=1e12))
def test_ticks_are_round_and_reach_the_top(top: float) -> None:
    """The ticks begin at zero, are evenly spaced, few, and the last is not below the greatest value."""
    ticks = _ticks(top)
    assert ticks[0] == 0
    assert ticks[-1] >= top * (1 - 1e-9)
    assert 2 <= len(ticks) <= 6


@given(st.lists(st.none() | st.floats(min_value=0, max_value=1e6), max_size=30))
def test_any_history_can_be_drawn(values: list[float | None]) -> None:
    """A chart is well-formed for every history, with gaps and zeros, and all of it is within its frame."""
    points = [None if value is None else Point(value, value / 2, value * 2) for value in values]
    marks = [Mark(point, "good", "/x?a=1&b=2", "a < b", "01-01", changed="c & d") for point in points]
    for drawn in (chart(marks, title="t", words=str), sparkline(points)):
        if drawn:
            height = float(ET.fromstring(drawn).attrib["viewBox"].split()[3])
            for circle in ET.fromstring(drawn).iter("circle"):
                assert 0 <= float(circle.attrib["cy"]) <= height
