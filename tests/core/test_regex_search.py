"""Regular expressions of users are searched for as `re` does, and never without end."""

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
    """Each pattern is found where `re` finds it, or is told to be none."""
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
    """One that searches, or is made ready, without end is named, with the setting."""
    with pytest.raises(BadPatterns, match=r"takes more than 1 s with those before it - .*RALLYCROSS_PATTERN_SECONDS"):
        search_all(patterns, [NAME])


def test_what_takes_all_memory_is_told() -> None:
    """One that would need gigabytes is a sentence."""
    with pytest.raises(RallycrossError, match=r"take more than 256 MB|takes more than 4 s"):
        search_all(["(" + "|".join(f"a{n}b{n}" for n in range(400_000)) + ")"], [NAME])


@pytest.mark.usefixtures("_little_time")
def test_nobody_who_names_one_waits() -> None:
    """The pattern of tests, a list of skips, and the name of an image are held to it."""
    with pytest.raises(NotFound, match=r"neither the name of any image nor .*\(takes more than 1 s"):
        _fitting("image", ENDLESS, [NamedResource("1", NAME)], accurate=False)
    assert Choice(pattern=ENDLESS, skips={ENDLESS: "why"}).pattern == ENDLESS
    with pytest.raises(InvalidInput, match=r"l: \(: not a regular expression"):
        check_patterns({"a": "", "(": ""}, file="l")


def test_very_many_are_searched_for() -> None:
    """A list of as many names as tempest has tests is searched for in all of them."""
    names = [f"tempest.api.module_{number}.Class.test_{number}" for number in range(1_500)]
    assert search_all(names, names)[7] == {7}
