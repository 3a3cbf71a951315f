"""A verification in a process of its own: it continues when the process that started it dies, and can be followed.

    python -m rallycross.verification_jobs.job UUID

The cloud's entry comes on standard input, so that no secret is in an argument or a file. SIGTERM, or `stopping` in the
store, ends it: it ends the processes of its tests and deletes what the tests created.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from rallycross.cloud.cloud import Cloud
from rallycross.errors import RallycrossError
from rallycross.results.store import Store
from rallycross.settings import Settings, settings
from rallycross.verification_jobs.run import run


def start(uuid: str, cloud: Cloud, *, paths: Settings) -> Path:
    """Start the process of a verification that was begun in the store; return its log file."""
    log = log_of(paths, uuid)
    log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with log.open("ab") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "rallycross.verification_jobs.job", uuid],
            stdin=subprocess.PIPE,
            stdout=file,
            stderr=subprocess.STDOUT,
            cwd=paths.verifiers,
            env={**os.environ, "RALLYCROSS_HOME": str(paths.home), "RALLYCROSS_RESULTS_URL": paths.results_url},
            start_new_session=True,
        )
    assert process.stdin is not None
    with process.stdin as stream:
        stream.write(json.dumps({"name": cloud.name, "config": cloud.config}).encode())
    return log


def log_of(paths: Settings, uuid: str) -> Path:
    """Return the log file of a verification's process."""
    return paths.verifiers / "logs" / f"{uuid}.log"


def main(uuid: str) -> int:
    """Run the verification; its results are in the store, its progress on standard error."""
    given = json.load(sys.stdin)
    stop = threading.Event()

    def on_sigterm(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, on_sigterm)
    began = time.monotonic()

    def say(text: str) -> None:
        with suppress(OSError):  # a full disk must not end the tests
            sys.stderr.write(f"{time.monotonic() - began:7.1f}s  {text}\n")
            sys.stderr.flush()

    say(f"process {os.getpid()}, {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC")
    try:
        totals = run(Store.open(), uuid, Cloud(given["name"], given["config"]), paths=settings(), stop=stop, say=say)
    except RallycrossError as error:
        say(str(error))
        return 2
    say(f"{totals.passed} passed, {totals.failed} failed, {totals.skipped} skipped, in {totals.seconds:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
