"""What work costs, whatever else the machine, and the tests before this one, are busy with."""

import gc
import time
from collections.abc import Callable


def processor_time(work: Callable[[], object]) -> float:
    """Return the seconds of processor time of this thread that some work takes.

    Nothing is collected meanwhile: how long that takes depends on what other tests hold.
    """
    gc.disable()
    began = time.thread_time()
    try:
        work()
        return time.thread_time() - began
    finally:
        gc.enable()
