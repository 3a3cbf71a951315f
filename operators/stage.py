"""What all stages of a run share: references, inputs, and how a stage is told to stop."""

import os
import threading
import time
from collections.abc import Callable, Collection
from functools import cached_property, wraps
from logging import Logger
from typing import TYPE_CHECKING, Any, TypeVar

from airflow.sdk import BaseOperator
from airflow.sdk.definitions.context import Context

from rallycross.deployment.step import Tell
from rallycross.errors import RallycrossError
from rallycross.permissions import Permissions, permissions
from rallycross.results.reference import Stage, reference
from rallycross.settings import settings

if TYPE_CHECKING:
    from rallycross.deployment import CloudSpec

NONE = "none"  # the choice not to verify
_WORDS = {"true": True, "false": False}
PROBLEM = "problem"  # key of the XCom in which a stage that failed says why

Result = TypeVar("Result")

_ARGUMENTS: dict[Stage, str] = {"deploy": "deployment", "verify": "verification", "benchmark": "task"}
PARTS = tuple(_ARGUMENTS)  # all that a run can be asked for


def own_reference(context: Context, stage: Stage) -> str:
    """Return the uuid under which this run keeps what `stage` makes; the same when a task is run again."""
    return reference(context["dag"].dag_id, context["run_id"], stage)


def permitted(context: Context, given: str) -> Permissions:
    """Return what this run may do with the file, or text, `given`: see `rallycross.permissions`."""
    return permissions(settings(), own_reference(context, "deploy"), given)


def cloud_spec_of(context: Context, given: str) -> "CloudSpec":
    """Return the cloud spec that a run was given, as a file or as text."""
    from rallycross.deployment import load_spec  # noqa: PLC0415 - parsing a DAG stays cheap
    from rallycross.yamlfile import source  # noqa: PLC0415

    allowed = permitted(context, given)
    text, file = source(given, allowed)
    return load_spec(text, file=file, permissions=allowed)


def own_references(context: Context, parts: Collection[Stage], tests: str = "") -> dict[str, str | None]:
    """Return the uuids of what a run was asked for, as keyword arguments of who reads them; None = it was not.

    `parts`: the stages that the DAG has; `tests`: the set of tests that was asked for, "none" = no verification.
    """
    asked = {part: part in parts and not (part == "verify" and tests == NONE) for part in _ARGUMENTS}
    return {_ARGUMENTS[part]: own_reference(context, part) if asked[part] else None for part in _ARGUMENTS}


def is_true(name: str, value: bool | str) -> bool:
    """Return a truth that a template may have made a word; raise `RallycrossError` where it is neither."""
    word = str(value).strip().lower()
    if word not in _WORDS:
        raise RallycrossError(f"{name}: {value!r} is neither true nor false - write one of these")
    return _WORDS[word]


def log_step(log: Logger) -> Tell:
    """Return what writes the steps of a deployment into a task's log."""
    return lambda event: log.info("%s %s %s", event.status, event.title or event.name, event.error)


class StoppableOperator(BaseOperator):
    """A stage that polls `stop` while it works, and ends by itself when it is set.

    Airflow's way to stop a task raises nothing inside `execute`: it calls `on_kill`, and ends the process 5 s later.
    """

    _worker: int | None = None  # its process, once it is watched

    @cached_property
    def stop(self) -> threading.Event:
        """Set when the task is to end: marked failed by hand, or its worker is gone."""
        return threading.Event()

    def on_kill(self) -> None:
        """Tell the stage to end its load, its subprocesses, and what it writes."""
        self.stop.set()

    def watch_worker(self) -> None:
        """Set `stop` when the worker above this process dies: nobody would be told what the task goes on to do."""
        self._worker = os.getppid()
        threading.Thread(target=self._watch_worker, name="worker-watch", daemon=True).start()

    @property
    def orphaned(self) -> bool:
        """Whether the worker above this process has died. What is told, or logged, then fails at a broken pipe."""
        return self._worker is not None and os.getppid() != self._worker

    def _watch_worker(self) -> None:
        while not self.stop.is_set():
            if self.orphaned:
                self.stop.set()
            time.sleep(1)


def tells_why(execute: Callable[..., Result]) -> Callable[..., Result]:
    """Keep the reason of a failure that a user can act on as the stage's XCom `problem`, for the verdict to name."""

    @wraps(execute)
    def telling(operator: BaseOperator, context: Context, **more: Any) -> Result:
        try:
            return execute(operator, context, **more)
        except RallycrossError as error:
            context["ti"].xcom_push(key=PROBLEM, value=str(error))
            raise

    return telling
