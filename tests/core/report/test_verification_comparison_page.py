"""The page that compares verifications: it shows the differences, and escapes what tests say."""

import re

from test_html import EVIL, Page

from rallycross.judging.verification_comparison import compare
from rallycross.report.verification_comparison import page
from rallycross.results.models import TestRow, VerificationRow
from rallycross.views.wording import NOTHING

RUNS = ("one", "two", "three")


def _test(name: str, status: str, seconds: float = 1.0, traceback: str = "") -> TestRow:
    return TestRow(name=name, status=status, seconds=seconds, traceback=traceback, reason="", tags=[], started_at=0.0)


def _page(*tests: list[TestRow]) -> tuple[Page, str]:
    rows = [
        VerificationRow(uuid=uuid, cloud="mine", chosen="quick", started_at=float(number))
        for number, uuid in enumerate(RUNS[: len(tests)])
    ]
    runs = list(zip(rows, tests, strict=True))
    text = page(compare(runs), runs)
    return Page(text), text


def test_what_differs_is_told_by_kind_with_the_traceback_of_what_broke() -> None:
    """Each non-empty list is a section; empty lists are left out."""
    first = [_test("a.broken", "success"), _test("a.slow", "success"), _test("a.gone", "success")]
    last = [_test("a.broken", "fail", traceback="Quota exceeded"), _test("a.slow", "success", 9.0)]
    found, _ = _page(first, [*last, _test("a.new", "success")])
    words = re.sub(r"\s+", " ", found.text)
    assert "1 test broken" in words
    assert "2 verifications of mine" in words
    assert "Quota exceeded" in words
    assert "a.slow 1.00 s9.00 s 8.00 s9.00" in words
    assert "1 test only in the last" in words
    assert "1 test missing in the last" in words
    sections = {attributes.get("id") for tag, attributes in found.elements if tag == "section"}
    assert sections == {"verdict", "broken", "slower", "others"}


def test_a_test_that_was_not_run_in_between_has_a_dash() -> None:
    """If nothing broke, the page says so."""
    found, _ = _page([_test("a.b", "fail")], [], [_test("a.b", "success")])
    words = re.sub(r"\s+", " ", found.text)
    assert "Nothing broke" in words
    assert f"a.b fail{NOTHING}success" in words


def test_the_page_is_whole_and_lets_nothing_in() -> None:
    """No script runs, nothing is fetched, and every element is closed."""
    found, text = _page([_test(EVIL, "success")], [_test(EVIL, "fail", traceback=EVIL)])
    assert found.ends == []
    assert found.scripts == []
    assert EVIL not in text
    assert not [tag for tag, attributes in found.elements if "src" in attributes or tag in {"img", "link"}]
    assert any("script-src 'none'" in attributes.get("content", "") for _, attributes in found.elements)
