"""Starts Fuel's tasks once, and follows them to their end."""

import time
from typing import Any

from rallycross.deployment.engines.fuel.nailgun import Nailgun, Refused, Unanswered
from rallycross.errors import RallycrossError

_RUNNING = ("pending", "running")
_ATTEMPTS = 3  # to start a task if answers are lost
_SHORTEST, _LONGEST = 0.2, 5.0  # seconds between two polls


def of(api: Nailgun, cluster: int) -> list[dict[str, Any]]:
    """Return the tasks of an environment."""
    return list(api.get(f"tasks?cluster_id={cluster}"))


def running(api: Nailgun, cluster: int, names: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return the running tasks of these names."""
    return [task for task in of(api, cluster) if task["name"] in names and task["status"] in _RUNNING]


def begun(api: Nailgun, cluster: int, names: tuple[str, ...], method: str, path: str, *, body: Any = None) -> Any:
    """Return a running task of these names, or the new task that the request starts.

    If the answer is lost, the task was started if a new one exists.
    """
    before = {task["id"] for task in of(api, cluster)}

    def found() -> Any:
        new = (task for task in of(api, cluster) if task["name"] in names and task["id"] not in before)
        return next(iter([*running(api, cluster, names), *new]), None)

    lost = 0  # answers
    while True:
        if task := found():
            return task
        try:
            return api.once(method, path, body)
        except Unanswered as error:
            lost += 1
            if lost == _ATTEMPTS:
                raise
            print(error)
        except Refused:
            # The earlier request may have been processed late.
            if not lost or not (task := found()):
                raise
            return task


def followed(api: Nailgun, task: dict[str, Any]) -> None:
    """Wait until a task has ended, printing its progress; raise `RallycrossError` if it fails.

    A progress of 100 does not mean the end: Fuel reports it some time before.
    """
    began, shown = time.monotonic(), ""
    while True:
        now = f"task {task['id']} {task['name']}: {task['status']}, {int(task.get('progress') or 0) // 10 * 10} %"
        if now != shown:
            print(now)
            shown = now
        if task["status"] not in _RUNNING:
            break
        time.sleep(min(_LONGEST, max(_SHORTEST, (time.monotonic() - began) * 0.05)))
        try:
            task = api.get(f"tasks/{task['id']}")
        except Refused as error:
            if error.code != 404:
                raise
            raise RallycrossError(
                f"task {task['id']} {task['name']} no longer exists in Fuel - check whether somebody has ended it"
            ) from error
    if task["status"] == "error":
        raise RallycrossError(f"task {task['id']} {task['name']} failed: {task.get('message') or 'no reason given'}")
