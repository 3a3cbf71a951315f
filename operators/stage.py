"""What all stages of a run share: references, inputs, and how a stage is told to stop."""

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

from operators.retries import NotAgain
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

NONE = "none"  # the choice not to verify
LOAD: StageName = "benchmark"  # the stage that runs a load
_WORDS = {"true": True, "false": False}
_NAMED = re.compile(r"^\s*([\w.-]+)\s*[=:]\s*(\S.*)$", re.MULTILINE)
_CLOUDS = ("keystoneauth1.", "openstack.")  # whose exceptions are a cloud's answers
_TOO_LONG = "the task took longer than its execution_timeout"
PROBLEM = "problem"  # key of the XCom in which a stage that failed says why

_ENDING = 60.0  # seconds for a load that has been told to end
_ROOM = 1_000_000  # bytes free on the disk of Airflow's home
_KEEP = 0.5  # seconds in which the reason of a stop is kept before the stop itself

Result = TypeVar("Result")

_ARGUMENTS: dict[StageName, str] = {"deploy": "deployment", "verify": "verification", "benchmark": "task"}
PARTS = tuple(_ARGUMENTS)  # all that a run can be asked for


def own_reference(context: Context, stage: StageName) -> str:
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


def own_references(context: Context, parts: Collection[StageName], tests: str = "") -> dict[str, str | None]:
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


class StageOperator(BaseOperator):
    """A stage of a run. What is secret in its arguments is kept from all who may look at a task."""

    def render_template_fields(self, context: Context, jinja_env: Any = None) -> None:
        """Fill in the templates; Airflow masks the secrets in what comes out, before it keeps and shows that."""
        super().render_template_fields(context, jinja_env)
        for field in self.template_fields:
            for secret in _secrets_of(getattr(self, field, None)):
                mask_secret(secret)


def _secrets_of(value: Any) -> Iterator[str]:
    """Yield the secrets in an argument: in data, and in texts that are YAML, JSON, or have such lines or URLs."""
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
    """Return the parent of a process; 0 where it is gone."""
    return int(fields[1]) if (fields := _stat(pid)) else 0


def is_alive(pid: int) -> bool:
    """Whether a process is there and has not ended."""
    return bool(fields := _stat(pid)) and fields[0] != "Z"


def command(pid: int) -> str:
    """Return the command line of a process; empty where it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def _stat(pid: int) -> list[str]:
    """Return state, parent and what follows, of /proc/PID/stat."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def wait_for_load(uuid: str) -> None:
    """Wait until a task's load has ended: a run that is marked failed goes on to what follows the load at once.

    That is told to the load within some seconds, and Airflow kills what has not ended 5 s later.
    """
    from hooks.results import store  # noqa: PLC0415 - parsing a DAG stays cheap
    from rallycross.results.concurrent_loads import load_is_running  # noqa: PLC0415

    deadline = time.monotonic() + _ENDING
    while (task := store().tasks.get(uuid)) and load_is_running(task, time.time()) and time.monotonic() < deadline:
        time.sleep(0.5)


class StoppableOperator(StageOperator):
    """A stage that polls `stop` while it works, and ends by itself when it is set.

    Airflow's way to stop a task raises nothing inside `execute`: it calls `on_kill`, and ends the process 5 s later.
    """

    _worker: int | None = None  # its process, once it is watched
    _scheduler: int | None = None  # above the worker, where it is one
    _watched_at = math.inf  # since when, in seconds since the epoch

    @cached_property
    def stop(self) -> threading.Event:
        """Set when the task is to end: marked failed by hand, or its worker is gone."""
        return threading.Event()

    def on_kill(self) -> None:
        """Tell the stage to end its load, its subprocesses, and what it writes."""
        self._stop_because(self._reason())

    def keep_reason(self, reason: str) -> None:
        """Keep why the stage is told to stop, where its results are. Called on a thread of its own."""

    def _stop_because(self, reason: str) -> None:
        # This may be a signal's handler, in the middle of a transaction of this very thread: so on another, and in
        # good time, since whoever ends us may not wait.
        keeping = threading.Thread(target=self.keep_reason, args=(reason,), name="stop-reason", daemon=True)
        keeping.start()
        keeping.join(_KEEP)
        self.stop.set()

    def _reason(self) -> str:
        """Return why Airflow ends this task, as far as can be seen from inside."""
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
        """Set `stop` when the worker above this process dies: nobody would be told what the task goes on to do."""
        self._worker, self._watched_at = os.getppid(), time.time()
        above = parent(self._worker)
        self._scheduler = above if above and "scheduler" in command(above) else None
        threading.Thread(target=self._watch_worker, name="worker-watch", daemon=True).start()

    @property
    def orphaned(self) -> bool:
        """Whether the worker above this process has died. What is told, or logged, then fails at a broken pipe."""
        return self._worker is not None and os.getppid() != self._worker

    def _watch_worker(self) -> None:
        full = ""
        while not self.stop.is_set():
            if not full and (full := full_disk()):
                with suppress(OSError):  # the home may be on the same disk
                    write_note(because(WORKER_LOST, full), POSSIBLE_CAUSE)
            if self.orphaned:
                self._stop_because(self._reason())
            time.sleep(1)


def full_disk() -> str:
    """Return that the disk of Airflow's home is full, and what to do; a worker dies of a log that it cannot write."""
    home = Path(os.environ.get("AIRFLOW_HOME", ""))
    if not home.is_absolute() or not home.exists() or (free := shutil.disk_usage(home).free) >= _ROOM:
        return ""
    return f"the disk of Airflow's home was full: {home}: {free:,} bytes were free - make room on its disk"


def tells_why(execute: Callable[..., Result]) -> Callable[..., Result]:
    """Tell the reason of a failure that a user can act on, in the stage's log and as its XCom `problem`.

    The verdict and the report name it. Arguments that the DAG does not have are such a reason.
    """

    @wraps(execute)
    def telling(operator: BaseOperator, context: Context, **more: Any) -> Result:
        try:
            if not getattr(operator, "is_teardown", False):
                check_configuration(context)
            return execute(operator, context, **more)
        except RallycrossError as error:
            reason = error
        except AirflowTaskTimeout:
            context["ti"].xcom_push(key=PROBLEM, value=because(TIMED_OUT, _TOO_LONG))
            raise
        except AirflowException:  # a word to Airflow, such as that the stage is skipped
            raise
        except Exception as error:
            told = _told(error)
            if told is None:
                what = f"{type(error).__name__}: {shown_text(str(error))}; see its log"
                context["ti"].xcom_push(key=PROBLEM, value=because(BROKE_OFF, what))
                raise
            reason = told
        context["ti"].xcom_push(key=PROBLEM, value=str(reason))
        if isinstance(operator, BaseOperator):
            operator.log.error("%s", reason)
        raise _without_traceback(reason) from None

    return telling


def _told(error: Exception) -> RallycrossError | None:
    """Return the reason of what a disk, or a cloud, has refused; None of any other error."""
    if told := refused(error):
        return RallycrossError(told)
    if type(error).__module__.startswith(_CLOUDS):
        return RallycrossError(f"{error} - check the cloud's address, its credentials, and that it is in reach")
    return None


def check_configuration(context: Context) -> None:
    """Raise where a run was given what its DAG does not ask for: Airflow takes any key, and nobody would read it."""
    run = context.get("dag_run")
    known = list(getattr(context["dag"], "params", ()))
    if unknown := [key for key in (getattr(run, "conf", None) or {}) if key not in known]:
        problems = [f"{context['dag'].dag_id}: there is no parameter {key!r} - {_meant(key, known)}" for key in unknown]
        raise NotAgain("\n".join(problems))


def _meant(key: str, known: list[str]) -> str:
    return did_you_mean(key, known) or f"leave it out, or name one of {', '.join(known)}"


def _without_traceback(error: RallycrossError) -> RallycrossError:
    """Return the same error, which is a `SystemExit` too: the one exception of which Airflow logs no traceback."""
    kind = type(error)
    quiet = type(kind.__name__, (kind, SystemExit), {"__module__": kind.__module__, "__str__": kind.__str__})
    found: RallycrossError = quiet.__new__(quiet, *error.args)
    found.__dict__.update(error.__dict__)
    found.code = 1  # type: ignore[attr-defined]
    return found


def failed_stages(ti: Any, stages: Collection[str]) -> dict[str, str]:
    """Return the stages of this run that have failed, each with the reason that it gave, or that is kept of it."""
    from hooks.results import store  # noqa: PLC0415 - parsing a DAG stays cheap

    states = ti.get_task_states(dag_id=ti.dag_id, task_ids=list(stages), run_ids=[ti.run_id])[ti.run_id]
    failed = [stage for stage in stages if states.get(stage) == "failed"]
    said = {stage: str(ti.xcom_pull(task_ids=stage, key=PROBLEM) or "") for stage in failed}
    task = store().tasks.get(reference(ti.dag_id, ti.run_id, "benchmark")) if not said.get(LOAD, "-") else None
    return {stage: stage_failure(word, task if stage == LOAD else None) for stage, word in said.items()}


def report_url(ti: Any) -> str:
    """Return the address of the run's report in Airflow."""
    run, _, _ = str(ti.log_url).rpartition("/tasks/")
    return f"{run}/plugin/rallycross-report"
