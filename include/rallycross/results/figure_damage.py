"""What is damaged in the figures that the results database has of a workload."""

from rallycross.results.json_record import told
from rallycross.results.models import TaskRow, WorkloadRow
from rallycross.results.sample_damage import mark

DAMAGED_FIGURES = "damaged_figures"  # criterion of the SLA row that says so


def figure_damage(workload: WorkloadRow) -> str:
    """Return what is damaged and what to do, empty where nothing is."""
    damage = workload.figure_damage
    if not damage:
        return ""
    return (
        f"the results database has damaged figures of workload {workload.uuid}: {told(damage)} - have them made anew "
        "from the samples: ./rallycross doctor --deep --mend"
    )


def mark_damaged_figures(task: TaskRow) -> list[str]:
    """Give each workload of a task, as it was read, a failed row for its damaged figures; return their details."""
    details = []
    for workload in task.workloads:
        detail = figure_damage(workload)
        mark(workload, DAMAGED_FIGURES, detail)
        details += [detail] if detail else []
    return details
