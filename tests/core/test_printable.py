"""Foreign texts cannot control a terminal."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rallycross.printable import printable, without_colours

_STEERS = {"Cc", "Cf", "Cs", "Zl", "Zp"}


@given(st.text(st.characters(exclude_categories=())))
def test_no_character_is_left_that_steers(text: str) -> None:
    """The result has only visible characters, tabs and line ends, and does not change if applied again."""
    shown = printable(text)
    assert not [one for one in shown if unicodedata.category(one) in _STEERS and one not in "\n\t"]
    assert printable(shown) == shown
    assert not {"\n", "\t"} & set(printable(text, keep=""))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]0;PWN\a", r"\x1b]0;PWN\x07"),
        ("a\u202eb", r"a\u202eb"),
        ("\u2066x\u2069\u200b\ufeff", r"\u2066x\u2069\u200b\ufeff"),
        ("\x9b31m\x7f\x85", r"\x9b31m\x7f\x85"),
        ("a\u2028b\rc", r"a\u2028b\rc"),
        ("\udcff", r"\udcff"),
        ("\U000e0041", r"\U000e0041"),
        ("Zürich 東京 ✓ €\n\tyes", "Zürich 東京 ✓ €\n\tyes"),
    ],
)
def test_what_steers_is_written_out(text: str, shown: str) -> None:
    """Unsafe characters are escaped as in Python; letters of any language stay."""
    assert printable(text) == shown


def test_colours_of_a_program_go() -> None:
    """Only colour codes are removed; other escape sequences stay."""
    assert without_colours("\x1b[0;31mred\x1b[m \x1b[2J") == "red \x1b[2J"
