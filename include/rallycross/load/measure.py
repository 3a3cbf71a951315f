"""Measures a load: drives it, stores its samples, and monitors the process meanwhile."""

import asyncio
from contextlib import suppress
from typing import Any, Protocol

from rallycross.load.drive import LoadEngine
from rallycross.load.health import Health
from rallycross.load.sample import Sample

FLUSH = 0.5  # seconds within which each sample is on disk


class Sink(Protocol):
    """Where samples go."""

    def add(self, sample: Sample) -> None:
        """Take a sample."""

    def flush(self) -> None:
        """Write the samples taken so far to disk. May be called on another thread than `add`."""


async def measure(engine: LoadEngine, sink: Sink) -> dict[str, Any]:
    """Drive a load whose engine records to `sink`; return `Health.close`. An exception of `flush` ends the load."""
    health = Health(engine.clock)

    async def flush() -> None:
        while True:
            await asyncio.sleep(FLUSH)
            await asyncio.to_thread(sink.flush)  # compression on this thread would delay iterations

    driving = asyncio.create_task(engine.run(), name="drive")
    beside = {asyncio.create_task(flush(), name="flush"), asyncio.create_task(health.watch(), name="health")}
    try:
        done, _ = await asyncio.wait({driving, *beside}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (driving, *beside):
            task.cancel()
        await asyncio.gather(driving, *beside, return_exceptions=True)
    for task in done:
        with suppress(asyncio.CancelledError):
            task.result()
    return health.close()
