"""Lists of tests are read from lines and mappings."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rallycross.errors import RallycrossError
from rallycross.verification.lists import read_file, read_list

NAMES = st.from_regex(r"[a-z_]{1,8}(\.[A-Za-z_]{1,8}){1,4}", fullmatch=True)
REASONS = st.from_regex(r"[A-Za-z0-9 ,.']{0,30}", fullmatch=True).map(str.strip)


@given(st.dictionaries(NAMES, REASONS, min_size=1))
def test_lines_and_mappings_mean_the_same(entries: dict[str, str]) -> None:
    """Entries on lines and in Rally's YAML are read alike."""
    lines = "\n".join(f"{name}  # {reason}" for name, reason in entries.items())
    mapping = "---\n" + "\n".join(
        f"{name}: '{reason.replace(chr(39), chr(39) * 2)}'" for name, reason in entries.items()
    )
    assert read_list(lines) == read_list(mapping) == entries


def test_lists_leave_out_comments_and_empty_lines() -> None:
    """An entry keeps the comment after it; comment lines are skipped."""
    assert read_list("# why\n\n  a.b  # because\nc.d\n") == {"a.b": "because", "c.d": ""}


def test_attributes_are_no_part_of_a_name() -> None:
    """Attributes, as `stestr list` prints them, are removed; a regular expression is not changed."""
    assert list(read_list("a.B.test_c[id-1,smoke]\na\\.[bc]\\.")) == ["a.B.test_c", r"a\.[bc]\."]


def test_rally_s_json_is_read() -> None:
    """Rally's lists may be JSON."""
    assert read_list('{"a.b": "because", "c.d": null}') == {"a.b": "because", "c.d": ""}


@pytest.mark.parametrize(
    ("content", "said"), [("", "is empty"), ("{", "neither lines nor"), ("---\n[a]", "not a mapping")]
)
def test_what_is_no_list_is_said(tmp_path: Path, content: str, said: str) -> None:
    """The message has the file and the expected format."""
    file = tmp_path / "skips.txt"
    file.write_text(content)
    with pytest.raises(RallycrossError, match=rf"skips\.txt: {said}"):
        read_file(str(file))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """The message for a missing file has its path."""
    with pytest.raises(RallycrossError, match=r"none\.txt: cannot be read"):
        read_file(str(tmp_path / "none.txt"))
