"""A comparison of runs as Markdown, fit for a comment on a pull request."""

from collections.abc import Iterator

from rallycross.judging.run_comparison.compare import RunComparison
from rallycross.judging.run_comparison.gate import GateVerdict
from rallycross.printable import printable
from rallycross.secret import shown_text
from rallycross.views.run_comparison import ComparedWorkload, ComparisonView, comparison_view

_MARKS = {"worse": "🔴", "better": "🟢", "doubtful": "🟡", "none seen": "", "unknown": "⚪"}
# What has a meaning in a table of GitHub's or GitLab's Markdown, or would notify people.
_ESCAPED = str.maketrans(
    {mark: f"\\{mark}" for mark in "\\`*_{}[]()#+!|~"} | {"<": "&lt;", ">": "&gt;", "&": "&amp;", "@": "&#64;"}
)


def markdown(view: ComparisonView) -> str:
    """Return the comparison."""
    return "\n".join([*_lines(view), ""])


def gate_markdown(gate: GateVerdict, found: RunComparison | None) -> str:
    """Return the verdict of a gate with its reasons, and the comparison if there is one."""
    head = [f"## Benchmark {gate.word}", "", *(f"- {_escaped(reason)}" for reason in gate.reasons), ""]
    return "\n".join([*head, *(_lines(comparison_view(found)) if found else []), ""])


def _lines(view: ComparisonView) -> Iterator[str]:
    yield from (f"**{_escaped(view.summary)}**", "")
    yield f"- first: {_escaped(view.first)}"
    yield f"- second: {_escaped(view.second)}"
    yield from (f"- ⚠️ {_escaped(note)}" for note in view.notes)
    for workload in view.workloads:
        yield from _workload(workload)
    if view.alone:
        yield ""
        yield from (f"- {_escaped(line)}" for line in view.alone)
    yield from ("", f"<sub>{_escaped(view.method)}</sub>")


def _workload(workload: ComparedWorkload) -> Iterator[str]:
    yield from ("", f"### {_escaped(workload.name)}", "")
    if workload.notes or workload.refused:
        yield from (f"- ⚠️ {_escaped(note)}" for note in workload.notes)
        if workload.refused:
            yield f"- not compared: {_escaped(workload.refused)}"
            return
        yield ""
    yield "| action | figure | first | second | difference |"
    yield "| --- | --- | ---: | ---: | --- |"
    for row in workload.rows:
        action = _escaped(row.action) if row.action else "total"
        sentence = f"{_MARKS[row.outcome]} {_escaped(row.sentence)}".strip()
        yield f"| {action} | {row.figure} | {row.first} | {row.second} | {sentence} |"


def _escaped(text: str) -> str:
    """Return a text as one line that shows as it is, without secrets."""
    return " ".join(printable(shown_text(text)).split()).translate(_ESCAPED)
