"""The page Trends: the history of a task's figures on a cloud."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rallycross.results.store import Store
from rallycross.ui import parameters
from rallycross.ui.changes import changes_of
from rallycross.ui.page import TONES, Links, Page, rendered, with_query
from rallycross.ui.trend_chart import Mark, chart, sparkline
from rallycross.views import wording
from rallycross.views.changes import ChangeEntry
from rallycross.views.trends import FIGURES, RUNS, Point, Series, SeriesKey, Trend, trend

_DETECTED = {name: name for name in FIGURES} | {"failed_share": "failure_rate"}  # as change detection names it
_MOST_ROWS = 200  # workloads and actions in the table


def trends_page(
    store: Store,
    links: Links,
    given: Mapping[str, str],
    *,
    of: tuple[str, Sequence[tuple[str, str]]] | None = None,
    may_acknowledge: bool = False,
) -> Page:
    """Return the page for the parameters of its address; `of`: a DAG, and the recipes that its runs had.

    `may_acknowledge`: whether the user may acknowledge changes. Raises `BadParameter`.
    """
    figure = parameters.choice(given, "figure", tuple(FIGURES)) or next(iter(FIGURES))
    title, cloud = parameters.text(given, "title"), parameters.text(given, "cloud")
    position = parameters.whole(given, "workload", default=1, least=1, most=100_000) - 1
    action, depth = parameters.text(given, "action"), parameters.whole(given, "depth", default=0, least=0, most=1000)
    recipes = list(of[1]) if of else store.runs.recipes()
    matching = [one for one in recipes if title in {"", one[0]} and cloud in {"", one[1]}]
    title, cloud = matching[0] if matching else (title, cloud)
    history = trend(store, title, cloud, figure)
    chosen = _chosen(history, position, action, depth)
    words = _words(figure)
    changes = changes_of(store, history)
    page = links.to("dags", of[0], "trends") if of else links.to("trends")
    query = {"title": title, "cloud": cloud, "figure": figure}
    return rendered(
        "trends.html.j2",
        links,
        active="trends",
        dag=of[0] if of else "",
        recipes=recipes,
        history=history,
        found=bool(matching),
        figures=FIGURES,
        page=page,
        chosen=chosen.key if chosen else None,
        series_name=_name(chosen.key) if chosen else "",
        chart=chart(
            _marks(history, chosen, changes, links=links, words=words),
            title=f"{FIGURES[figure]} over runs",
            words=words,
        )
        if chosen
        else "",
        lines=[
            {
                "key": one.key,
                "href": with_query(
                    page, **query, workload=one.key.position + 1, action=one.key.action, depth=one.key.depth or ""
                ),
                "spark": sparkline(one.points),
                "last": words(one.last.value) if one.last else "",
                "before": words(one.before) if one.before is not None else "",
                "change": _change(one),
            }
            for one in history.series[:_MOST_ROWS]
        ],
        values=_values(history, chosen, links, words) if chosen else [],
        changes=changes,
        may_acknowledge=may_acknowledge,
        left_out=max(0, len(history.series) - _MOST_ROWS),
        most=RUNS,
        now=time.time(),
    )


def _chosen(history: Trend, position: int, action: str, depth: int) -> Series | None:
    """Return the wanted series, or else the first of that workload, or else the first."""
    wanted = [one for one in history.series if one.key.position == position]
    exactly = (one for one in wanted if (one.key.action, one.key.depth) == (action, depth))
    return next(exactly, next(iter([*wanted, *history.series]), None))


def _name(key: SeriesKey) -> str:
    whole = f"{key.position + 1}. {key.scenario}"
    return f"{whole}, {key.action}" if key.action else whole


def _values(history: Trend, series: Series, links: Links, words: Callable[[float], str]) -> list[dict[str, Any]]:
    """Return the rows of the table of runs, the newest first."""
    before = [None, *history.runs[:-1]]
    rows = [
        {
            "run": run,
            "value": words(point.value) if point else wording.NOTHING,
            "interval": _interval(point, words),
            "compare": links.to("compare", run=[earlier.entry.uuid, run.entry.uuid]) if earlier else "",
        }
        for earlier, run, point in zip(before, history.runs, series.points, strict=True)
    ]
    return rows[::-1]


def _marks(
    history: Trend, series: Series, changes: Sequence[ChangeEntry], *, links: Links, words: Callable[[float], str]
) -> list[Mark]:
    key = series.key
    events: dict[str, list[str]] = {}
    for one in changes:
        if (one.scenario, one.action, one.figure) == (key.scenario, key.action, _DETECTED.get(history.figure)):
            events.setdefault(one.first_task, []).append(one.sentence)
    return [
        Mark(
            point=point,
            tone=TONES.get(run.entry.verdict, ""),
            href=links.to("runs", run.entry.uuid),
            label=f"{wording.moment(run.entry.started_at)}: {words(point.value) if point else ''}, {run.entry.verdict}",
            date=wording.moment(run.entry.started_at)[5:10],
            changed="; ".join(run.environment_changes),
            event="; ".join(events.get(run.entry.uuid, ())),
        )
        for run, point in zip(history.runs, series.points, strict=True)
    ]


def _words(figure: str) -> Callable[[float], str]:
    if figure == "throughput":
        return wording.rate
    return (lambda value: f"{100 * value:.3g} %") if figure == "failed_share" else wording.duration


def _change(series: Series) -> str:
    """Return how far the last value is from the median of those before; it is not judged here."""
    if series.last is None or not series.before:
        return ""
    return f"{100 * (series.last.value / series.before - 1):+.1f} %"


def _interval(point: Point | None, words: Callable[[float], str]) -> str:
    if point is None or point.low is None or point.high is None:
        return ""
    return f"{words(point.low)} to {words(point.high)}"
