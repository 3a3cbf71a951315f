"""The process faults that the fault suite injects, their moments, and the expected results."""

from dataclasses import dataclass
from itertools import product

SECONDS = 20  # for which a process is stopped
SHOWN = {"kill": "kill -9", "stop": f"stopped for {SECONDS} s"}

COMPONENTS = ("api-server", "scheduler", "dag-processor", "triggerer")
PASSED, FAILED, INVALID = "PASSED", "FAILED", "INVALID"


@dataclass(frozen=True)
class Fault:
    """A fault: its process, its action and its moment in a run; the expected verdict and reason."""

    victim: str
    action: str  # kill, stop
    moment: str
    verdict: str = PASSED
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.action} {self.victim}: {self.moment}"


STAGES = ("deploy", "verify", "load", "judge and report")
OF_THE_LOAD = ("first iterations", "mid-load", "last iterations")

# What a load is lost by: who drives it, and who is above. All else comes back, or is not missed.
_LOSES = {
    "scheduler": "scheduler lost",
    "supervisord": "scheduler lost",
    "worker": "worker lost",
    "task": "process killed",
}


def matrix() -> list[Fault]:
    """Return all faults."""
    found = [
        _of_a_stage(victim, action, stage)
        for victim, action, stage in product(
            (*COMPONENTS, "supervisord", "keeper", "worker", "task"), ("kill", "stop"), STAGES
        )
    ]
    found += [
        Fault("command", action, stage) for action, stage in product(("kill", "stop"), STAGES) if stage != "verify"
    ]
    found += [Fault("tests' process", action, "verify") for action in ("kill", "stop")]
    found += [Fault("load process", "kill", moment, FAILED, "process killed") for moment in OF_THE_LOAD]
    found += [Fault("load process", "stop", moment, INVALID, "stood still for") for moment in OF_THE_LOAD]
    return found


def _of_a_stage(victim: str, action: str, stage: str) -> Fault:
    lost = _LOSES.get(victim, "") if (action, stage) == ("kill", "load") else ""
    return Fault(victim, action, stage, FAILED if lost else PASSED, lost)


# Of these `./rallycross test` has the time.
_SHARE = {
    ("api-server", "kill", "load"),
    ("scheduler", "kill", "load"),
    ("supervisord", "kill", "load"),
    ("worker", "kill", "load"),
    ("task", "kill", "judge and report"),
    ("load process", "stop", "mid-load"),
}


def in_share(fault: Fault) -> bool:
    """Tell whether every run of the suite includes it."""
    return (fault.victim, fault.action, fault.moment) in _SHARE


HEAD = """# The faults of the fault suite

`tests/airflow/test_faults.py` generates this page from the tests. `./rallycross test --full` injects all faults,
`./rallycross test` some of them.

## Processes

{total} process faults under a real Airflow; every run of the suite includes {share} of them (**bold**). Each has a
run of its own. The test checks the verdict, the same single reason in every report, the samples (for a
verification: the results of its tests), leftovers in the cloud, and secrets in any file of the home. Where a run
must pass, INVALID is accepted too, if the reason is that a busy machine held up the load generator.

| process | fault | during | verdict, reason | kept | left in the cloud | secrets found |
| --- | --- | --- | --- | --- | --- | --- |
"""
_KEPT = {PASSED: "all", FAILED: "all that was done", INVALID: "all"}


def table() -> str:
    """Return the page's section on processes."""
    faults, rows = matrix(), dict[tuple[str, str, str, str], list[Fault]]()
    for fault in faults:
        rows.setdefault((fault.victim, fault.action, fault.verdict, fault.reason), []).append(fault)
    lines = [HEAD.format(total=len(faults), share=sum(map(in_share, faults)))]
    for (victim, action, verdict, reason), found in rows.items():
        moments = ", ".join(f"**{one.moment}**" if in_share(one) else one.moment for one in found)
        told = f"{verdict}: {reason}" if reason else verdict
        lines.append(f"| {victim} | {SHOWN[action]} | {moments} | {told} | {_KEPT[verdict]} | 0 | 0 |\n")
    return "".join(lines)
