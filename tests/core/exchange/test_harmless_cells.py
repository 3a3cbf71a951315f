"""No spreadsheet runs a cell of an exported file."""

import csv
import io

import pyarrow as pa
import pyarrow.csv
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rallycross.exchange.flat_rows import _harmless, harmless

BEGINS = "=+-@\t\r\uff1d\uff0b\uff0d\uff20"
FORMULAS = st.builds(
    lambda before, sign, rest: f"{before}{sign}{rest}",
    st.text(" \"'\ufeff", max_size=3),
    st.sampled_from(BEGINS),
    st.text(min_size=1, max_size=20),
)


@given(FORMULAS | st.text(max_size=30))
def test_no_text_begins_as_a_formula_does(text: str) -> None:
    """No text begins like a formula, also after spaces, quotation marks or a semicolon."""
    told = harmless(text)
    for cell in told.split(";") if told != text or not _is_number(text) else []:
        assert cell.strip(' "\n\ufeff')[:1] not in set(BEGINS)
    assert told.replace("'", "") == text.replace("'", "")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("@SUM(1)", "'@SUM(1)"),
        (' "=1+1', "' \"=1+1"),
        ("-1+1", "'-1+1"),
        ("a;=1+1", "a;'=1+1"),
        ("a\t=1+1", "a\t'=1+1"),
        ("a\tb", "a\tb"),
        ("nova.boot_server", "nova.boot_server"),
        ("a-b=c", "a-b=c"),
    ],
)
def test_a_formula_is_made_a_text(text: str, told: str) -> None:
    """A formula is made text by a leading ', which spreadsheets do not show; other texts stay."""
    assert harmless(text) == told


@pytest.mark.parametrize("text", ["-5", "+0.25", "-1e-3", "12", "", "0.5"])
def test_a_number_stays_one(text: str) -> None:
    """The sign of a number is not taken for the start of a formula."""
    assert harmless(text) == text


@given(st.lists(st.none() | FORMULAS, min_size=1, max_size=5))
def test_a_file_has_no_formula(texts: list[str | None]) -> None:
    """An exported file has no formula, and missing values stay missing."""
    column = _harmless(pa.chunked_array([pa.array(texts, pa.string())]))
    assert [one is None for one in column.to_pylist()] == [one is None for one in texts]
    written = io.BytesIO()
    pyarrow.csv.write_csv(pa.table({"name": column}), written)
    rows = list(csv.reader(io.StringIO(written.getvalue().decode(), newline="")))[1:]
    assert not [row for row in rows if row and row[0][:1] in set(BEGINS) and not _is_number(row[0])]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
