"""How long `./rallycross results` takes, and what memory, beside 10,000 tasks of 10 workloads and 1,000 verifications.

The first line lists nothing: it is what starting takes.

usage: .venv/bin/python tests/benchmarks/many_results.py [FOLDER]     (a folder that is there already is taken as it is)
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import cast

from sqlalchemy import Table, insert

from rallycross.load.sample import Action, Sample
from rallycross.results.models import SubtaskRow, TaskRow, TestRow, VerificationRow, WorkloadRow, WorkloadSlaRow
from rallycross.results.sample_file import SampleWriter
from rallycross.results.store import Store

TASKS, VERIFICATIONS, TESTS = 10_000, 1_000, 100
WORKLOADS, ITERATIONS = 10, 200  # of a task, of each workload that has samples
MEASURED = (42, 43)  # the tasks that have samples
_COMMANDS = (
    ("results", "list"),
    ("results", "list", "--tag", "tag-7"),
    ("results", "list", "--cloud", "cloud-3"),
    ("results", "list", "--last", "200"),
    ("results", "show", "00000042"),
    ("results", "compare", "00000042", "00000043"),
    ("results", "compare", "00000042", "00000043", "--by", "action"),
    ("verify", "history"),
    ("cloud", "list"),
    ("clean", "--dry-run"),
)


def fill(store: Store) -> None:
    """Keep tasks of ten workloads, with figures as large as real ones."""
    statistics = {"count": 0, "rows": [{"name": f"action {number}", "p50": number / 7} for number in range(300)]}
    with store.database.engine.begin() as connection:
        for start in range(0, TASKS, 500):
            numbers = range(start, start + 500)
            many = {"task": [_task(number) for number in numbers], "sub": [], "work": [], "sla": []}
            for number in numbers:
                many["sub"].append(_subtask(number))
                for position in range(WORKLOADS):
                    uuid = _workload_uuid(number, position)
                    many["work"].append(_workload(number, uuid, position, statistics))
                    many["sla"].append(
                        {"workload_uuid": uuid, "criterion": "failure_rate", "passed": True, "detail": "none failed"}
                    )
            for model, name in ((TaskRow, "task"), (SubtaskRow, "sub"), (WorkloadRow, "work"), (WorkloadSlaRow, "sla")):
                connection.execute(insert(cast("Table", model.__table__)), many[name])
        connection.execute(insert(VerificationRow), [_verification(number) for number in range(VERIFICATIONS)])
        for number in range(VERIFICATIONS):
            connection.execute(insert(TestRow), [_test(number, test) for test in range(TESTS)])


def measure(samples: Path) -> None:
    """Write the samples of two tasks."""
    for number in MEASURED:
        for position in range(WORKLOADS):
            writer = SampleWriter(samples / _workload_uuid(number, position) / "0.arrows")
            for iteration in range(ITERATIONS):
                took = 0.1 + (iteration * 37 + number * 11) % 50 / 1000
                actions = [Action(f"action {one}", 0, iteration, iteration + took) for one in range(5)]
                writer.add(Sample(iteration, 0, None, iteration, iteration + took, actions=actions))
            writer.close()


def _workload_uuid(number: int, position: int) -> str:
    return f"{number:08}-0000-4000-9000-{position:012}"


def _task_uuid(number: int) -> str:
    return f"{number:08}-0000-4000-8000-000000000000"


def _task(number: int) -> dict[str, object]:
    return {
        "uuid": _task_uuid(number),
        "cloud": f"cloud-{number % 10}",
        "title": f"task {number}",
        "description": "",
        "tags": [f"tag-{number % 1000}"],
        "source": "x: 1\n" * 200,
        "file": "",
        "status": "finished",
        "timing": "intended",
        "environment": {},
        "started_at": 1e9 + number,
        "ended_at": 1e9 + number + 60,
    }


def _subtask(number: int) -> dict[str, object]:
    return {
        "id": number + 1,
        "task_uuid": _task_uuid(number),
        "position": 0,
        "title": "s",
        "description": "",
        "group_name": "",
        "tags": [],
    }


def _workload(number: int, uuid: str, position: int, statistics: dict[str, object]) -> dict[str, object]:
    return {
        "uuid": uuid,
        "task_uuid": _task_uuid(number),
        "subtask_id": number + 1,
        "position": position,
        "scenario": "A.b",
        "description": "",
        "args": {},
        "runner": "serial",
        "runner_args": {"times": 1},
        "contexts": {},
        "sla": {},
        "status": "finished",
        "contexts_done": [],
        "progress": {},
        "statistics": statistics,
        "passed": True,
    }


def _verification(number: int) -> dict[str, object]:
    return {
        "uuid": f"v{number:07}-0000-4000-8000-000000000000",
        "cloud": f"cloud-{number % 10}",
        "chosen": "quick",
        "request": {},
        "status": "finished",
        "total": TESTS,
        "environment": {},
        "attempt": 1,
        "stopping": False,
        "started_at": 1e9 + number * 10 + 5,
        "ended_at": 1e9 + number * 10 + 9,
    }


def _test(number: int, test: int) -> dict[str, object]:
    return {
        "verification_uuid": f"v{number:07}-0000-4000-8000-000000000000",
        "name": f"tempest.api.test_{test}",
        "status": "success",
        "started_at": 1e9,
        "seconds": 1.0,
        "tags": [],
        "reason": "",
        "traceback": "",
    }


def main() -> None:
    """Fill, and time each command in a process of its own, beside one that does nothing but start."""
    home = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp(prefix="many-results-"))
    environment = {**os.environ, "RALLYCROSS_HOME": str(home), "RALLYCROSS_RESULTS_URL": "", "RALLYCROSS_SAMPLES": ""}
    url = f"sqlite:///{home / 'results.db'}"
    if not (home / "results.db").exists():
        fill(Store.open(url))
        measure(home / "samples")
    print(f"{home}: {(home / 'results.db').stat().st_size / 1e6:.0f} MB")
    for command in (("results", "list", "--cloud", "none"), *_COMMANDS):
        code = (
            "import json, resource, sys; from rallycross.cli.main import main; main(sys.argv[1:]);"
            "used = resource.getrusage(resource.RUSAGE_SELF);"
            "print(json.dumps([used.ru_utime + used.ru_stime, used.ru_maxrss]))"
        )
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-c", code, *command], env=environment, capture_output=True, text=True, check=True
        )
        seconds = time.monotonic() - began
        cpu, memory = json.loads(done.stdout.splitlines()[-1])
        print(f"{' '.join(command):<32} {seconds:6.2f} s  CPU {cpu:6.2f} s  {memory / 1e3:6.0f} MB")


if __name__ == "__main__":
    main()
