"""The list of runs: its filters, its pages, and its complaints."""

import random
import re
import time
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ui_results import EVIL, NOW, MadeResults, uuid_of

from rallycross.errors import RallycrossError
from rallycross.results.run_list import VERDICTS, RunFilter
from rallycross.ui import parameters
from rallycross.ui.page import Links
from rallycross.ui.runs import runs_page
from rallycross.views.runs import run_page

LINKS = Links()


def listed(html: str) -> list[str]:
    """Return the uuids of the runs on a page."""
    return re.findall(r'<th scope="row"><a href="/rallycross/runs/([\w-]+)"', html)


@pytest.mark.parametrize("verdict", VERDICTS)
def test_the_verdict_filter_agrees_with_the_shown_verdicts(made: MadeResults, verdict: Any) -> None:
    """The runs with a verdict are exactly those that the whole list shows with it."""
    for number in range(40):
        ending = random.Random(number).choice(["passed", "failed", "invalid", "running", "not judged"])
        made.task(str(number), ending=ending, at=NOW - number, workloads=1 + number % 3)
    made.verification("good")
    made.verification("bad", failing=True)
    everything = run_page(made.store, RunFilter(), size=200).entries

    found = run_page(made.store, RunFilter(verdict=verdict), size=200)

    assert [one.uuid for one in found.entries] == [one.uuid for one in everything if one.verdict == verdict]
    assert found.entries
    assert found.next is None


@pytest.mark.parametrize("size", [1, 3, 7])
@pytest.mark.parametrize("verdict", ["", "failed"])
def test_pages_together_are_the_list(made: MadeResults, size: int, verdict: Any) -> None:
    """Each run is on exactly one page, in the order of the whole list, also if several began at once."""
    for number in range(20):
        made.task(str(number), ending="failed" if number % 4 else "passed", at=NOW - number // 3)
    made.verification("v", failing=True, at=NOW - 2)
    whole = [one.uuid for one in run_page(made.store, RunFilter(verdict=verdict), size=200).entries]
    pages, address = [], "?"

    for _ in range(100):
        query = {"size": str(size), "verdict": verdict, **dict(parse_qsl(urlsplit(address).query))}
        html = runs_page(made.store, LINKS, query).html
        pages += listed(html)
        following = re.search(r'href="([^"]+)" rel="next"', html)
        if following is None:
            break
        address = following[1].replace("&amp;", "&")

    assert pages == whole


def test_filters_narrow_the_list(made: MadeResults) -> None:
    """Cloud, recipe, tag, kind and time each leave the runs that match."""
    old = made.task("old", cloud="a", title="One", tags=("nightly", "recipe:smoke"), at=NOW - 10 * 86400)
    new = made.task("new", cloud="b", title="Two", at=NOW - 60)
    verification = made.verification("v", cloud="a", at=NOW - 30)

    def found(**query: str) -> list[str]:
        return listed(runs_page(made.store, LINKS, query).html)

    assert found() == [verification, new, old]
    assert found(cloud="a") == [verification, old]
    assert found(title="Two") == [new]
    assert found(title="smoke") == [old]
    assert found(tag="nightly") == [old]
    assert found(kind="verification") == [verification]
    assert found(until="2000-01-01") == []
    day = time.strftime("%Y-%m-%d", time.gmtime(NOW - 5 * 86400))
    assert found(since=day) == [verification, new]
    assert found(until=day) == [old]


def test_texts_of_users_are_no_markup(made: MadeResults) -> None:
    """Titles, tags, clouds and filters with HTML in them are shown as they are written."""
    made.task("evil", title=EVIL, tags=(EVIL,), cloud=EVIL[:200])

    html = runs_page(made.store, LINKS, {"cloud": EVIL[:200], "title": EVIL, "tag": EVIL}).html

    assert "<script>alert" not in html
    assert "<img" not in html
    assert "49" not in re.sub(r"[0-9a-f]{6,}|#[0-9a-f]+", "", html.split("</style>")[1].split("<script>")[0])
    assert uuid_of("evil") in html


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"verdict": "good"}, "verdict: 'good' is not known"),
        ({"verdict": "pased"}, "did you mean passed"),
        ({"kind": "x"}, "kind: "),
        ({"size": "0"}, "from 1 to 200"),
        ({"size": "1e9"}, "whole number"),
        ({"size": "٣"}, "whole number"),
        ({"since": "yesterday"}, "not a date"),
        ({"until": "9999-12-31"}, "not a date"),
        ({"after": "'; DROP TABLE tasks"}, "end of a page"),
        ({"after": "1e99~x"}, "end of a page"),
        ({"title": "x" * 301}, "at most 300"),
        ({"cloud": "a\0b"}, "characters that no text has"),
    ],
)
def test_a_bad_filter_is_told(made: MadeResults, query: dict[str, str], says: str) -> None:
    """A parameter that cannot be used is a complaint that names it."""
    with pytest.raises(RallycrossError, match=re.escape(says)):
        runs_page(made.store, LINKS, query)


@given(st.dictionaries(st.sampled_from(["size", "since", "until", "after", "verdict", "kind"]), st.text(max_size=40)))
def test_any_text_is_a_filter_or_a_complaint(query: dict[str, str]) -> None:
    """No text in an address is an error of another kind."""
    with suppress(parameters.BadParameter):
        parameters.run_filter(query)
        parameters.marker(query)
        parameters.whole(query, "size", default=1, least=1, most=9)
