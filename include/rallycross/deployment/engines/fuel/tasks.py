"""Fuel's tasks: begun once, and followed to their end."""

import time
from typing import Any

from rallycross.deployment.engines.fuel.nailgun import Nailgun, Refused, Unanswered
from rallycross.errors import RallycrossError

_RUNNING = ("pending", "running")
_ATTEMPTS = 3  # at beginning a task whose answer is lost
_SHORTEST, _LONGEST = 0.2, 5.0  # seconds between two looks


def of(api: Nailgun, cluster: int) -> list[dict[str, Any]]:
    """Return the tasks of an environment."""
    return list(api.get(f"tasks?cluster_id={cluster}"))


def running(api: Nailgun, cluster: int, names: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return those of these names that Fuel is at."""
    return [task for task in of(api, cluster) if task["name"] in names and task["status"] in _RUNNING]


def begun(api: Nailgun, cluster: int, names: tuple[str, ...], method: str, path: str, *, body: Any = None) -> Any:
    """Return the task that the request begins, or the one of these names that Fuel is at already.

    An answer that is lost leaves open whether the task was begun: it was if there is one that was not there before.
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
            # The request before may have come through late.
            if not lost or not (task := found()):
                raise
            return task


def followed(api: Nailgun, task: dict[str, Any]) -> None:
    """Wait until a task has ended, telling how it goes; raise `RallycrossError` with its failure.

    Its progress says nothing of its end: it is 100 for a while before Fuel is done with it.
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
            raise RallycrossError(f"task {task['id']} {task['name']} is gone in Fuel - who has ended it?") from error
    if task["status"] == "error":
        raise RallycrossError(f"task {task['id']} {task['name']} failed: {task.get('message') or 'without a word'}")
