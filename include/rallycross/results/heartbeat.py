"""Signs of life of a process, so that others can tell from the results database whether it is alive."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

BEAT_SECONDS = 1.0  # between two signs of life


@contextmanager
def beating(beat: Callable[[], object], *, name: str) -> Iterator[None]:
    """Call `beat` once a second on a thread of this name during the `with` block."""
    ended = threading.Event()

    def run() -> None:
        while not ended.wait(BEAT_SECONDS):
            try:
                beat()
            except Exception:  # noqa: BLE001, S112 - the database may be back at the next beat
                continue

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
