"""The report as one self-contained HTML page: style, scripts and data are inside."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml
from markupsafe import Markup

from rallycross.cloud import shared_poll
from rallycross.report import charts, frames, outputs, pages
from rallycross.report.run import RunResults
from rallycross.results.models import DeploymentRow, SubtaskRow, WorkloadRow
from rallycross.results.workload_figures import ActionCourses, Course, WorkloadFigures
from rallycross.secret import shown
from rallycross.task.plan import Timing
from rallycross.views import wording
from rallycross.views.verification import verification_view
from rallycross.views.workload import workload_view

_BRIEF = 5  # facts about the environment in the page's head


def page(run: RunResults) -> str:
    """Return the report as HTML."""
    subtasks = run.task.subtasks if run.task else []
    workloads = [_workload(run, subtask, workload) for subtask in subtasks for workload in subtask.workloads]
    deployment = _deployment(run.deployment) if run.deployment else None
    with_charts = bool(deployment and deployment["chart"]) or any(
        workload["charts"] or outputs.has_figures([workload["outputs"], workload["hooks"]]) for workload in workloads
    )
    scripts = [pages.script("theme.js"), pages.script("airflow.js")]
    scripts += [_plotly(), pages.script("charts.js")] if with_charts else []
    return (
        pages.templates()
        .get_template("page.html.j2")
        .render(
            run=run,
            deployment=deployment,
            verification=verification_view(run.tests) if run.verification else None,
            workloads=workloads,
            environment=list(_environment(run)),
            brief=_brief(run),
            timing=_timing(run),
            style=pages.style(),
            scripts=[Markup(script) for script in scripts],  # noqa: S704 - our own, and plotly's
            policy=pages.policy(scripts),
        )
    )


def _plotly() -> str:
    found = find_spec("plotly")
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError("plotly", name="plotly")
    return (Path(found.submodule_search_locations[0]) / "package_data" / "plotly.min.js").read_text(encoding="utf-8")


def _deployment(row: DeploymentRow) -> dict[str, Any]:
    steps = frames.steps(row)
    chart = charts.gantt(steps) if (steps["status"] != "skipped").any() else None
    return {"steps": steps.to_dict("records"), "chart": chart, "counts": steps["status"].value_counts().to_dict()}


def _workload(run: RunResults, subtask: SubtaskRow, row: WorkloadRow) -> dict[str, Any]:
    """Return a workload as the template shows it; a workload that was not judged has no figures."""
    view = workload_view(subtask, row, row.figures)
    config = {
        "args": row.args,
        "runner": {row.runner: row.runner_args},
        "contexts": row.contexts,
        "sla": row.sla,
    }
    return {
        "view": view,
        "anchor": f"workload-{view.number}",
        "contexts": row.contexts_done,
        "charts": _workload_charts(run, row, view.figures) if view.figures and view.figures.count else [],
        "config": yaml.safe_dump(shown({row.scenario: config}), sort_keys=False, allow_unicode=True),
        "outputs": shown(outputs.outputs(run.samples / row.uuid)),
        "hooks": shown(outputs.hooks(row)),
    }


def _workload_charts(run: RunResults, row: WorkloadRow, figures: WorkloadFigures) -> list[dict[str, Any]]:
    """Return title, caption and figure of each chart; the chart of single iterations needs the sample files."""
    made: list[dict[str, Any]] = []

    def add(title: str, caption: str, figure: charts.Figure) -> None:
        made.append({"title": title, "caption": caption, "figure": figure})

    timing: Timing = "rally" if run.task and run.task.timing == "rally" else "intended"
    shown = frames.iterations(run.samples / row.uuid, timing=timing, most=charts.MOST_POINTS)
    if len(shown):
        add("Latency over time", _shown(shown, figures), charts.latency(shown))
    well = figures.count - figures.failed
    if figures.distribution:
        marks = {"p50": figures.total.p50, "p95": figures.total.p95} if figures.total else {}
        caption = f"All {wording.counted(well, 'iteration')} that did not fail."
        add("Distribution", caption, charts.distribution(figures.distribution, marks))
    timeline = figures.timeline
    if timeline is None:
        return made
    caption = f"Iterations by when they ended; a bar is {_width(timeline)} wide."
    add("Throughput and errors", caption, charts.throughput(timeline))
    if well and timeline.p50 and timeline.p95 and timeline.p99:
        caption = f"Iterations that did not fail, by when they ended, in steps of {_width(timeline)}."
        lines = {"p50": timeline.p50, "p95": timeline.p95, "p99": timeline.p99}
        add("Percentiles over time", caption, charts.percentiles(timeline, lines))
    of_actions = timeline.actions
    if of_actions and of_actions.series:
        caption = f"Medians of what did not fail, by the end of the iteration, in steps of {_width(of_actions)}."
        add("Actions over time", caption, charts.actions(of_actions))
    return made


def _width(axis: Course | ActionCourses) -> str:
    return f"{axis.width:g} s" if axis.width >= 1 else f"{axis.width * 1000:g} ms"


def _shown(shown: Any, figures: WorkloadFigures) -> str:
    count, of = figures.count, figures.failed
    if len(shown) == count:
        return f"Every iteration: {wording.count(count)}."
    text = (
        f"{wording.count(len(shown))} of {wording.counted(count, 'iteration')}: the fastest and the slowest of"
        " each span of time, and an even selection of the others"
    )
    failed = int(shown["failed"].sum())
    return f"{text}; {wording.count(failed)} of {wording.counted(of, 'failure')}." if of else f"{text}."


def _environment(run: RunResults) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the facts about the environment of the run, by title."""
    if run.task and run.task.environment:
        yield "Benchmark", shown(run.task.environment)
    if run.verification and run.verification.environment:
        yield "Verification", shown(run.verification.environment)
    if run.cloud:
        facts = {
            "name": run.cloud.name,
            "engine": run.cloud.engine,
            "registered": wording.moment(run.cloud.registered_at),
        }
        yield "Cloud", {**facts, **shown(run.cloud.environment)}


def _brief(run: RunResults) -> str:
    """Return the first facts about the cloud in one line."""
    facts = run.cloud.environment if run.cloud else {}
    short = [f"{key} {value}" for key, value in facts.items() if isinstance(value, str | int) and len(str(value)) < 30]
    return " · ".join(short[:_BRIEF])


def _timing(run: RunResults) -> str:
    """Return how durations were measured, and how precisely the end of a wait is known."""
    if run.task and run.task.timing == "rally":
        return (
            "as in Rally (timing: rally). An iteration's duration is from its actual start to its end, without "
            "pauses and without the delays before the first poll of a resource; waits use Rally's delays and polling "
            "intervals, so that their ends are known to a second or two. These figures can be compared with Rally's"
        )
    shortest, longest = wording.duration(shared_poll.POLL_SHORTEST), wording.duration(shared_poll.POLL_LONGEST)
    return (
        "from when an iteration was due (timing: intended). An iteration's duration is from the moment at which it was "
        "due by the pace (in a loop without a pace: from its actual start) to its end, without deliberate pauses, on a "
        "monotonic "
        f"clock. A wait for a resource polls its state after {shared_poll.POLL_SHARE:.0%} of the time that it has "
        f"waited, at least {shortest} and at most {longest}: its end is known no more precisely than that"
    )
