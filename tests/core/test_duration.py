"""Durations as users write them."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rallycross.duration import LONGEST, duration
from rallycross.errors import RallycrossError

UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}


@given(st.integers(1, 5000), st.sampled_from(sorted(UNITS)), st.sampled_from(["", " "]))
def test_a_number_with_a_unit_is_a_duration(number: int, unit: str, space: str) -> None:
    """A whole number with a unit is that many units, with or without a space between."""
    assert duration(f"{number}{space}{unit}") == timedelta(seconds=number * UNITS[unit])


@given(st.text(max_size=20))
def test_any_text_is_a_duration_or_told(text: str) -> None:
    """Any text is a duration within bounds, or an error that says how to write one."""
    try:
        found = duration(text)
    except RallycrossError as error:
        told = str(error)
    else:
        assert 0 < found.total_seconds() <= LONGEST
        return
    assert "such as 90m" in told


@pytest.mark.parametrize("text", ["", "90", "0d", "-1d", "1 y", "1h30m", "9" * 30 + "d", "999999999w", "nan s"])
def test_what_is_no_duration_is_told(text: str) -> None:
    """A text without a unit, with several, or out of bounds is an error."""
    with pytest.raises(RallycrossError, match="is not a duration"):
        duration(text)
