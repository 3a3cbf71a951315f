"""The page Compare."""

import re
from pathlib import Path

import pytest
from made_run import MadeRun, make_task
from ui_results import MadeResults, uuid_of

from rallycross.errors import RallycrossError
from rallycross.ui.compare import compare_page
from rallycross.ui.page import Links
from rallycross.ui.runs import runs_page

LINKS = Links()


def test_two_runs_are_compared_the_earlier_first(made: MadeResults, tmp_path: Path) -> None:
    """Whichever was chosen first, the earlier run is the first side, and the page links back to both."""
    runs = [MadeRun(tmp_path, task=uuid_of(name)) for name in ("a", "b")]
    for run in runs:
        make_task(made.store, run, iterations=20)
    with made.store.database.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE tasks SET started_at = 1000, ended_at = 1060 WHERE uuid = ?", (uuid_of("b"),)
        )

    html = compare_page(made.store, LINKS, [uuid_of("a"), uuid_of("b")], "", samples=tmp_path).html

    sides = re.findall(r"<td>(first|second)</td>.*?<code title=\"([\w-]+)\"", html)
    assert sides == [("first", uuid_of("b")), ("second", uuid_of("a"))]
    assert f'href="/rallycross/runs/{uuid_of("a")}"' in html
    assert uuid_of("a") in runs_page(made.store, LINKS, {}).html


@pytest.mark.parametrize(
    ("runs", "by", "says"),
    [
        ([], "", "0 runs are chosen"),
        (["a"], "", "1 runs are chosen"),
        (["a", "a"], "", "1 runs are chosen"),
        (["a", "v"], "", "is no benchmark"),
        (["a", "nothing"], "", "is no benchmark"),
        (["a", "r"], "", "still running"),
        (["a", "r"], "moon", "by: 'moon' is not known"),
    ],
)
def test_what_cannot_be_compared_is_told(
    made: MadeResults, tmp_path: Path, *, runs: list[str], by: str, says: str
) -> None:
    """Fewer than two runs, runs of other kinds, and running ones are complaints."""
    made.task("a")
    made.verification("v")
    made.task("r", ending="running")
    with pytest.raises(RallycrossError, match=re.escape(says)):
        compare_page(made.store, LINKS, [uuid_of(name) for name in runs], by, samples=tmp_path)
    with pytest.raises(RallycrossError, match="not the uuid"):
        compare_page(made.store, LINKS, ["x", uuid_of("a")], "", samples=tmp_path)
