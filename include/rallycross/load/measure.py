"""Measures a load: drives it, keeps its samples, and watches the process that does so."""

import asyncio
from contextlib import suppress
from typing import Any, Protocol

from rallycross.load.drive import LoadEngine
from rallycross.load.health import Health
from rallycross.load.sample import Sample

FLUSH = 0.5  # seconds after which a sample is on disk at the latest


class Sink(Protocol):
    """Where samples go."""

    def add(self, sample: Sample) -> None:
        """Take a sample."""

    def flush(self) -> None:
        """Put what was taken where nothing can take it away. May be called on another thread than `add`."""


async def measure(engine: LoadEngine, sink: Sink) -> dict[str, Any]:
    """Drive a load, whose engine records to `sink`, to its end; return `Health.close`. What `flush` raises ends it."""
    health = Health(engine.clock)

    async def flush() -> None:
        while True:
            await asyncio.sleep(FLUSH)
            await asyncio.to_thread(sink.flush)  # compressing would make iterations late

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
