"""A comparison of runs as one self-contained HTML page."""

import time
from collections.abc import Iterator

from markupsafe import Markup

from rallycross.judging.run_comparison.compare import RunComparison
from rallycross.report import pages
from rallycross.views.run_comparison import FigureRow, comparison_view

_TONES = {"worse": "bad", "better": "good", "doubtful": "warn"}
_WIDEST = 0.5  # change at the ends of the drawn axis, if no interval is wider


def page(found: RunComparison) -> str:
    """Return the page."""
    view = comparison_view(found)
    scripts = [pages.script("theme.js"), pages.script("airflow.js")]
    return (
        pages.templates()
        .get_template("run_comparison.html.j2")
        .render(
            view=view,
            runs=[("first", run) for run in found.first] + [("second", run) for run in found.second],
            worse=sum(one.outcome == "worse" for one in found.figures),
            tones=_TONES,
            workloads=[(workload, list(_with_bars(workload.rows))) for workload in view.workloads],
            written_at=time.time(),
            style=pages.style(),
            scripts=[Markup(script) for script in scripts],  # noqa: S704 - our own
            policy=pages.policy(scripts),
        )
    )


def _with_bars(rows: tuple[FigureRow, ...]) -> Iterator[tuple[FigureRow, dict[str, float] | None]]:
    """Yield each row with the place of its interval on the axis of its workload, in percent of the axis' width."""
    ends = [abs(end) for row in rows if row.interval for end in row.interval]
    widest = min(_WIDEST, max(ends, default=_WIDEST)) or _WIDEST

    def place(change: float) -> float:
        return round(50 + 50 * max(-1.0, min(1.0, change / widest)), 2)

    for row in rows:
        bar = None
        if row.interval:
            low, change, high = map(place, row.interval)
            bar = {"low": low, "width": high - low, "at": change}
        yield row, bar
