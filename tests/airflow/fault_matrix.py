"""What the fault suite does to the processes of a run, when, and what has to come of it."""

from dataclasses import dataclass
from itertools import product

SECONDS = 20  # for which a process is stopped
SHOWN = {"kill": "kill -9", "stop": f"stopped for {SECONDS} s"}

COMPONENTS = ("api-server", "scheduler", "dag-processor", "triggerer")
PASSED, FAILED, INVALID = "PASSED", "FAILED", "INVALID"


@dataclass(frozen=True)
class Fault:
    """What is done to which process, at which moment of a run; the verdict that follows, and its reason."""

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
    """Whether it is among what is tried by each run of the suite."""
    return (fault.victim, fault.action, fault.moment) in _SHARE


HEAD = """# What the fault suite tries

Made by `tests/airflow/test_faults.py`, from what it and its neighbours try. `./rallycross test --full` tries all of it,
`./rallycross test` a part.

## Processes

{total} faults of processes under a real Airflow, {share} of them (**bold**) by each run of the suite. Each is a
run of its own, which is held to its verdict, to its one reason in every report, to its samples (or, where the
cloud is verified, to its tests' results), to what is left in the cloud, and to the secrets that are found in
any file of the home. Where a run is to pass, INVALID is taken too, if the reason is that the busy machine kept
the generator from its work.

| struck | how | in | verdict, reason | kept | left | secrets |
| --- | --- | --- | --- | --- | --- | --- |
"""
_KEPT = {PASSED: "all", FAILED: "all that was done", INVALID: "all"}


def table() -> str:
    """Return the page's part on processes."""
    faults, rows = matrix(), dict[tuple[str, str, str, str], list[Fault]]()
    for fault in faults:
        rows.setdefault((fault.victim, fault.action, fault.verdict, fault.reason), []).append(fault)
    lines = [HEAD.format(total=len(faults), share=sum(map(in_share, faults)))]
    for (victim, action, verdict, reason), found in rows.items():
        moments = ", ".join(f"**{one.moment}**" if in_share(one) else one.moment for one in found)
        told = f"{verdict}: {reason}" if reason else verdict
        lines.append(f"| {victim} | {SHOWN[action]} | {moments} | {told} | {_KEPT[verdict]} | 0 | 0 |\n")
    return "".join(lines)
