"""A deployment on the command line: a line for each step as it ends, with its time and the time that is left."""

import time
from collections.abc import Callable, Mapping

from rallycross.cli.console import duration, progress
from rallycross.deployment.step import StepEvent


class StepLines:
    """Says each step as it ends. `usual` is what steps have taken before, in seconds, by name."""

    def __init__(
        self,
        usual: Mapping[str, float],
        *,
        say: Callable[[str], None] = progress.print,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._usual, self._say, self._clock = usual, say, clock
        self._began = clock()
        self._ended = 0
        self._left = dict(usual)

    def __call__(self, event: StepEvent) -> None:
        """Say what a step has come to; one that begins is not news yet."""
        if event.status == "running":
            return
        self._ended += 1
        self._left.pop(event.name, None)
        count = f"{self._ended}/{event.total}" if event.total else ""
        error = f": {event.error}" if event.error else ""
        log = f"\n{'':16}log: {event.log}" if event.status == "failed" and event.log else ""
        left = f"  about {duration(sum(self._left.values()))} left" if self._left and event.status == "done" else ""
        title = event.title or event.name
        self._say(
            f"{self._clock() - self._began:6.1f}s  {count:>7}  {event.status:<7} {title}"
            f"  {duration(event.seconds) if event.status != 'skipped' else ''}{error}{log}{left}".rstrip()
        )
