"""Airflow runs the DAGs that deploy and destroy a cloud, with a quick engine."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
import toy_engine  # noqa: F401 - registers itself
import yaml

from hooks.results import store
from operators.deploy_steps import StepTrigger
from rallycross import lifecycle
from rallycross.deployment import load_spec
from rallycross.results.reference import reference
from rallycross.settings import settings


def states(dag: Any, **conf: str) -> dict[str, str]:
    """Run a DAG; return the state of each task, of mapped tasks by their names."""
    return states_of(dag.test(run_conf=conf))


def states_of(run: Any) -> dict[str, str]:
    """Return the state of each task of a run."""
    return {ti.rendered_map_index or ti.task_id: str(ti.state) for ti in run.get_task_instances()}


@pytest.fixture(name="spec")
def _spec(home: Path) -> dict[str, Any]:
    return {"name": "toy", "engine": "toy", "password": "hush-hush-hush", "folder": str(home)}


def test_a_task_a_step(dag_bag: Any, home: Path, spec: dict[str, Any]) -> None:
    """Each step is a task that the triggerer follows; the cloud is registered at the end, and destroyed afterwards."""
    file = home / "toy.yaml"
    file.write_text(yaml.safe_dump(spec))

    done = states(dag_bag.dags["deploy_cloud"], cloud_spec=str(file))

    assert done == dict.fromkeys(["deploy.plan", "mark", "install", "start", "deploy.register"], "success")
    row = store().clouds.get("toy")
    assert row is not None
    deployment = store().deployments.get(row.deployment or "")
    assert deployment is not None
    assert {step.name: step.status for step in deployment.steps} == dict.fromkeys(["mark", "install", "start"], "done")
    assert (deployment.status, deployment.total_steps) == ("finished", 3)
    assert (home / "toy").read_text() == "made\n"

    assert states(dag_bag.dags["destroy_cloud"], cloud_spec=str(file)) == {"destroy": "success"}
    assert not (home / "toy").exists()
    assert not (settings().clouds / "toy").exists()


def test_a_failing_step_fails_its_task_and_the_run(dag_bag: Any, home: Path, spec: dict[str, Any]) -> None:
    """The step's task fails with the reason, dependent steps do not start, and the deployment is stored as failed."""
    file = home / "toy.yaml"
    file.write_text(yaml.safe_dump({**spec, "folder": "/no/such/folder"}))

    run = dag_bag.dags["deploy_cloud"].test(run_conf={"cloud_spec": str(file)})

    ended = states_of(run)
    assert ended["mark"] == ended["install"] == "failed"
    assert ended["deploy.register"] == "upstream_failed"
    assert store().clouds.get("toy") is None
    deployment = store().deployments.get(reference("deploy_cloud", run.run_id, "deploy"))
    assert deployment is not None
    assert deployment.status == "failed"
    assert "/no/such/folder" in deployment.error


def test_what_takes_a_moment_is_not_deferred(
    dag_bag: Any, home: Path, spec: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker carries out quick steps: Airflow loses a task that is resumed at once."""
    file = home / "toy.yaml"
    file.write_text(yaml.safe_dump(spec))
    deferred = StepTrigger.run

    def run(trigger: StepTrigger) -> Any:
        # `dag.test` takes tasks in any order: one whose needs are still to come has to wait for them.
        if not trigger._unmet()[0]:
            pytest.fail(f"{trigger.name} was deferred")
        return deferred(trigger)

    monkeypatch.setattr(StepTrigger, "run", run)
    monkeypatch.setattr("operators.deploy_steps._STALLED", 0.0)
    patience = StepTrigger.done_within
    monkeypatch.setattr(
        StepTrigger, "done_within", lambda trigger, _: patience(trigger, 60.0)
    )  # a busy machine is slow

    assert set(states(dag_bag.dags["deploy_cloud"], cloud_spec=str(file)).values()) == {"success"}
    # The toy's program goes with its cloud.
    assert states(dag_bag.dags["destroy_cloud"], cloud_spec=str(file)) == {"destroy": "success"}


def test_what_takes_longer_is_deferred(spec: dict[str, Any], home: Path) -> None:
    """A longer step continues without the worker, and its trigger follows it."""
    lifecycle.begin(load_spec(yaml.safe_dump(spec), file="toy"), store(), settings(), uuid="u", tell=lambda _: None)
    trigger = StepTrigger(name="mark", needs=[], cloud="toy", uuid="u")

    assert StepTrigger(name="install", needs=["mark"], cloud="toy", uuid="u").done_within(0) is None
    assert trigger.done_within(0) is None
    assert trigger.done_within(30) == ""
    assert (home / "toy").exists()


async def test_a_trigger_lasts_until_its_deferral_has_been_seen(
    home: Path,  # noqa: ARG001 - the state of this test
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A trigger without work ends only after Airflow's scheduler has noted the deferral."""
    slept: list[float] = []
    sleep = asyncio.sleep

    async def note(seconds: float) -> None:
        slept.append(seconds)
        await sleep(0)

    monkeypatch.setattr("operators.deploy_steps.asyncio.sleep", note)
    monkeypatch.setattr(StepTrigger, "_unmet", lambda _: ([], False, "no"))

    assert [event.payload async for event in StepTrigger(name="n", needs=[], cloud="c", uuid="u").run()] == [
        {"error": "no"}
    ]
    assert sum(slept) > 4


async def test_what_a_trigger_keeps_has_no_secret(
    home: Path,  # noqa: ARG001 - the state of this test
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A trigger is restored from references only; one with a failed prerequisite says so."""
    from rallycross.deployment.step import StepEvent  # noqa: PLC0415

    monkeypatch.setattr("operators.deploy_steps._MOMENT", 0.0)

    uuid = reference("d", "r", "deploy")
    store().deployments.begin(uuid, cloud="toy", engine="toy", spec="", total_steps=2)
    store().deployments.record_step(uuid, StepEvent("mark", "mark", "failed", 1.0))
    trigger = StepTrigger(name="install", needs=["mark"], cloud="toy", uuid=uuid)

    path, kwargs = trigger.serialize()
    events = [event async for event in StepTrigger(**kwargs).run()]

    assert path == "operators.deploy_steps.StepTrigger"
    assert set(kwargs) == {"name", "needs", "cloud", "uuid"}
    assert [event.payload for event in events] == [{"error": "install was not started: mark failed"}]
