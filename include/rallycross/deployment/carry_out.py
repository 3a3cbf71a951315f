"""Carries out steps on a host: side by side where they can, none twice that has been done, every one told of."""

import threading
import time
from collections import deque
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from graphlib import TopologicalSorter
from typing import Literal

from rallycross.deployment import marks
from rallycross.deployment.host import Host
from rallycross.deployment.step import Step, StepEvent, Tell
from rallycross.errors import RallycrossError

_SIDE_BY_SIDE = 4  # steps at once; more would only wait for each other's disk and processors


class StepFailed(RallycrossError):  # noqa: N818
    """One step or more could not be done."""


def carry_out(steps: list[Step], host: Host, *, root: str, tell: Tell) -> None:
    """Do what is not yet done of `steps`; raise `StepFailed` when one fails, once those beside it have ended.

    `tell` is called in the caller's thread. When the caller is interrupted, or `tell` raises, what runs is killed;
    so is, before anything begins, what a caller that was killed itself has left running under the same root.
    """
    by_name = {step.name: step for step in steps}
    if len(by_name) < len(steps) or any(need not in by_name for step in steps for need in step.needs):
        raise ValueError("steps need names of their own, and need only each other")
    kept = marks.take_over(host, root)
    to_do = undone(steps, kept)
    if stale := to_do & set(kept):
        # Before the first begins: should we be killed in between, none may pass for done on what was before.
        marks.drop(host, root, stale)
    _Course(by_name, to_do, host, root, tell).run()


def undone(steps: list[Step], kept: dict[str, str]) -> set[str]:
    """Return the names of the steps to do, where `kept` are the fingerprints of those done before.

    A step is to be done that always is, that has changed, or that needs one that is to be done - but for one that
    always is, which would have all that comes after it done each time.
    """
    by_name = {step.name: step for step in steps}
    to_do: set[str] = set()
    for name in TopologicalSorter({step.name: step.needs for step in steps}).static_order():
        step = by_name[name]
        renewed = any(need in to_do and not by_name[need].always for need in step.needs)
        if step.always or renewed or kept.get(name) != marks.fingerprint(step):
            to_do.add(name)
    return to_do


class _Course:
    """One carrying out of steps."""

    def __init__(self, steps: dict[str, Step], to_do: set[str], host: Host, root: str, tell: Tell) -> None:
        self._steps, self._to_do, self._host, self._root, self._tell = steps, to_do, host, root, tell
        self._order = TopologicalSorter({name: step.needs for name, step in steps.items()})
        self._waiting: deque[Step] = deque()
        self._running: dict[Future[None], tuple[Step, float]] = {}  # with the monotonic time of its begin
        self._failures: list[StepFailed] = []
        self._stopped = threading.Event()
        self._epoch = time.time() - time.monotonic()  # the wall clock is asked once

    def run(self) -> None:
        self._order.prepare()
        with ThreadPoolExecutor(_SIDE_BY_SIDE, thread_name_prefix="step") as pool:
            try:
                while self._order.is_active() and (self._running or not self._failures):
                    self._sort_ready()
                    while self._waiting and len(self._running) < _SIDE_BY_SIDE and not self._failures:
                        self._begin(self._waiting.popleft(), pool)
                    for future in wait(self._running, return_when=FIRST_COMPLETED).done:
                        self._end(future)
            except BaseException:
                self._stopped.set()
                marks.take_over(self._host, self._root)
                raise
        if self._failures:
            raise StepFailed("\n".join(map(str, self._failures))) from self._failures[0].__cause__

    def _sort_ready(self) -> None:
        """Pass over what is done, and what that makes ready; let the rest wait for its turn."""
        while ready := self._order.get_ready():
            for step in map(self._steps.__getitem__, ready):
                if step.name in self._to_do:
                    self._waiting.append(step)
                else:
                    self._say(step, "skipped", time.monotonic())
                    self._order.done(step.name)

    def _begin(self, step: Step, pool: ThreadPoolExecutor) -> None:
        now = time.monotonic()
        self._say(step, "running", now)
        self._running[pool.submit(self._do, step)] = (step, now)

    def _do(self, step: Step) -> None:
        for path, content in step.files.items():
            # What an engine writes may hold secrets.
            self._host.put(path, content, mode=0o700 if content.startswith("#!") else 0o600)
        if not self._stopped.is_set():
            self._host.run(marks.marking(step, self._root), limit=step.limit)

    def _end(self, future: Future[None]) -> None:
        step, began = self._running.pop(future)
        error = future.exception()
        if error is None:
            self._say(step, "done", began)
            self._order.done(step.name)
            return
        self._say(step, "failed", began, error=str(error) or type(error).__name__)
        failure = StepFailed(f"step {step.name}: {error}\nMend this and deploy again: what is done stays done.")
        failure.__cause__ = error
        self._failures.append(failure)

    def _say(
        self, step: Step, status: Literal["running", "done", "skipped", "failed"], began: float, *, error: str = ""
    ) -> None:
        now = time.monotonic()
        title, total = step.title or step.name, len(self._steps)
        self._tell(StepEvent(step.name, title, status, self._epoch + now, now - began, error, total))
