"""Log lines about the workloads of a task: the progress of each, and how it ended."""

from rallycross.results.models import TaskRow, WorkloadRow


class ProgressLog:
    """Writes the log lines of one task; remembers which ends it has reported."""

    def __init__(self) -> None:
        self._ended: set[str] = set()

    def has_news(self, task: TaskRow | None) -> bool:
        """Return whether a workload has ended since the last call of `lines`."""
        return any(one.ended_at is not None and one.uuid not in self._ended for one in (task.workloads if task else ()))

    def lines(self, task: TaskRow | None) -> list[str]:
        """Return a line for each running workload, and for each that has ended since the last call."""
        if task is None:
            return []
        lines = []
        for workload in task.workloads:
            if workload.ended_at is not None and workload.uuid not in self._ended:
                self._ended.add(workload.uuid)
                reason = f" - {workload.error}" if workload.error else ""
                lines.append(f"{_name(workload, task)}: {workload.status}: {_figures(workload)}{reason}")
            elif workload.status == "running" and workload.so_far:
                lines.append(f"{_name(workload, task)}: {_figures(workload)}")
        return lines


def _name(workload: WorkloadRow, task: TaskRow) -> str:
    return f"workload {workload.position + 1} of {len(task.workloads)}, {workload.scenario}"


def _figures(workload: WorkloadRow) -> str:
    """Return the progress of a load in words."""
    so_far = workload.so_far
    if so_far is None:
        return "0 iterations, 0 failed"
    total = f" of {so_far.total}" if so_far.total is not None else ""
    parts = [f"{so_far.done}{total} iterations", f"{so_far.failed} failed"]
    if so_far.dropped:
        parts.append(f"{so_far.dropped} dropped")
    if so_far.p50 is not None and so_far.p95 is not None:
        parts.append(f"p50 {so_far.p50:.3g} s, p95 {so_far.p95:.3g} s")
    if workload.ended_at is None and so_far.rate is not None:
        parts.append(f"{so_far.rate:.3g} a second")
    if workload.ended_at is None and so_far.remaining:
        parts.append(f"{so_far.remaining:.0f} s to go")
    return ", ".join(parts)
