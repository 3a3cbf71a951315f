"""Damage in the figures of a workload, as the results database has them."""

from rallycross.results.json_record import damage_summary
from rallycross.results.models import TaskRow, WorkloadRow
from rallycross.results.sample_damage import mark

DAMAGED_FIGURES = "damaged_figures"  # criterion of the SLA row that reports it


def figure_damage(workload: WorkloadRow) -> str:
    """Return what is damaged and what to do, or "" if nothing is."""
    damage = workload.figure_damage
    if not damage:
        return ""
    return (
        f"the results database has damaged figures of workload {workload.uuid}: {damage_summary(damage)}"
        " - compute them again from the samples: ./rallycross doctor --deep --mend"
    )


def report_damage(workload: WorkloadRow) -> str:
    """Return what is damaged in the report of a workload's load processes, or "" if nothing is."""
    damage = workload.reported_damage
    if not damage:
        return ""
    return (
        f"the results database has a damaged report of the load processes of workload {workload.uuid}:"
        f" {damage_summary(damage)} - whether they were in time is not known: run the load again"
    )


def mark_damaged_figures(task: TaskRow) -> list[str]:
    """Add a failed SLA row to each workload of a loaded task whose figures are damaged; return the rows' details."""
    details = []
    for workload in task.workloads:
        detail = "; ".join(filter(None, (figure_damage(workload), report_damage(workload))))
        mark(workload, DAMAGED_FIGURES, detail)
        details += [detail] if detail else []
    return details
