"""Runs a verification of the store, from its beginning or from where an earlier attempt was cut off."""

import threading
from contextlib import suppress
from typing import Any

from rallycross.cloud.cloud import Cloud
from rallycross.disk import said
from rallycross.results.heartbeat import beating
from rallycross.results.store import Store
from rallycross.results.verifications import TakenOver
from rallycross.settings import Settings
from rallycross.verification.environments import Say
from rallycross.verification.test import TestResult
from rallycross.verification.verify import Totals, verify
from rallycross.verification_jobs.request import request_of


def run(
    store: Store, uuid: str, cloud: Cloud, *, paths: Settings, stop: threading.Event, say: Say = lambda _: None
) -> Totals:
    """Run the tests of a verification that have no result yet; store each result, and how the verification ended.

    The store refuses writes of earlier attempts. So an attempt that was wrongly taken for dead ends.
    Raises what `verification.verify.verify` raises.
    """
    attempt, done = store.verifications.take_up(uuid)
    if done:
        say(f"results kept from an earlier attempt: {len(done)}; these tests are not run again")

    def begin(total: int, environment: dict[str, Any]) -> None:
        store.verifications.describe(uuid, total=total, environment=environment, attempt=attempt)
        say(f"{total} tests, {environment['concurrency']} at a time: {environment['verifier']}")

    def record(test: TestResult) -> None:
        store.tests.record(uuid, test, attempt=attempt)

    def beat() -> None:
        try:
            asked = store.verifications.beat(uuid, attempt)
        except TakenOver:
            asked = True
        if asked:
            stop.set()

    try:
        with beating(beat, name="verification-beat"):
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
    except BaseException as error:  # an interrupt and Airflow's time-out are not Exceptions
        with suppress(TakenOver):  # another attempt runs, and it stores the end
            store.verifications.end(uuid, status="crashed", error=said(error), attempt=attempt)
        raise
    store.verifications.end(uuid, status="finished", attempt=attempt)
    for left in totals.left_behind:
        say(f"left in the cloud, to be deleted by hand: {left}")
    return totals
