"""A test's id is split into name and attributes."""

from hypothesis import given
from hypothesis import strategies as st

from rallycross.verification.testid import TestId

WORDS = st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True)
TAGS = st.from_regex(r"id-[a-f0-9-]{1,12}|smoke|slow", fullmatch=True)


@given(st.lists(WORDS, min_size=3, max_size=6), st.lists(TAGS, max_size=4))
def test_name_and_tags_come_back(words: list[str], tags: list[str]) -> None:
    """The text in brackets is the tags, the text before it the name."""
    name = ".".join(words)
    test = TestId(f"{name}[{','.join(tags)}]" if tags else name)
    assert test.name == name
    assert test.tags == tuple(tags)
    assert test.class_name == ".".join(words[:-1])


def test_a_scenario_in_parentheses_belongs_to_the_name() -> None:
    """Dots in the variant that testscenarios appends do not end the name of the class."""
    test = TestId("pkg.mod.Class.test_it(v2.1,ipv6)[smoke]")
    assert (test.name, test.class_name, test.tags) == ("pkg.mod.Class.test_it(v2.1,ipv6)", "pkg.mod.Class", ("smoke",))


def test_parameters_in_brackets_belong_to_the_name() -> None:
    """Pytest's parameters are part of the name, not attributes."""
    for full in ("a.test_boot[m1.tiny]", "a.test_boot[1-2]", "a.test_up[compute]", "a.test_x[a[0]]", "a.test_x[]"):
        assert (TestId(full).name, TestId(full).tags, TestId(full).class_name) == (full, (), "a")
