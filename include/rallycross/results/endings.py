"""How runs, stages, workloads and iterations end: each way has one name, the same wherever it is shown.

The error of a workload, its SLA row, the terminal, the reports and Airflow's log begin with that name. A test holds the
table in `docs/results.md` to this one.
"""

from dataclasses import dataclass
from typing import Literal

from rallycross.results.models import WorkloadRow

STOPPED = "stopped by user"
KILLED = "process killed"
WORKER_LOST = "worker lost"
SCHEDULER_LOST = "scheduler lost"
TIMED_OUT = "timed out"
NOT_MEASURED = "not measured"
BROKE_OFF = "broke off"
NEVER_BEGAN = "never began"
ABORTED_ON_SLA = "aborted on SLA"


@dataclass(frozen=True)
class Ending:
    """A way to end."""

    of: Literal["run", "stage", "workload", "iteration"]
    name: str
    when: str


ENDINGS = (
    Ending("run", "passed", "everything requested was done, and every criterion was met"),
    Ending("run", "failed", "something was not done, or a load that can be trusted missed a criterion"),
    Ending("run", "INVALID", "the only problem is that the load generator did not produce the requested load"),
    Ending("stage", "refused", "its files or parameters are wrong, which is reported before anything is created"),
    Ending("stage", STOPPED, "`./rallycross down`, or the task or its run was marked in Airflow, after its load"),
    Ending("stage", TIMED_OUT, "its Airflow task took longer than its `execution_timeout`"),
    Ending("stage", WORKER_LOST, "the Airflow worker of its process is gone"),
    Ending("stage", SCHEDULER_LOST, "the Airflow scheduler of its worker, or the supervisor of the scheduler, is gone"),
    Ending("stage", KILLED, "its process ended without a reason: it was killed, or ended by Airflow"),
    Ending("stage", BROKE_OFF, "an unexpected error, whose class and message are shown"),
    Ending("workload", "finished", "its load ended as planned; its criteria decide whether it passed"),
    Ending("workload", ABORTED_ON_SLA, "stopped as requested, since a criterion could no longer be met"),
    Ending("workload", STOPPED, "Ctrl-C, `./rallycross down`, or the task or its run was marked in Airflow"),
    Ending(
        "workload",
        KILLED,
        "the process that generated the load, or ran the task, is gone; the signal is shown if known",
    ),
    Ending("workload", WORKER_LOST, "the Airflow worker of the process that ran the task is gone"),
    Ending(
        "workload",
        SCHEDULER_LOST,
        "the Airflow scheduler of the task's worker, or the supervisor of the scheduler, is gone",
    ),
    Ending("workload", TIMED_OUT, "its Airflow task took longer than its `execution_timeout`"),
    Ending("workload", NOT_MEASURED, "its load could not begin: a context, a sign-in or a name went wrong"),
    Ending("workload", BROKE_OFF, "its load began, and then could not continue"),
    Ending("workload", NEVER_BEGAN, "the task ended before its turn"),
    Ending("iteration", "succeeded", "its scenario ended without an error"),
    Ending("iteration", "failed", "its scenario raised an error, whose class and message are kept"),
    Ending("iteration", "TimedOut", "it took longer than the runner's `timeout`"),
    Ending("iteration", "Aborted", "the load was stopped while it ran"),
    Ending("iteration", "dropped", "it was due while all workers were busy, and did not run"),
)

# The reason for a task whose row says "running" although its process is gone.
LOST = f"{KILLED}: the one that ran the task is gone without a word; what had been measured is kept"
# The reason for a stage that failed in Airflow and gave none.
WORDLESS = f"{KILLED}: the one that ran the stage ended without a word: it was killed, or ended by Airflow; see its log"

_NAMES = frozenset(one.name for one in ENDINGS if one.of == "workload")
_OF_STATUS = {"aborted": STOPPED, "aborted_on_sla": ABORTED_ON_SLA, "init": NEVER_BEGAN, "crashed": BROKE_OFF}


def because(name: str, what: str) -> str:
    """Return a reason as it is stored: the name of the ending, and what happened."""
    return f"{name}: {what}"


def ending_line(workload: WorkloadRow) -> str:
    """Return in one line how a workload ended: the name of the ending and, if known, what happened."""
    name = ending(workload)
    what = next((line.strip() for line in workload.error.splitlines() if line.strip()), "")
    return what if what.startswith(name) else because(name, what) if what else name


def ending(workload: WorkloadRow) -> str:
    """Return the name of a workload's ending, or `running`."""
    name = workload.error.partition(":")[0]
    return name if name in _NAMES else _OF_STATUS.get(workload.status, workload.status)
