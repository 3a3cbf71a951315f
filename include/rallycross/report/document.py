"""The report as one JSON document, for programs: everything in the store about a run, and the verdict.

    {"format": "rallycross-report/1", "title", "written_at", "verdict": {"passed", "invalid", "reasons"},
     "beside": [{"task": uuid, "title", "seconds" of overlap}], other loads on the cloud at the same time,
     "cloud": name, engine and environment, or null,
     "deployment": columns of the row, with "steps"; or null,
     "verification": columns of the row, with "tests", each with the ids of its "requests"; or null,
     "task": columns of the row, with "subtasks", each with "workloads", each with "sla_rows"; or null}

Columns and units are those of `results.models`; a workload's statistics are those of `results.workload_figures`,
without their version: this format has its own.
"""

import json
from dataclasses import asdict
from typing import Any

from sqlalchemy import inspect

from rallycross.judging.causes import request_ids
from rallycross.report.run import RunResults
from rallycross.results.models import Base, TestRow, WorkloadRow
from rallycross.results.workload_figures import to_document
from rallycross.secret import shown, shown_texts

FORMAT = "rallycross-report/1"
_FIGURES = ("statistics", "progress", "generator", "tags", "name")  # columns whose keys announce no secrets


def document(run: RunResults) -> str:
    """Return the report as JSON text."""
    deployment = verification = task = cloud = None
    if run.cloud:
        cloud = {"name": run.cloud.name, "engine": run.cloud.engine, "environment": shown(run.cloud.environment)}
    if run.deployment:
        deployment = {**_columns(run.deployment), "steps": [_columns(step) for step in run.deployment.steps]}
    if run.verification:
        verification = {**_columns(run.verification), "tests": [_test(test) for test in run.tests]}
    if run.task:
        subtasks = [
            {
                **_columns(subtask),
                "workloads": [
                    {**_columns(workload), "sla_rows": [_columns(row) for row in workload.sla_rows]}
                    for workload in subtask.workloads
                ],
            }
            for subtask in run.task.subtasks
        ]
        task = {**_columns(run.task), "subtasks": subtasks}
    whole = {
        "format": FORMAT,
        "title": shown_texts(run.title),
        "written_at": run.written_at,
        "verdict": {
            "passed": run.verdict.passed,
            "invalid": run.verdict.invalid,
            "reasons": shown_texts(run.verdict.reasons),
        },
        "beside": [asdict(one) for one in run.concurrent_loads],
        "cloud": cloud,
        "deployment": deployment,
        "verification": verification,
        "task": task,
    }
    return json.dumps(whole, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _test(row: TestRow) -> dict[str, Any]:
    return {**_columns(row), "requests": request_ids(row.traceback)}


def _columns(row: Base) -> dict[str, Any]:
    """Return a row's columns, without keys and foreign keys."""
    return {
        attribute.key: _shown(attribute.key, _value(row, attribute.key))
        for attribute in inspect(type(row)).column_attrs
        if not attribute.columns[0].foreign_keys and attribute.key != "id"
    }


def _value(row: Base, column: str) -> Any:
    """Return a column's value; the statistics of a workload are without their version."""
    if not isinstance(row, WorkloadRow) or column != "statistics":
        return getattr(row, column)
    figures = row.figures
    return figures and {name: value for name, value in to_document(figures).items() if name != "version"}


def _shown(column: str, value: Any) -> Any:
    """Return a column's value as it may be shown; in figures, names are those of actions and announce no secrets."""
    return shown_texts(value) if column in _FIGURES else shown({column: value})[column]
