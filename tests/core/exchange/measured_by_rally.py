"""Results that Rally measured, and a way to run further commands of it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

CLOUD = "some-cloud"
TASK = """
version: 2
title: What needs no cloud
subtasks:
- title: outputs and times
  workloads:
  - scenario: {Dummy.dummy_output: {}}
    runner: {constant: {times: 6, concurrency: 3}}
    sla: {failure_rate: {max: 0}}
    hooks:
    - action: {sys_call: "echo hello"}
      trigger: {event: {unit: iteration, at: [3]}}
      description: says hello
  - scenario: {Dummy.dummy_timed_atomic_actions: {number_of_actions: 3, sleep_factor: 0.01}}
    runner: {constant: {times: 10, concurrency: 2}}
- title: failures
  scenario: {Dummy.dummy_random_fail_in_atomic: {exception_probability: 0.4}}
  runner: {constant: {times: 30, concurrency: 4}}
  sla: {failure_rate: {max: 1}, max_seconds_per_iteration: 4}
- title: nothing
  scenario: {Dummy.dummy: {sleep: 0.05}}
  runner: {serial: {times: 3}}
"""


@dataclass(frozen=True)
class Rally:
    """Rally, with a database of its own that has the environment `some-cloud`."""

    run: Callable[..., str]  # a command's arguments: what it printed; an exit code but 0 and `allowed` is an error
    results: Path  # JSON results 1.2 of the task above
    old: Path  # the same as the old list
