"""How the load generator itself fares: what of a core it takes, and how late its event loop comes."""

import asyncio
import resource
import time
from typing import Any

from rallycross.load.histogram import Histogram

TICK = 0.02  # seconds between two looks at how late the loop comes


class Health:
    """Watches the process that drives a load, while it does."""

    def __init__(self) -> None:
        self._lags = Histogram()
        self._worst = 0.0
        self._began = time.monotonic()
        self._cpu = time.process_time()

    async def watch(self) -> None:
        """Look, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + TICK
            await asyncio.sleep(TICK)
            lag = max(0.0, loop.time() - due)
            self._lags.add(lag)
            self._worst = max(self._worst, lag)

    def close(self) -> dict[str, Any]:
        """Return the figures so far.

        {"seconds": of the load, "cpu_seconds": of all cores, "lag_p99", "lag_max": seconds, None and 0 where the load
        was too short for a look, "peak_rss_mb"}
        """
        return {
            "seconds": time.monotonic() - self._began,
            "cpu_seconds": time.process_time() - self._cpu,
            "lag_p99": self._lags.quantile(0.99),
            "lag_max": self._worst,
            "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }
