"""The page on results says how things end, as the code does."""

import re
from pathlib import Path

from rallycross.results.endings import ENDINGS

PAGE = Path(__file__).parents[3] / "docs/results.md"


def test_the_table_of_endings_is_that_of_the_code() -> None:
    """Of what, by which name, and when: row by row."""
    part = PAGE.read_text(encoding="utf-8").partition("## How things end")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (\w+) \| (.+?) \| (.+) \|$", part, re.MULTILINE)
    assert [row for row in rows if row[0] != "of"] == [(one.of, one.name, one.when) for one in ENDINGS]
