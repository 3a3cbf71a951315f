"""The report as one HTML page that needs nothing but itself: style, script and data are inside."""

import base64
import hashlib
import json
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jinja2
import yaml
from markupsafe import Markup

from rallycross.cloud import waiting
from rallycross.judging.causes import causes, request_ids
from rallycross.report import charts, frames, wording
from rallycross.report.run import Run
from rallycross.results.models import DeploymentRow, TestRow, WorkloadRow

_TEMPLATES = Path(__file__).with_name("templates")
_BRIEF = 5  # facts of the environment that stand at the top
_SLOWEST = 10  # tests that are named


def page(run: Run) -> str:
    """Return the page."""
    workloads = [_workload(run, workload) for workload in (run.task.workloads if run.task else [])]
    deployment = _deployment(run.deployment) if run.deployment else None
    with_charts = bool(deployment and deployment["chart"]) or any(workload["charts"] for workload in workloads)
    scripts = [_plotly(), (_TEMPLATES / "charts.js").read_text(encoding="utf-8")] if with_charts else []
    return (
        _templates()
        .get_template("page.html.j2")
        .render(
            run=run,
            deployment=deployment,
            verification=_verification(run.tests) if run.verification else None,
            workloads=workloads,
            environment=list(_environment(run)),
            brief=_brief(run),
            polling=_polling(),
            style=Markup((_TEMPLATES / "style.css").read_text(encoding="utf-8")),  # noqa: S704 - our own file
            scripts=[Markup(script) for script in scripts],  # noqa: S704 - our own, and plotly's
            policy=_policy(scripts),
        )
    )


def _policy(scripts: list[str]) -> str:
    """Return a content security policy: nothing from anywhere, and only these scripts.

    Styles are open: plotly sets them one by one on what it draws.
    """
    hashes = [f"'sha256-{base64.b64encode(hashlib.sha256(one.encode()).digest()).decode()}'" for one in scripts]
    sources = " ".join(hashes) or "'none'"
    return (
        f"default-src 'none'; script-src {sources}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
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


def _verification(rows: list[TestRow]) -> dict[str, Any]:
    tests = frames.tests(rows)
    outcomes = tests["outcome"].value_counts()
    slowest = tests[tests["outcome"] != "skipped"].nlargest(_SLOWEST, "seconds")
    return {
        "counts": {outcome: int(outcomes.get(outcome, 0)) for outcome in ("passed", "failed", "skipped")},
        "services": frames.by_service(tests).to_dict("records"),
        "causes": [
            {
                "message": cause.message,
                "tests": [
                    {
                        "name": test.name,
                        "status": test.status,
                        "seconds": test.seconds,
                        "traceback": test.traceback,
                        "requests": request_ids(test.traceback),
                    }
                    for test in cause.tests
                ],
            }
            for cause in causes(rows)
        ],
        "slowest": slowest.to_dict("records"),
        "tests": tests.to_dict("records"),
    }


def _workload(run: Run, row: WorkloadRow) -> dict[str, Any]:
    """Return what the template shows of a workload; a workload that was not judged has no figures."""
    figures = row.statistics or {}
    config = {
        "args": row.args,
        "runner": {row.runner: row.runner_args},
        "contexts": row.contexts,
        "sla": row.sla,
    }
    return {
        "row": row,
        "anchor": f"workload-{row.position + 1}",
        "figures": figures,
        "charts": _workload_charts(run.samples / row.uuid, figures) if figures.get("count") else [],
        "config": yaml.safe_dump({row.scenario: config}, sort_keys=False, allow_unicode=True),
        "widest": max((action["max"] or 0 for action in figures.get("rows", [])), default=0),
    }


def _workload_charts(samples: Path, figures: dict[str, Any]) -> list[dict[str, Any]]:
    """Return title, caption and figure of each chart; those over samples need the files to be there still."""
    made = []
    iterations = frames.iterations(samples)
    if len(iterations):
        shown = frames.thinned(iterations, charts.MOST_POINTS)
        made.append(
            {"title": "Latency over time", "caption": _shown(shown, iterations), "figure": charts.latency(shown)}
        )
    well = iterations.loc[~iterations["failed"], "duration"]
    total = figures["rows"][0]
    if len(well):
        marks = {name: total[name] for name in ("p50", "p95")}
        caption = f"All {wording.counted(len(well), 'iteration')} that did not fail."
        made.append({"title": "Distribution", "caption": caption, "figure": charts.distribution(well, marks)})
    width = figures["timeline"]["width"]
    caption = (
        f"Iterations by when they ended; a bar is {f'{width:g} s' if width >= 1 else f'{width * 1000:g} ms'} wide."
    )
    made.append(
        {"title": "Throughput and errors", "caption": caption, "figure": charts.throughput(figures["timeline"])}
    )
    return made


def _shown(shown: Any, every: Any) -> str:
    if len(shown) == len(every):
        return f"Every iteration: {wording.count(len(every))}."
    text = (
        f"{wording.count(len(shown))} of {wording.counted(len(every), 'iteration')}: the fastest and the slowest of"
        " each span of time, and others evenly spread"
    )
    failed, of = int(shown["failed"].sum()), int(every["failed"].sum())
    return f"{text}; {wording.count(failed)} of {wording.counted(of, 'failure')}." if of else f"{text}."


def _environment(run: Run) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what is known of where the run took place, by title."""
    if run.task and run.task.environment:
        yield "Benchmark", run.task.environment
    if run.verification and run.verification.environment:
        yield "Verification", run.verification.environment
    if run.cloud:
        facts = {
            "name": run.cloud.name,
            "engine": run.cloud.engine,
            "registered": wording.moment(run.cloud.registered_at),
        }
        yield "Cloud", {**facts, **run.cloud.environment}


def _brief(run: Run) -> str:
    """Return the cloud's first facts, in a line."""
    facts = run.cloud.environment if run.cloud else {}
    short = [f"{key} {value}" for key, value in facts.items() if isinstance(value, str | int) and len(str(value)) < 30]
    return " · ".join(short[:_BRIEF])


def _polling() -> str:
    """Return how finely the end of a wait is known."""
    shortest, longest = wording.seconds(waiting.POLL_SHORTEST), wording.seconds(waiting.POLL_LONGEST)
    return f"{waiting.POLL_SHARE:.0%} of the time that it has waited, at least {shortest} and at most {longest}"


def _figure(figure: charts.Figure) -> Markup:
    """Return a figure as the content of a script element: no text in it can end that element."""
    text = json.dumps(figure, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Markup(text.replace("<", "\\u003c"))  # noqa: S704 - made harmless


@cache
def _templates() -> jinja2.Environment:
    found = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    words = ("seconds", "rate", "count", "share", "counted", "moment")
    found.globals.update({name: getattr(wording, name) for name in words})
    found.filters["figure"] = _figure
    return found
