"""Runs a verification that the store has, from its beginning or from where an earlier attempt was cut off."""

import threading
from contextlib import suppress
from typing import Any

from rallycross.cloud.cloud import Cloud
from rallycross.disk import said
from rallycross.results.store import Store
from rallycross.results.verifications import TakenOver
from rallycross.settings import Settings
from rallycross.verification.environments import Say
from rallycross.verification.test import TestResult
from rallycross.verification.verify import Totals, verify
from rallycross.verifying.request import request_of

BEAT_SECONDS = 1.0  # between two signs of life


def run(
    store: Store, uuid: str, cloud: Cloud, *, paths: Settings, stop: threading.Event, say: Say = lambda _: None
) -> Totals:
    """Run what is left to do of the verification `uuid`, and keep each test as it ends, and how the whole ended.

    Nobody else writes to it meanwhile: an attempt that was taken for dead and is not is refused by the store, and ends.
    Raises what `verification.verify.verify` raises.
    """
    attempt, done = store.verifications.take_up(uuid)
    if done:
        say(f"{len(done)} tests have ended in an earlier attempt: they are not run again")

    def begin(total: int, environment: dict[str, Any]) -> None:
        store.verifications.describe(uuid, total=total, environment=environment, attempt=attempt)
        say(f"{total} tests, {environment['concurrency']} at a time: {environment['verifier']}")

    def record(test: TestResult) -> None:
        store.tests.record(uuid, test, attempt=attempt)

    beating = _Beat(store, uuid, attempt, stop)
    beating.start()
    try:
        totals = verify(
            cloud,
            request_of(store, uuid, paths=paths),
            workspace=paths.verifiers / cloud.name,
            environments=paths.verifiers / "environments",
            begin=begin,
            record=record,
            stop=stop,
            done=done,
            say=say,
        )
    except TakenOver:
        raise
    except BaseException as error:  # an interrupt, and a time-out of Airflow's, are no Exception
        with suppress(TakenOver):  # it runs again already, and is not ours to end
            store.verifications.end(uuid, status="crashed", error=said(error), attempt=attempt)
        raise
    finally:
        beating.end()
    store.verifications.end(uuid, status="finished", attempt=attempt)
    for left in totals.left_behind:
        say(f"left on the cloud, to be deleted by hand: {left}")
    return totals


class _Beat(threading.Thread):
    """Says once a second that the run lives, and hears whether it is asked to stop."""

    def __init__(self, store: Store, uuid: str, attempt: int, stop: threading.Event) -> None:
        super().__init__(name="verification-beat", daemon=True)
        self._store, self._uuid, self._attempt, self._stop_run = store, uuid, attempt, stop
        self._ended = threading.Event()

    def run(self) -> None:
        """Beat until the end."""
        while not self._ended.wait(BEAT_SECONDS):
            try:
                asked = self._store.verifications.beat(self._uuid, self._attempt)
            except TakenOver:
                asked = True
            except Exception:  # noqa: BLE001, S112 - a database that is away for a moment: the next beat will tell
                continue
            if asked:
                self._stop_run.set()

    def end(self) -> None:
        """Beat no more."""
        self._ended.set()
        with suppress(RuntimeError):  # it has never begun
            self.join()
