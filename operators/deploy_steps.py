"""Deploys a cloud as a group of tasks, one for each step. A step runs detached on its host, and occupies no worker.

A worker, scheduler or triggerer that is restarted meanwhile finds the step running, or its result.
"""

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

from airflow.sdk import TaskGroup
from airflow.sdk.definitions.context import Context
from airflow.triggers.base import BaseTrigger, TriggerEvent

from operators.stage import StageOperator, cloud_spec_of, log_step, own_reference, reports_failure
from rallycross.errors import RallycrossError

_POLL_TRIGGER = 1.0  # seconds between two checks of a step's prerequisites, in the triggerer
_POLL_WORKER = 0.2  # the same in a worker
_MOMENT = 5.0  # seconds that a worker waits for a step, and the shortest duration of a trigger
_STALLED = 10.0  # seconds without a running step, after which a trigger carries out the prerequisite itself


def deploy_steps(cloud_spec: str, **limits: Any) -> TaskGroup:
    """Return the task group `deploy`: plan, then a task for each step to do, then register.

    `limits`: arguments of every task, such as `execution_timeout`. `register` returns the same as `DeployOperator`:
    `{"deployment": uuid, "cloud": name}`.
    """
    with TaskGroup("deploy", tooltip="Deploys the cloud of the spec") as group:
        plan = PlanOperator(
            task_id="plan",
            cloud_spec=cloud_spec,
            doc_md="Creates the servers, and plans the steps to do.",
            **limits,
        )
        step = StepOperator.partial(
            task_id="step",
            map_index_template="{{ task.step.name }}",
            doc_md="Carries out one step, detached on its host; the triggerer follows it.",
            **limits,
        ).expand(step=plan.output)
        register = RegisterOperator(
            task_id="register",
            cloud_spec=cloud_spec,
            trigger_rule="none_failed",  # also if there was nothing to do
            doc_md="Registers the cloud, so that later stages and runs can refer to it by name.",
            **limits,
        )
        plan >> step >> register
    return group


class PlanOperator(StageOperator):
    """Creates the servers of `cloud_spec`. Returns the steps to do: `[{"name":, "needs": [], "cloud":, "uuid":}]`."""

    template_fields = ("cloud_spec",)
    template_ext = ()

    def __init__(self, *, cloud_spec: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cloud_spec = cloud_spec

    @reports_failure
    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Plan the steps; those that are done are left out."""
        from hooks.results import store  # noqa: PLC0415 - parsing a DAG stays cheap
        from rallycross import lifecycle  # noqa: PLC0415
        from rallycross.settings import settings  # noqa: PLC0415

        spec, uuid = cloud_spec_of(context, self.cloud_spec), own_reference(context, "deploy")
        steps = lifecycle.begin(spec, store(), settings(), uuid=uuid, tell=log_step(self.log))
        return [{"name": one.name, "needs": list(one.needs), "cloud": spec.name, "uuid": uuid} for one in steps]


class StepOperator(StageOperator):
    """Carries out one of the steps that `PlanOperator` returns, in the worker or the triggerer."""

    template_fields = ("step",)

    def __init__(self, *, step: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.step = step

    @reports_failure
    def execute(self, context: Context) -> None:
        """Carry out a short step in the worker; defer if it takes longer.

        A task that defers only for a moment is resumed before Airflow's scheduler has seen that it deferred. The
        scheduler then takes the first end of the worker for the second, and fails the task.
        """
        del context
        trigger = StepTrigger(**self.step)
        if (error := trigger.done_within(_MOMENT)) is None:
            self.defer(trigger=trigger, method_name="ended", timeout=self.execution_timeout)
        if error:
            raise RallycrossError(error)

    @reports_failure
    def ended(self, context: Context, event: dict[str, Any]) -> None:
        """Raise if the step failed."""
        del context
        if event["error"]:
            raise RallycrossError(event["error"])


class StepTrigger(BaseTrigger):
    """Waits for the prerequisites of a step, then for the step. After a restart it follows the running step."""

    def __init__(self, *, name: str, needs: list[str], cloud: str, uuid: str) -> None:
        super().__init__()
        self.name, self.needs, self.cloud, self.uuid = name, needs, cloud, uuid

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class and the arguments: only references, not the spec."""
        kwargs = {"name": self.name, "needs": self.needs, "cloud": self.cloud, "uuid": self.uuid}
        return "operators.deploy_steps.StepTrigger", kwargs

    def done_within(self, seconds: float) -> str | None:
        """Begin the step once its prerequisites are done; return its error, "" if it is done, None if it still runs.

        The step runs on its host, not in this process: the next process that asks for it follows it.
        """
        deadline = time.monotonic() + seconds
        while True:
            missing, busy, error = self._unmet()
            if error:
                return error
            if not missing:
                break
            if not busy or time.monotonic() > deadline:
                return None
            time.sleep(_POLL_WORKER)
        errors: list[str] = []
        worker = threading.Thread(target=lambda: errors.append(self._do(self.name)), name="step", daemon=True)
        worker.start()
        worker.join(seconds)
        return errors[0] if errors else None

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield a single event: `{"error": ""}`, or the reason why the step failed."""
        began = time.monotonic()
        waited = 0.0
        while True:
            missing, busy, error = await _in_thread(self._unmet)
            if error or not missing:
                break
            waited = 0.0 if busy else waited + _POLL_TRIGGER
            if waited > _STALLED:
                # The prerequisite's task may never start: `airflow dags test` runs one task at a time, in any order.
                await _in_thread(partial(self._do, missing[0]))
                waited = 0.0
            await asyncio.sleep(_POLL_TRIGGER)
        error = error or await _in_thread(partial(self._do, self.name))
        # Wait until the scheduler has seen that the task deferred: see `StepOperator.execute`.
        await asyncio.sleep(max(0.0, began + _MOMENT - time.monotonic()))
        yield TriggerEvent({"error": error})

    def _unmet(self) -> tuple[list[str], bool, str]:
        from hooks.results import store  # noqa: PLC0415 - the triggerer imports it only when needed

        row = store().deployments.get(self.uuid)
        states = {step.name: step.status for step in row.steps} if row else {}
        if failed := [need for need in self.needs if states.get(need) == "failed"]:
            return [], False, f"{self.name} was not started: {', '.join(failed)} failed"
        missing = [need for need in self.needs if states.get(need) not in {"done", "skipped"}]
        return missing, "running" in states.values(), ""

    def _do(self, name: str) -> str:
        from hooks.results import store  # noqa: PLC0415
        from rallycross import lifecycle  # noqa: PLC0415
        from rallycross.cloud import registered  # noqa: PLC0415
        from rallycross.deployment import load_spec  # noqa: PLC0415
        from rallycross.settings import settings  # noqa: PLC0415

        text = registered.specs(settings())[self.cloud]
        spec = load_spec(text, file=f"the spec of {self.cloud}")
        try:
            lifecycle.run_step(spec, store(), settings(), uuid=self.uuid, name=name)
        except RallycrossError as error:
            return str(error)
        return ""


class RegisterOperator(PlanOperator):
    """Registers the cloud. Returns `{"deployment": uuid, "cloud": name}`."""

    @reports_failure
    def execute(self, context: Context) -> dict[str, str]:  # type: ignore[override]
        """Ask the engine for the cloud, and register it."""
        from hooks.results import store  # noqa: PLC0415 - parsing a DAG stays cheap
        from rallycross import lifecycle  # noqa: PLC0415
        from rallycross.settings import settings  # noqa: PLC0415

        spec, uuid = cloud_spec_of(context, self.cloud_spec), own_reference(context, "deploy")
        return {
            "deployment": uuid,
            "cloud": lifecycle.finish(spec, store(), settings(), uuid=uuid, tell=log_step(self.log)),
        }


async def _in_thread(work: Any) -> Any:
    """Do blocking work in a daemon thread, which does not delay the end of the triggerer: its step continues anyway."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Any] = loop.create_future()

    def run() -> None:
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 - raised by `await`
            loop.call_soon_threadsafe(_settle, done, None, error)
        else:
            loop.call_soon_threadsafe(_settle, done, result, None)

    threading.Thread(target=run, name="step", daemon=True).start()
    return await done


def _settle(done: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    if done.done():  # cancelled
        return
    if error is None:
        done.set_result(result)
    else:
        done.set_exception(error)
