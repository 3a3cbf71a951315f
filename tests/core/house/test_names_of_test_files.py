"""Test files have names of their own, since pytest imports them by their names."""

from collections import Counter

from rallycross.settings import CHECKOUT


def test_no_two_files_have_one_name() -> None:
    """No module of the tests has the name of another, but for the `conftest.py` of each folder."""
    names = Counter(path.name for path in (CHECKOUT / "tests").rglob("*.py") if path.name != "conftest.py")
    assert len(names) > 1
    assert [name for name, count in names.items() if count > 1] == []
