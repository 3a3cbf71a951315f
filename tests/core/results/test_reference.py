"""References are computed, not random."""

from uuid import UUID

from rallycross.results.reference import reference, workload_reference


def test_a_reference_depends_on_the_run_and_the_stage_alone() -> None:
    """The same stage of the same run has the same uuid in every process; any other has a different one."""
    first = reference("cloud_lifecycle", "manual__2026-11-23", "deploy")

    assert first == "db8e5523-612b-5738-9758-8a5802fc19a8"
    assert UUID(first).version == 5
    assert first != reference("cloud_lifecycle", "manual__2026-11-23", "verify")
    assert first != reference("cloud_lifecycle", "manual__2026-11-24", "deploy")


def test_workloads_of_a_task_are_told_apart_by_position() -> None:
    """Two positions of a task, and the same position of two tasks, have different uuids."""
    one = reference("d", "r", "benchmark")
    other = reference("d", "q", "benchmark")
    made = {workload_reference(task, position) for task in (one, other) for position in (0, 1)}

    assert len(made) == 4
