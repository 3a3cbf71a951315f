"""What Airflow knows of a run: its state and its stages; and which run of Airflow a result is of."""

from datetime import UTC, datetime, timedelta

from airflow.models.dag import DagTag
from airflow.models.dagrun import DagRun as DagRunRow
from airflow.models.serialized_dag import SerializedDagModel
from airflow.models.taskinstance import TaskInstance
from airflow.models.xcom import XCOM_RETURN_KEY, XComModel
from airflow.utils.session import create_session
from rallycross_rights import TAG
from sqlalchemy import select

from rallycross.results.reference import STAGES, is_of_a_run, reference
from rallycross.ui.leftovers import JANITOR, Finding
from rallycross.ui.run import DagRun, Stage

_LONGEST = timedelta(days=3)  # between the begin of a run and that of its last stage with results
_MOST_RUNS = 500  # of a DAG, or in that time, that are looked at


def dag_run(dag_id: str, run_id: str) -> DagRun:
    """Return what is known of a run; a run that Airflow does not have has no state."""
    with create_session() as session:
        row = session.scalar(select(DagRunRow).where(DagRunRow.dag_id == dag_id, DagRunRow.run_id == run_id))
        query = select(TaskInstance).where(TaskInstance.dag_id == dag_id, TaskInstance.run_id == run_id)
        tasks = list(session.scalars(query)) if row else []
        stages = [_stage(task) for task in sorted(tasks, key=_order)]
        state = str(row.state) if row else ""
    return DagRun(dag_id, run_id, state, tuple(stages), writes_report=writes_report(dag_id))


def writes_report(dag_id: str) -> bool:
    """Tell whether the runs of a DAG have a report at their end."""
    dag = SerializedDagModel.get_dag(dag_id)
    return dag is None or any(task.task_type == "ReportOperator" for task in dag.tasks)


def run_of(uuid: str, started_at: float) -> tuple[str, str] | None:
    """Return DAG and run of the stage with a uuid that began at a time; None: it was run without Airflow."""
    if not is_of_a_run(uuid):
        return None
    began = datetime.fromtimestamp(started_at, UTC)
    query = (
        select(DagRunRow.dag_id, DagRunRow.run_id)
        .join(DagTag, DagTag.dag_id == DagRunRow.dag_id)
        .where(DagTag.name == TAG, DagRunRow.start_date.between(began - _LONGEST, began + timedelta(minutes=5)))
        .order_by(DagRunRow.start_date.desc())
        .limit(_MOST_RUNS)
    )
    with create_session() as session:
        runs = [(dag_id, run_id) for dag_id, run_id in session.execute(query)]
    return next((run for run in runs if uuid in {reference(*run, stage) for stage in STAGES}), None)


def latest_runs(dag_id: str) -> list[str]:
    """Return the ids of the latest runs of a DAG, the newest first."""
    query = select(DagRunRow.run_id).where(DagRunRow.dag_id == dag_id).order_by(DagRunRow.id.desc()).limit(_MOST_RUNS)
    with create_session() as session:
        return list(session.scalars(query))


def janitor_findings() -> list[Finding]:
    """Return what the newest run of the janitor that found out something returned, for each cloud."""
    of_janitor = (XComModel.dag_id == JANITOR, XComModel.task_id == JANITOR, XComModel.key == XCOM_RETURN_KEY)
    newest = select(XComModel.run_id).where(*of_janitor).order_by(XComModel.timestamp.desc()).limit(1)
    query = select(XComModel).where(*of_janitor, XComModel.run_id == newest.scalar_subquery())
    with create_session() as session:
        rows = list(session.scalars(query.order_by(XComModel.map_index)))
        return [Finding(row.run_id, row.timestamp.timestamp(), XComModel.deserialize_value(row)) for row in rows]


def _order(task: TaskInstance) -> tuple[bool, datetime, str, int]:
    began = task.start_date or datetime.max.replace(tzinfo=UTC)
    return task.start_date is None, began, task.task_id, task.map_index


def _stage(task: TaskInstance) -> Stage:
    mapped = task.map_index >= 0
    seconds = task.duration
    if seconds is None and task.start_date is not None and task.end_date is None:
        seconds = (datetime.now(UTC) - task.start_date).total_seconds()
    return Stage(
        f"{task.task_id} {task.map_index}" if mapped else task.task_id,
        str(task.state or ""),
        seconds,
        (task.task_id, "mapped", str(task.map_index)) if mapped else (task.task_id,),
    )
