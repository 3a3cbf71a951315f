"""Measures a load: drives it, keeps its samples, shows how far it has come, and stops it when told."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any, Protocol

from rallycross.load.drive import Iterate, drive
from rallycross.load.progress import Progress
from rallycross.load.runners import Load
from rallycross.load.sample import Sample

TICK = 0.25  # seconds between two looks at whether to stop
FLUSH = 0.5  # seconds after which a sample is on disk at the latest
SHOW = 1.0  # seconds between two shows of the progress


class Sink(Protocol):
    """Where samples go."""

    def add(self, sample: Sample) -> None:
        """Take a sample."""

    def flush(self) -> None:
        """Put what was taken where nothing can take it away."""


async def measure(
    iterate: Iterate, load: Load, sink: Sink, show: Callable[[dict[str, Any]], None], stop: threading.Event
) -> float:
    """Drive a load to its end, or until `stop` is set, and return how many seconds it took.

    `show` is called on a thread of its own, so that a slow database does not slow the load.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    progress = Progress(load.total)
    stopped = asyncio.Event()

    def record(sample: Sample) -> None:
        sink.add(sample)
        progress.add(sample)

    async def watch() -> None:
        flushed = shown = began
        while True:
            if stop.is_set():
                stopped.set()
            now = loop.time()
            if now - flushed >= FLUSH:
                sink.flush()
                flushed = now
            if now - shown >= SHOW:
                shown = now
                await asyncio.to_thread(show, progress.at(now - began))
            await asyncio.sleep(TICK)

    driving = asyncio.create_task(
        drive(iterate, load.pace, load.workers, record, timeout=load.timeout, stop=stopped), name="drive"
    )
    watching = asyncio.create_task(watch(), name="watch")
    try:
        # Whichever ends first: the watch only does so by an error, such as a disk that is full.
        await asyncio.wait({driving, watching}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        watching.cancel()
        driving.cancel()
        ended = await asyncio.gather(driving, watching, return_exceptions=True)
    seconds = loop.time() - began
    for end in ended:
        if isinstance(end, Exception):
            raise end
    show(progress.at(seconds))
    return seconds
