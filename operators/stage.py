"""What the stages of a run share: references, inputs, stopping, and reporting failures."""

import math
import os
import re
import shutil
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from functools import cached_property, wraps
from logging import Logger
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from airflow.sdk import BaseOperator
from airflow.sdk.definitions.context import Context
from airflow.sdk.exceptions import AirflowException, AirflowTaskTimeout
from airflow.sdk.log import mask_secret

from operators.retries import NotRetryable
from rallycross.deployment.step import Tell
from rallycross.disk import refused
from rallycross.errors import RallycrossError, did_you_mean
from rallycross.permissions import Permissions, permissions
from rallycross.results.endings import BROKE_OFF, SCHEDULER_LOST, STOPPED, TIMED_OUT, WORKER_LOST, because
from rallycross.results.reference import StageName, reference
from rallycross.results.stop_note import POSSIBLE_CAUSE, noted_reason, stage_failure, write_note
from rallycross.secret import is_secret_name, secrets_in, secrets_written_in, shown_text
from rallycross.settings import settings

if TYPE_CHECKING:
    from rallycross.deployment import CloudSpec

NONE = "none"  # the value of `tests` that skips the verification
LOAD: StageName = "benchmark"  # the stage that runs a load
_WORDS = {"true": True, "false": False}
_NAMED = re.compile(r"^\s*([\w.-]+)\s*[=:]\s*(\S.*)$", re.MULTILINE)
_CLOUD_CLIENTS = ("keystoneauth1.", "openstack.")  # modules whose exceptions are answers of a cloud
_TOO_LONG = "the task took longer than its execution_timeout"
PROBLEM = "problem"  # key of the XCom with the reason why a stage failed

_ENDING = 60.0  # seconds that a load has to end after it was told to
_ROOM = 1_000_000  # with fewer free bytes the disk of Airflow's home counts as full
_STORE_REASON = 0.5  # seconds to store the reason of a stop before the stop itself

Result = TypeVar("Result")

_ARGUMENTS: dict[StageName, str] = {"deploy": "deployment", "verify": "verification", "benchmark": "task"}
PARTS = tuple(_ARGUMENTS)  # the stages that a DAG can have


def own_reference(context: Context, stage: StageName) -> str:
    """Return the uuid under which this run stores the results of `stage`; a retry has the same one."""
    return reference(context["dag"].dag_id, context["run_id"], stage)


def permitted(context: Context, given: str) -> Permissions:
    """Return the permissions of this run for a file or text from its form: see `rallycross.permissions`."""
    return permissions(settings(), own_reference(context, "deploy"), given)


def cloud_spec_of(context: Context, given: str) -> "CloudSpec":
    """Return the cloud spec that a run was given as a file or as text."""
    from rallycross.deployment import load_spec  # noqa: PLC0415 - parsing a DAG stays cheap
    from rallycross.yamlfile import source  # noqa: PLC0415

    allowed = permitted(context, given)
    text, file = source(given, allowed)
    return load_spec(text, file=file, permissions=allowed)


def own_references(context: Context, parts: Collection[StageName], tests: str = "") -> dict[str, str | None]:
    """Return the uuids of the run's results as keyword arguments for their readers; None if a stage was not requested.

    `parts`: the stages that the DAG has; `tests`: the requested set of tests, "none" = no verification.
    """
    asked = {part: part in parts and not (part == "verify" and tests == NONE) for part in _ARGUMENTS}
    return {_ARGUMENTS[part]: own_reference(context, part) if asked[part] else None for part in _ARGUMENTS}


def is_true(name: str, value: bool | str) -> bool:
    """Parse a boolean that a template may have rendered as text; raise `RallycrossError` if it is not one."""
    word = str(value).strip().lower()
    if word not in _WORDS:
        raise RallycrossError(f"{name}: {value!r} is not a boolean - write true or false")
    return _WORDS[word]


def log_step(log: Logger) -> Tell:
    """Return a function that logs the steps of a deployment."""
    return lambda event: log.info("%s %s %s", event.status, event.title or event.name, event.error)


class StageOperator(BaseOperator):
    """A stage of a run. Secrets in its arguments are masked in Airflow's UI and logs."""

    def render_template_fields(self, context: Context, jinja_env: Any = None) -> None:
        """Render the templates; have Airflow mask the secrets in the results before it stores and shows them."""
        super().render_template_fields(context, jinja_env)
        for field in self.template_fields:
            for secret in _secrets_of(getattr(self, field, None)):
                mask_secret(secret)


def _secrets_of(value: Any) -> Iterator[str]:
    """Yield the secrets in an argument: in data, and in text that is YAML or JSON, or has NAME=VALUE lines or URLs."""
    yield from secrets_in(value)
    if not isinstance(value, str):
        return
    yield from secrets_written_in(value)
    for name, written in _NAMED.findall(value):
        if is_secret_name(name):
            yield written.strip()
    if "\n" in value or value.startswith("{"):
        from rallycross.yamlfile import parse  # noqa: PLC0415 - parsing a DAG stays cheap

        with suppress(RallycrossError):
            yield from secrets_in(parse(value, "")[0])


def parent(pid: int) -> int:
    """Return the pid of a process's parent, or 0 if the process is gone."""
    return int(fields[1]) if (fields := _stat(pid)) else 0


def is_alive(pid: int) -> bool:
    """Tell whether a process exists and is not a zombie."""
    return bool(fields := _stat(pid)) and fields[0] != "Z"


def command(pid: int) -> str:
    """Return the command line of a process, or "" if it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat from the state on."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def wait_for_load(uuid: str) -> None:
    """Wait until the load of a task has ended.

    If a run is marked failed, Airflow starts the next stages at once, but tells the load only some seconds later, and
    kills it 5 s after that.
    """
    from hooks.results import store  # noqa: PLC0415 - parsing a DAG stays cheap
    from rallycross.results.concurrent_loads import load_is_running  # noqa: PLC0415

    deadline = time.monotonic() + _ENDING
    while (task := store().tasks.get(uuid)) and load_is_running(task, time.time()) and time.monotonic() < deadline:
        time.sleep(0.5)


class StoppableOperator(StageOperator):
    """A stage that polls `stop` while it works, and ends itself when that is set.

    Airflow's way to stop a task raises nothing inside `execute`: it calls `on_kill`, and ends the process 5 s later.
    """

    _worker: int | None = None  # its pid, once it is watched
    _scheduler: int | None = None  # the pid of the worker's parent, if that is a scheduler
    _watched_at = math.inf  # when watching began, in seconds since the epoch

    @cached_property
    def stop(self) -> threading.Event:
        """Set when the task must end: it was marked failed by hand, or its worker is gone."""
        return threading.Event()

    def on_kill(self) -> None:
        """Tell the stage to end its load and its subprocesses."""
        self._stop_because(self._reason())

    def keep_reason(self, reason: str) -> None:
        """Store the reason of a stop with the results of the stage. Called on a thread of its own."""

    def _stop_because(self, reason: str) -> None:
        # This may be a signal handler that interrupts a transaction of this thread. So another thread stores the
        # reason, with a short limit, because Airflow may kill this process soon.
        keeping = threading.Thread(target=self.keep_reason, args=(reason,), name="stop-reason", daemon=True)
        keeping.start()
        keeping.join(_STORE_REASON)
        self.stop.set()

    def _reason(self) -> str:
        """Return why Airflow ends this task, as far as it can be seen from inside."""
        if sys.exc_info()[0] is AirflowTaskTimeout:
            return because(TIMED_OUT, _TOO_LONG)
        if note := noted_reason(self._watched_at):
            return note
        if self._scheduler is not None and not is_alive(self._scheduler):
            return because(SCHEDULER_LOST, f"its process {self._scheduler} is gone, and its workers with it")
        if self.orphaned:
            return because(WORKER_LOST, f"its process {self._worker} is gone")
        return because(STOPPED, "the task or its run was marked in Airflow, or its worker was told to end")

    def watch_worker(self) -> None:
        """Set `stop` when the worker of this process dies, since Airflow would not see the result of the task."""
        self._worker, self._watched_at = os.getppid(), time.time()
        above = parent(self._worker)
        self._scheduler = above if above and "scheduler" in command(above) else None
        threading.Thread(target=self._watch_worker, name="worker-watch", daemon=True).start()

    @property
    def orphaned(self) -> bool:
        """Whether the worker of this process has died. Then logging fails with a broken pipe."""
        return self._worker is not None and os.getppid() != self._worker

    def _watch_worker(self) -> None:
        full = ""
        while not self.stop.is_set():
            if not full and (full := full_disk()):
                with suppress(OSError):  # Rallycross's home may be on the same disk
                    write_note(because(WORKER_LOST, full), POSSIBLE_CAUSE)
            if self.orphaned:
                self._stop_because(self._reason())
            time.sleep(1)


def full_disk() -> str:
    """Return a message if the disk of Airflow's home is full, or "": a worker dies if it cannot write its log."""
    home = Path(os.environ.get("AIRFLOW_HOME", ""))
    if not home.is_absolute() or not home.exists() or (free := shutil.disk_usage(home).free) >= _ROOM:
        return ""
    return f"the disk of Airflow's home was full: {home}: {free:,} bytes were free - make room on its disk"


def reports_failure(execute: Callable[..., Result]) -> Callable[..., Result]:
    """Make `execute` report a failure that a user can act on, in the stage's log and as its XCom `problem`.

    The verdict and the report show it. Parameters that the DAG does not have are such a failure.
    """

    @wraps(execute)
    def reporting(operator: BaseOperator, context: Context, **more: Any) -> Result:
        try:
            if not getattr(operator, "is_teardown", False):
                check_configuration(context)
            return execute(operator, context, **more)
        except RallycrossError as error:
            reason = error
        except AirflowTaskTimeout:
            context["ti"].xcom_push(key=PROBLEM, value=because(TIMED_OUT, _TOO_LONG))
            raise
        except AirflowException:  # a signal to Airflow, such as a skip
            raise
        except Exception as error:
            actionable = _actionable(error)
            if actionable is None:
                what = f"{type(error).__name__}: {shown_text(str(error))}; see its log"
                context["ti"].xcom_push(key=PROBLEM, value=because(BROKE_OFF, what))
                raise
            reason = actionable
        context["ti"].xcom_push(key=PROBLEM, value=str(reason))
        if isinstance(operator, BaseOperator):
            operator.log.error("%s", reason)
        raise _without_traceback(reason) from None

    return reporting


def _actionable(error: Exception) -> RallycrossError | None:
    """Return the message for an error of a disk or a cloud, or None for any other error."""
    if message := refused(error):
        return RallycrossError(message)
    if type(error).__module__.startswith(_CLOUD_CLIENTS):
        return RallycrossError(f"{error} - check the cloud's address, its credentials, and that it can be reached")
    return None


def check_configuration(context: Context) -> None:
    """Raise if a run has a parameter that its DAG does not have: Airflow accepts any key and ignores it."""
    run = context.get("dag_run")
    known = list(getattr(context["dag"], "params", ()))
    if unknown := [key for key in (getattr(run, "conf", None) or {}) if key not in known]:
        problems = [
            f"{context['dag'].dag_id}: unknown parameter {key!r} - {_suggestion(key, known)}" for key in unknown
        ]
        raise NotRetryable("\n".join(problems))


def _suggestion(key: str, known: list[str]) -> str:
    return did_you_mean(key, known) or f"leave it out, or use one of {', '.join(known)}"


def _without_traceback(error: RallycrossError) -> RallycrossError:
    """Return the same error as a `SystemExit` too, the only exception that Airflow logs without a traceback."""
    kind = type(error)
    quiet = type(kind.__name__, (kind, SystemExit), {"__module__": kind.__module__, "__str__": kind.__str__})
    found: RallycrossError = quiet.__new__(quiet, *error.args)
    found.__dict__.update(error.__dict__)
    found.code = 1  # type: ignore[attr-defined]
    return found


def failed_stages(ti: Any, stages: Collection[str]) -> dict[str, str]:
    """Return the failed stages of this run, each with the reason that it gave or that was stored for it."""
    from hooks.results import store  # noqa: PLC0415 - parsing a DAG stays cheap

    states = ti.get_task_states(dag_id=ti.dag_id, task_ids=list(stages), run_ids=[ti.run_id])[ti.run_id]
    failed = [stage for stage in stages if states.get(stage) == "failed"]
    reasons = {stage: str(ti.xcom_pull(task_ids=stage, key=PROBLEM) or "") for stage in failed}
    task = store().tasks.get(reference(ti.dag_id, ti.run_id, "benchmark")) if not reasons.get(LOAD, "-") else None
    return {stage: stage_failure(reason, task if stage == LOAD else None) for stage, reason in reasons.items()}


def log_url(ti: Any, stage: str) -> str:
    """Return the address of the log of a stage of this run in Airflow."""
    run, _, _ = str(ti.log_url).rpartition("/tasks/")
    return f"{run}/tasks/{stage}"


def report_url(ti: Any) -> str:
    """Return the address of the run's report in Airflow."""
    run, _, _ = str(ti.log_url).rpartition("/tasks/")
    return f"{run}/plugin/rallycross-report"
