"""The DAGs can be imported, have the stages of a run and the parameters they need, and keep the rules for DAGs."""

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.definitions.retry_policy import RetryAction
from airflow.sdk.exceptions import AirflowTaskTimeout, ParamValidationError
from jinja2 import Environment

from operators.retries import NotRetryable
from operators.verdict import RunFailed
from rallycross.cli.airflow_run import STAGES
from rallycross.settings import CHECKOUT
from rallycross.verification import SETS


@pytest.fixture(name="dag")
def _dag(dag_bag: Any) -> Any:
    return dag_bag.dags["cloud_lifecycle"]


def test_every_file_imports(dag_bag: Any) -> None:
    """No file in dags/ has an import error, and each defines a DAG."""
    assert dag_bag.import_errors == {}
    assert {dag.fileloc for dag in dag_bag.dags.values()} == {str(path) for path in (CHECKOUT / "dags").glob("*.py")}


def test_stages_follow_each_other(dag: Any) -> None:
    """The stages are those of the display, in order; the verdict is the only leaf."""
    assert {task.task_id: sorted(task.downstream_task_ids) for task in dag.tasks} == {
        "check": ["deploy"],
        "deploy": ["verify"],
        "verify": ["benchmark"],
        "benchmark": ["clean", "judge"],
        "judge": ["report"],
        "clean": ["destroy"],
        "report": ["destroy"],
        "destroy": ["verdict"],
        "verdict": [],
    }
    assert {task.task_id for task in dag.tasks} == set(STAGES)


def test_a_benchmark_alone_has_the_stages_that_follow_a_load(dag_bag: Any) -> None:
    """The DAG `benchmark` has a load and the stages that judge, clean and report; its verdict covers only these."""
    alone = dag_bag.dags["benchmark"]
    assert {task.task_id: sorted(task.downstream_task_ids) for task in alone.tasks} == {
        "benchmark": ["clean", "judge"],
        "judge": ["report"],
        "clean": ["verdict"],
        "report": ["verdict"],
        "verdict": [],
    }
    assert alone.get_task("verdict").parts == alone.get_task("report").parts == ["benchmark"]
    assert [task.task_id for task in alone.tasks if not task.is_teardown] == ["benchmark"]


def test_every_stage_has_a_time_out(dag_bag: Any) -> None:
    """Each task of each DAG has an execution_timeout; no DAG has a dagrun_timeout, which would skip the teardowns."""
    for dag in dag_bag.dags.values():
        assert dag.dagrun_timeout is None
        for task in dag.tasks:
            assert task.execution_timeout is not None, task.task_id
            assert timedelta(0) < task.execution_timeout <= timedelta(days=1)


def test_a_load_is_never_run_again(dag_bag: Any) -> None:
    """No task that puts load on a cloud is retried."""
    loads = [task for dag in dag_bag.dags.values() for task in dag.tasks if task.task_type == "BenchmarkOperator"]

    assert loads
    assert {task.retries for task in loads} == {0}


def test_what_judges_reports_and_cleans_is_tried_again(dag_bag: Any) -> None:
    """A run is judged, cleaned and reported although its API was unavailable for a minute."""
    teardowns = [task for dag in dag_bag.dags.values() for task in dag.tasks if task.is_teardown]

    assert {task.task_id for task in teardowns} >= {"judge", "clean", "report", "destroy", "verdict"}
    for task in teardowns:
        assert task.retries * task.retry_delay >= timedelta(minutes=1), task.task_id


def test_what_another_try_would_meet_again_is_told_at_once(dag_bag: Any) -> None:
    """A stage is retried if Airflow failed it, and not after an error of the user or its time-out."""
    tried_again = [task for dag in dag_bag.dags.values() for task in dag.tasks if task.retries]
    assert {task.task_id for task in tried_again} >= {"check", "deploy", "verify", "verdict"}
    for task in tried_again:
        ends = [
            failure
            for failure in (NotRetryable("mend it"), RunFailed("did not pass"), AirflowTaskTimeout(), ConnectionError())
            if task.retry_policy.evaluate(failure, 1, task.retries).action is RetryAction.FAIL
        ]
        assert [type(failure) for failure in ends] == [NotRetryable, RunFailed, AirflowTaskTimeout], task.task_id


def test_what_has_to_run_in_any_case_is_a_teardown(dag: Any) -> None:
    """Stages that judge, clean, report and destroy are teardowns without a setup, which always run."""
    teardowns = {task.task_id for task in dag.tasks if task.is_teardown}

    assert teardowns == {"judge", "clean", "report", "destroy", "verdict"}
    assert not [task.task_id for task in dag.tasks if task.is_setup]


def test_the_verdict_alone_decides(dag: Any) -> None:
    """Only the verdict, and no other teardown, may fail the run."""
    assert {task.task_id for task in dag.tasks if task.on_failure_fail_dagrun} == {"verdict"}


def test_the_verdict_looks_at_every_stage(dag: Any) -> None:
    """The verdict checks every stage for failure."""
    assert [*dag.get_task("verdict").stages, "verdict"] == list(STAGES)


def test_loads_do_not_measure_each_other(dag: Any) -> None:
    """One run at a time is allowed; the number of tasks is explicit."""
    assert dag.max_active_runs == 1
    assert "max_active_tasks" in (CHECKOUT / "dags/cloud_lifecycle.py").read_text()


def test_is_told_about(dag_bag: Any) -> None:
    """Each DAG and each task has a description."""
    for dag in dag_bag.dags.values():
        assert dag.doc_md
        assert dag.description
        for task in dag.tasks:
            assert task.doc_md, task.task_id


def test_every_parameter_is_described(dag_bag: Any) -> None:
    """Each parameter has a title, a description and a valid default."""
    for dag in dag_bag.dags.values():
        dag.params.validate()
        for name in dag.params:
            param = dag.params.get_param(name)
            assert param.schema["title"], name
            assert param.description, name


def test_a_verification_survives_its_worker(dag_bag: Any) -> None:
    """A verification is retried, so that its tests are followed or resumed."""
    verifying = [
        (name, task.retries)
        for name, dag in dag_bag.dags.items()
        for task in dag.tasks
        if task.task_type == "VerifyOperator"
    ]
    assert {name for name, _ in verifying} >= {"verify_cloud", "cloud_lifecycle"}
    assert [(name, retries) for name, retries in verifying if retries < 2] == []


def test_a_cloud_that_was_verified_is_an_asset(dag_bag: Any) -> None:
    """Verifying has an outlet, on which a benchmark of a verified cloud can be scheduled."""
    verify = dag_bag.dags["verify_cloud"].get_task("verify")
    assert [outlet.name for outlet in verify.outlets] == ["verified-clouds"]


def test_a_verification_alone_is_reported_and_judged(dag_bag: Any) -> None:
    """The DAG that only verifies ends with a report and a verdict, whatever the results of tests."""
    dag = dag_bag.dags["verify_cloud"]
    assert {task.task_id: sorted(task.downstream_task_ids) for task in dag.tasks} == {
        "verify": ["report"],
        "report": ["verdict"],
        "verdict": [],
    }
    assert {task.task_id for task in dag.tasks if task.is_teardown} == {"report", "verdict"}
    assert {task.task_id for task in dag.tasks if task.on_failure_fail_dagrun} == {"verdict"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("cloud_spec", ""),
        ("cloud_spec", None),
        ("task_file", 7),
        ("verification", "everything"),
        ("verification_concurrency", 0),
        ("verification_concurrency", 65),
        ("verification_concurrency", "2"),
        ("keep", "yes"),
        ("task_args", "[]"),
    ],
)
def test_refuses_what_is_out_of_bounds(dag: Any, name: str, value: object) -> None:
    """A value of the wrong type or out of range does not start a run."""
    with pytest.raises(ParamValidationError):
        dag.params.get_param(name).resolve(value)


def test_offers_what_there_is(dag: Any) -> None:
    """The form offers every set of tests, cloud spec and recipe, with descriptions."""
    verification = dag.params.get_param("verification").schema

    assert verification["enum"] == [*SETS, "none"]
    assert set(verification["values_display"]) == set(verification["enum"])
    assert dag.params.get_param("cloud_spec").value in dag.params.get_param("cloud_spec").schema["examples"]
    assert dag.params.get_param("task_file").value in dag.params.get_param("task_file").schema["examples"]


def test_no_form_asks_for_what_is_empty_as_it_opens(dag_bag: Any) -> None:
    """A field that is empty when the form opens has null among its types; otherwise the form would require it."""
    for dag in dag_bag.dags.values():
        for name in dag.params:
            schema = dag.params.get_param(name).schema
            if dag.params.get_param(name).value in (None, "", []):
                assert "null" in schema["type"], f"{dag.dag_id}: {name}"


def test_what_has_many_lines_has_a_field_of_many_lines(dag_bag: Any) -> None:
    """Every field for a file or its text keeps the lines of a pasted text."""
    fields = [
        (dag.dag_id, name, dag.params.get_param(name).schema.get("format"))
        for dag in dag_bag.dags.values()
        for name in dag.params
        if name in {"cloud_spec", "task_file"}
    ]
    assert len(fields) == 5
    assert {form for _, _, form in fields} == {"multiline"}


def test_templates_take_what_an_emptied_form_sends(dag_bag: Any) -> None:
    """Null in any field that allows it becomes an empty text or list, and never the word None."""
    for dag in dag_bag.dags.values():
        params = {
            name: None if "null" in dag.params.get_param(name).schema.get("type", "") else dag.params[name]
            for name in dag.params
        }
        for task in dag.tasks:
            for field in task.template_fields:
                text = getattr(task, field, None)
                if isinstance(text, str) and "params." in text:
                    assert "None" not in Environment().from_string(text).render(params=params), f"{dag.dag_id}: {field}"


@pytest.mark.parametrize("file", sorted((CHECKOUT / "dags").glob("*.py")), ids=lambda file: file.stem)
def test_parsing_is_cheap(file: Path) -> None:
    """Parsing the DAGs does not import heavy packages that only a running stage needs."""
    heavy = ["openstack", "pandas", "pyarrow", "plotly", "sqlalchemy.orm.decl_api", "tempest", "paramiko", "subunit"]
    code = (
        "import sys, json, runpy; before = set(sys.modules); import airflow.sdk; base = set(sys.modules);"
        f"runpy.run_path({str(file)!r});"
        f"print(json.dumps([name for name in {heavy!r} if name in set(sys.modules) - base]))"
    )

    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert json.loads(ended.stdout.splitlines()[-1]) == []
