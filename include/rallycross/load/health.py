"""How the load generator itself fares: what of a core it takes, and how late its event loop comes."""

import asyncio
import re
import time
from array import array
from pathlib import Path
from typing import Any

import numpy as np

from rallycross.load.histogram import SECOND, Histogram, nanoseconds

TICK = 0.02  # seconds between two looks at how late the loop comes

_FOLD = 500  # looks that are put into the histogram at a time


class Health:
    """Watches the process that drives a load, while it does."""

    def __init__(self) -> None:
        self._lags = Histogram()
        self._fresh = array("d")  # lags, in seconds, that are not yet in it
        self._began = time.monotonic()
        self._cpu = time.process_time()

    async def watch(self) -> None:
        """Look, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + TICK
            await asyncio.sleep(TICK)
            self._fresh.append(max(0.0, loop.time() - due))
            if len(self._fresh) >= _FOLD:
                self._fold()

    def _fold(self) -> None:
        self._lags.add(nanoseconds(np.array(self._fresh)))
        self._fresh = array("d")

    def close(self) -> dict[str, Any]:
        """Return the figures so far.

        {"seconds": of the load, "cpu_seconds": of all cores, "lag_p99", "lag_max": seconds, None and 0 where the load
        was too short for a look, "peak_rss_mb": see `peak_rss_mb`}
        """
        self._fold()
        return {
            "seconds": time.monotonic() - self._began,
            "cpu_seconds": time.process_time() - self._cpu,
            "lag_p99": self._lags.percentile(99),
            "lag_max": (self._lags.greatest or 0) / SECOND,
            "peak_rss_mb": peak_rss_mb(),
        }


def peak_rss_mb() -> float:
    """Return the most memory that this program has had, in MB.

    As the kernel counts it for this program alone: what `getrusage` tells is also that of the program which started it.
    """
    [kib] = re.findall(r"^VmHWM:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    return int(kib) * 1024 / 1e6
