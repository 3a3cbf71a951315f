"""The page on mangled files says what was held, and of what."""

import re

from mangled import KINDS, MEMORY, SECONDS, count

from rallycross.settings import CHECKOUT

ROW = re.compile(r"^\| (\w+) \| (\d+) \| ([\d.]+) \| (\d+) \| (\d+) \|$", re.MULTILINE)


def test_the_table_is_that_of_all_kinds() -> None:
    """Each kind stands in the table with as many files as are made of it, 100,000 in all, within the limits."""
    rows = ROW.findall((CHECKOUT / "docs/mangled-files.md").read_text())
    assert {kind: int(files) for kind, files, *_ in rows} == {kind: count(kind) for kind in KINDS}
    assert sum(map(count, KINDS)) == 100_000
    for _, _, seconds, peak, failures in rows:
        assert (float(seconds) < SECONDS, float(peak) < MEMORY, failures) == (True, True, "0")
