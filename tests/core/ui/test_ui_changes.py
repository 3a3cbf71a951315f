"""Confirmed changes on the pages Trends and Overview, and their acknowledgement."""

import pytest
from ui_results import EVIL, NOW, MadeResults, change, uuid_of

from rallycross.errors import RallycrossError
from rallycross.ui.changes import acknowledge
from rallycross.ui.overview import overview_page
from rallycross.ui.page import Links
from rallycross.ui.trends import trends_page

LINKS = Links()


@pytest.fixture(name="changed")
def _changed(made: MadeResults) -> int:
    """Make a history of five runs with a change at the third; return the change's id."""
    for number in range(5):
        made.task(f"r{number}", tags=("recipe:quick",), at=NOW - 500 + number, seconds=1.0 + (number >= 2))
    made.store.changes.add([change("quick", uuid_of("r2"), what=EVIL)])
    return made.store.changes.latest()[0].id


def test_a_change_is_marked_listed_and_open(made: MadeResults, changed: int) -> None:
    """The chart marks the first run, the list has the sentence with its interval, and the cloud has an open change."""
    made.store.changes.add([change("another", uuid_of("r2"))])

    html = trends_page(made.store, LINKS, {}, may_acknowledge=True).html
    overview = overview_page(made.store, LINKS).html

    assert html.count('<g class="event">') == 1
    assert html.count('<article class="change">') == 1
    assert "slower by 100 % [90, 110]" in html
    assert f'action="/rallycross/changes/{changed}/acknowledge"' in html
    assert "<script>alert" not in html + overview
    assert "Open changes" in overview


def test_an_acknowledged_change_is_not_open(made: MadeResults, changed: int) -> None:
    """After its acknowledgement the change stays, with who and why, and asks for nothing."""
    made_known = acknowledge(made.store, str(changed), {"note": f"new nova {EVIL}"}, by="ann")

    html = trends_page(made.store, LINKS, {}, may_acknowledge=True).html

    assert made_known is not None
    assert made_known.state == "acknowledged"
    assert "acknowledged by ann" in html
    assert "new nova" in html
    assert "<img" not in html
    assert "/acknowledge" not in html
    assert "Open changes" not in overview_page(made.store, LINKS).html


def test_a_viewer_gets_no_form(made: MadeResults, changed: int) -> None:
    """Who may not acknowledge sees the change without the form."""
    assert changed
    html = trends_page(made.store, LINKS, {}).html
    assert "slower by" in html
    assert "<form" in html
    assert 'method="post"' not in html


@pytest.mark.parametrize("number", ["x", "0", "99999999999", "-1", "1 OR 1=1"])
def test_no_number_of_a_change_is_told(made: MadeResults, number: str) -> None:
    """A number that no change can have is a complaint, and one that no change has is none."""
    assert acknowledge(made.store, "4242", {}, by="ann") is None
    with pytest.raises(RallycrossError, match="change: "):
        acknowledge(made.store, number, {}, by="ann")
