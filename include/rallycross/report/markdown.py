"""The report as Markdown, for a ticket, a wiki or a pull request: the verdict, the figures, what failed."""

import re
from collections.abc import Iterator, Sequence

from rallycross.judging.verdict import first_line
from rallycross.report.run import RunResults
from rallycross.results.models import SubtaskRow, WorkloadRow
from rallycross.verification.test import FAILED
from rallycross.views.durations import DurationRow
from rallycross.views.wording import count, counted, duration, moment
from rallycross.views.workload import workload_view

_MOST = 20  # failed tests, or kinds of failure, that are listed
_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~&!])")


def markdown(run: RunResults) -> str:
    """Return the report as text."""
    return "\n".join([*_head(run), *_verification(run), *_task(run)]) + "\n"


def _head(run: RunResults) -> Iterator[str]:
    yield f"# {_text(run.title)}: {run.verdict.word.upper()}"
    yield ""
    yield f"Cloud {_text(run.cloud_name)}, from {moment(run.started_at)} to {moment(run.ended_at)}."
    for lead in run.verdict.reasons:
        yield f"- {_text(lead)}"
    for load in run.concurrent_loads:
        yield f"- {_text(str(load))}"


def _verification(run: RunResults) -> Iterator[str]:
    if run.verification is None:
        return
    failed = [test for test in run.tests if test.status in FAILED]
    yield ""
    yield f"## Verification: {_text(run.verification.chosen)}"
    yield ""
    yield f"{counted(len(run.tests), 'test')} of {count(run.verification.total)}, {count(len(failed))} failed."
    yield from _listed([_text(test.name) for test in failed])


def _task(run: RunResults) -> Iterator[str]:
    if run.task is None:
        return
    for subtask in run.task.subtasks:
        for row in subtask.workloads:
            yield from _workload(subtask, row)


def _workload(subtask: SubtaskRow, row: WorkloadRow) -> Iterator[str]:
    view = workload_view(subtask, row, row.figures)
    yield ""
    yield f"## {view.number}. {_text(view.scenario)}{f': {_text(view.title)}' if view.title else ''}"
    yield ""
    yield f"{_text(view.runner)}: {_text(view.load)}" if view.load else _text(view.runner)
    if view.error:
        yield f"- {_text(first_line(view.error))}"
    table = view.durations
    if table.rows:
        yield ""
        yield from _table(
            ("action", *table.columns, "count", "failed"),
            [(_name(one), *map(duration, one.seconds), count(one.count), count(one.failed)) for one in table.rows],
        )
    if view.sla:
        yield ""
        rows = [("passed" if one.passed else "**FAILED**", _text(one.criterion), _text(one.detail)) for one in view.sla]
        yield from _table(("", "criterion", "detail"), rows)
    failures = row.figures.failures if row.figures else ()
    kinds = [f"{one.count} x {_text(one.kind)}: {_text(first_line(one.message))}" for one in failures]
    yield from _listed(kinds)


def _name(row: DurationRow) -> str:
    arrow = f"{'&nbsp;&nbsp;' * (row.depth - 1)}→ " if row.depth else ""
    return f"{arrow}{_text(row.name)}{' time, from the actual start' if row.from_start else ''}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    left = sum(1 for name in head if name in {"", "action", "criterion", "detail"})
    yield f"| {' | '.join(head)} |"
    yield f"|{'|'.join([' --- '] * left + [' ---: '] * (len(head) - left))}|"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _listed(lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield ""
    yield from (f"- {line}" for line in lines[:_MOST])
    if len(lines) > _MOST:
        yield f"- and {len(lines) - _MOST} more"


def _text(text: str) -> str:
    """Return a text on one line in which nothing is markup."""
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))
