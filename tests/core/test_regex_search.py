"""Searches for users' regular expressions give the results of `re`, within limits."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rallycross.cloud.facts import NamedResource
from rallycross.errors import InvalidInput, RallycrossError
from rallycross.regex_search import BadPatterns, search_all
from rallycross.task.resources import NotFound, _fitting
from rallycross.verification.lists import check_patterns
from rallycross.verification.selection import Choice

ENDLESS = r"^(\w+\.?)+!"
NAME = "tempest.api.compute.servers.test_servers.ServersTestJSON.test_create"
PIECES = ["a", "b", ".", "*", "+", "(", ")", "[", "]", "|", "?", "\\", "^", "$", "{2}", "é", "\ud800"]


@pytest.mark.filterwarnings("ignore::FutureWarning")
@given(
    st.lists(st.lists(st.sampled_from(PIECES), max_size=5).map("".join), max_size=4),
    st.lists(st.text("ab.é", max_size=6), max_size=4),
)
@settings(max_examples=40, deadline=None)
def test_what_is_found_is_what_re_finds(patterns: list[str], texts: list[str]) -> None:
    """Each pattern matches where `re` matches, or is refused if it is invalid."""
    wrong, expected = set(), []
    for number, pattern in enumerate(patterns):
        try:
            one = re.compile(pattern)
            expected.append(frozenset(at for at, text in enumerate(texts) if one.search(text)))
        except re.error:
            wrong.add(number)
    if not wrong:
        assert search_all(patterns, texts) == tuple(expected)
        return
    with pytest.raises(BadPatterns, match="not a regular expression") as caught:
        search_all(patterns, texts)
    assert caught.value.why.keys() == wrong


@pytest.fixture(name="_little_time")
def _fixture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RALLYCROSS_PATTERN_SECONDS", "1")


@pytest.mark.usefixtures("_little_time")
@pytest.mark.parametrize("patterns", [["a", ENDLESS, "b"], [r"(.|\w)*!", "("]])
def test_what_takes_all_time_is_told(patterns: list[str]) -> None:
    """A pattern that takes too long to search or compile is named, with the setting."""
    with pytest.raises(BadPatterns, match=r"takes more than 1 s with those before it - .*RALLYCROSS_PATTERN_SECONDS"):
        search_all(patterns, [NAME])


def test_what_takes_all_memory_is_told() -> None:
    """A pattern that needs gigabytes is an error with a message."""
    with pytest.raises(RallycrossError, match=r"take more than 256 MB|takes more than 4 s"):
        search_all(["(" + "|".join(f"a{n}b{n}" for n in range(400_000)) + ")"], [NAME])


@pytest.mark.usefixtures("_little_time")
def test_nobody_who_names_one_waits() -> None:
    """The limits apply to patterns of tests, skip lists, and names of images."""
    with pytest.raises(NotFound, match=r"neither the name of any image nor .*\(takes more than 1 s"):
        _fitting("image", ENDLESS, [NamedResource("1", NAME)], accurate=False)
    assert Choice(pattern=ENDLESS, skips={ENDLESS: "why"}).pattern == ENDLESS
    with pytest.raises(InvalidInput, match=r"l: \(: not a regular expression"):
        check_patterns({"a": "", "(": ""}, file="l")


def test_very_many_are_searched_for() -> None:
    """As many patterns as tempest has tests can be searched in all of its tests."""
    names = [f"tempest.api.module_{number}.Class.test_{number}" for number in range(1_500)]
    assert search_all(names, names)[7] == {7}
