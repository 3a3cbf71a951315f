"""Deploys a cloud as a group of tasks, one for each step: a step runs on its host by itself, and holds no worker.

Whatever is restarted meanwhile - worker, scheduler, triggerer - finds the step running, or its end.
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

from operators.stage import StageOperator, cloud_spec_of, log_step, own_reference, tells_why
from rallycross.errors import RallycrossError

_LOOK_EVERY = 1.0  # seconds between two looks whether what a step needs is done
_LOOK_OFTEN = 0.2  # while a worker waits
_MOMENT = 5.0  # seconds that a step gets in the worker, and that a trigger lasts at the least
_STALLED = 10.0  # seconds in which nothing has run or ended: then a trigger does what its step waits for


def deploy_steps(cloud_spec: str, **limits: Any) -> TaskGroup:
    """Return the task group `deploy`: plan, then a task for each step that is to be done, then register.

    `limits`: arguments of every task, such as `execution_timeout`. What `register` returns is what `DeployOperator`
    does: `{"deployment": uuid, "cloud": name}`.
    """
    with TaskGroup("deploy", tooltip="Makes the cloud of the spec stand") as group:
        plan = PlanOperator(
            task_id="plan",
            cloud_spec=cloud_spec,
            doc_md="Has the servers made, and says which steps are to be done.",
            **limits,
        )
        step = StepOperator.partial(
            task_id="step",
            map_index_template="{{ task.step.name }}",
            doc_md="Does one step: detached on its host, followed by the triggerer.",
            **limits,
        ).expand(step=plan.output)
        register = RegisterOperator(
            task_id="register",
            cloud_spec=cloud_spec,
            trigger_rule="none_failed",  # also where nothing was to be done
            doc_md="Registers the cloud, so that later stages and runs can name it.",
            **limits,
        )
        plan >> step >> register
    return group


class PlanOperator(StageOperator):
    """Has the servers of `cloud_spec` made. Returns the steps to do: `[{"name":, "needs": [], "cloud":, "uuid":}]`."""

    template_fields = ("cloud_spec",)
    template_ext = ()

    def __init__(self, *, cloud_spec: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cloud_spec = cloud_spec

    @tells_why
    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Plan; what is done already is skipped."""
        from hooks.results import store  # noqa: PLC0415 - parsing a DAG stays cheap
        from rallycross import lifecycle  # noqa: PLC0415
        from rallycross.settings import settings  # noqa: PLC0415

        spec, uuid = cloud_spec_of(context, self.cloud_spec), own_reference(context, "deploy")
        steps = lifecycle.begin(spec, store(), settings(), uuid=uuid, tell=log_step(self.log))
        return [{"name": one.name, "needs": list(one.needs), "cloud": spec.name, "uuid": uuid} for one in steps]


class StepOperator(StageOperator):
    """Does one step of those that `PlanOperator` returns, in the triggerer."""

    template_fields = ("step",)

    def __init__(self, *, step: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.step = step

    @tells_why
    def execute(self, context: Context) -> None:
        """Do what is done in a moment; leave the worker to others where it takes longer.

        Whoever defers for a moment is resumed before Airflow's scheduler has seen that it has deferred, which then
        takes the first end of the worker for the second, and fails the task.
        """
        del context
        trigger = StepTrigger(**self.step)
        if (error := trigger.done_within(_MOMENT)) is None:
            self.defer(trigger=trigger, method_name="ended", timeout=self.execution_timeout)
        if error:
            raise RallycrossError(error)

    @tells_why
    def ended(self, context: Context, event: dict[str, Any]) -> None:
        """Raise where the step has failed."""
        del context
        if event["error"]:
            raise RallycrossError(event["error"])


class StepTrigger(BaseTrigger):
    """Waits for what a step needs, then for the step. Runs again after a restart, and takes the step up."""

    def __init__(self, *, name: str, needs: list[str], cloud: str, uuid: str) -> None:
        super().__init__()
        self.name, self.needs, self.cloud, self.uuid = name, needs, cloud, uuid

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return what makes it again: references alone, no spec."""
        kwargs = {"name": self.name, "needs": self.needs, "cloud": self.cloud, "uuid": self.uuid}
        return "operators.deploy_steps.StepTrigger", kwargs

    def done_within(self, seconds: float) -> str | None:
        """Begin the step, when what it needs is done; return why it failed, "" where it is done, None if it goes on.

        The step is its host's, not this process's: whoever comes next takes it up.
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
            time.sleep(_LOOK_OFTEN)
        said: list[str] = []
        worker = threading.Thread(target=lambda: said.append(self._do(self.name)), name="step", daemon=True)
        worker.start()
        worker.join(seconds)
        return said[0] if said else None

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield the one event: `{"error": ""}`, or why the step could not be done."""
        began = time.monotonic()
        waited = 0.0
        while True:
            missing, busy, error = await _aside(self._unmet)
            if error or not missing:
                break
            waited = 0.0 if busy else waited + _LOOK_EVERY
            if waited > _STALLED:
                # Its own task may never come to it: `airflow dags test` runs one task after another, in any order.
                await _aside(partial(self._do, missing[0]))
                waited = 0.0
            await asyncio.sleep(_LOOK_EVERY)
        error = error or await _aside(partial(self._do, self.name))
        # Not before the scheduler has seen that the task has deferred: see `StepOperator.execute`.
        await asyncio.sleep(max(0.0, began + _MOMENT - time.monotonic()))
        yield TriggerEvent({"error": error})

    def _unmet(self) -> tuple[list[str], bool, str]:
        from hooks.results import store  # noqa: PLC0415 - the triggerer has it only where it is used

        row = store().deployments.get(self.uuid)
        states = {step.name: step.status for step in row.steps} if row else {}
        if failed := [need for need in self.needs if states.get(need) == "failed"]:
            return [], False, f"{self.name} was not begun: {', '.join(failed)} failed"
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
            lifecycle.do(spec, store(), settings(), uuid=self.uuid, name=name)
        except RallycrossError as error:
            return str(error)
        return ""


class RegisterOperator(PlanOperator):
    """Registers the cloud. Returns `{"deployment": uuid, "cloud": name}`."""

    @tells_why
    def execute(self, context: Context) -> dict[str, str]:  # type: ignore[override]
        """Ask the engine for the cloud, and keep it."""
        from hooks.results import store  # noqa: PLC0415 - parsing a DAG stays cheap
        from rallycross import lifecycle  # noqa: PLC0415
        from rallycross.settings import settings  # noqa: PLC0415

        spec, uuid = cloud_spec_of(context, self.cloud_spec), own_reference(context, "deploy")
        return {
            "deployment": uuid,
            "cloud": lifecycle.end(spec, store(), settings(), uuid=uuid, tell=log_step(self.log)),
        }


async def _aside(work: Any) -> Any:
    """Do blocking work in a thread that nobody waits for at the triggerer's end: what it does goes on by itself."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Any] = loop.create_future()

    def run() -> None:
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 - raised where it is awaited
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
