"""Runs one workload: contexts, load, cleaning; and stores how it ended."""

import asyncio
import random
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from openstack.connection import Connection

from rallycross.cloud.access import SignIn
from rallycross.cloud.client import Client, open_http
from rallycross.cloud.cloud import Cloud
from rallycross.cloud.scene import Actor
from rallycross.contexts.context import CONTEXTS, Backstage, Scene
from rallycross.contexts.ledger import OwnedLedger
from rallycross.load.iteration import Iteration
from rallycross.load.measure import measure
from rallycross.load.runners import RUNNERS
from rallycross.results.sample_file import SUFFIX, SampleWriter
from rallycross.results.store import Store
from rallycross.scenarios.scenario import SCENARIOS, Scenario
from rallycross.scenarios.user import User
from rallycross.task.plan import Workload

Tell = Callable[[str], None]

SIGN_IN_THREADS = 20  # users that sign in at a time


@dataclass(frozen=True)
class Stage:
    """Where the workloads of one task run."""

    cloud: Cloud
    connection: Connection  # of its administrator; one for all workloads: each discovers all services anew
    store: Store
    task: str  # uuid
    samples: Path
    stop: threading.Event
    tell: Tell


@dataclass
class _Outcome:
    """What a workload has come to so far."""

    status: Literal["finished", "aborted", "crashed"] = "finished"
    error: str = ""
    error_detail: str = ""
    load_seconds: float | None = None
    contexts: list[dict[str, Any]] = field(default_factory=list)

    def crash(self, error: BaseException) -> None:
        """Take up the error that ended it."""
        self.status = "crashed"
        self.error = str(error) or type(error).__name__
        self.error_detail = "".join(traceback.format_exception(error))


def run_workload(stage: Stage, workload: Workload, uuid: str) -> None:
    """Run a workload whose arguments are resolved; its samples, and how it ended, are kept as `uuid`.

    What goes wrong is its result and is not raised, but for what is no `Exception`; it is cleaned up after in any case.
    """
    outcome = _Outcome()
    began = time.monotonic()
    stage.store.begin_workload(uuid)
    try:
        _load_within_contexts(stage, workload, uuid, outcome)
    except Exception as error:  # noqa: BLE001 - whatever went wrong is this workload's result
        outcome.crash(error)
        stage.tell(f"{workload.scenario} could not be measured: {error}")
    except BaseException as error:
        outcome.crash(error)
        raise
    finally:
        if stage.stop.is_set() and outcome.status == "finished":
            outcome.status = "aborted"
        stage.store.end_workload(
            uuid,
            status=outcome.status,
            error=outcome.error,
            error_detail=outcome.error_detail,
            load_seconds=outcome.load_seconds,
            full_seconds=time.monotonic() - began,
            contexts=outcome.contexts,
        )


def _load_within_contexts(stage: Stage, workload: Workload, uuid: str, outcome: _Outcome) -> None:
    """Set up the contexts in order, run the load, and undo the contexts in reverse, whatever happens."""
    scenario = SCENARIOS[workload.scenario]
    scene = Scene(stage.cloud)
    ledger = OwnedLedger(stage.store, stage.cloud.name, stage.task, uuid)
    backstage = Backstage(stage.connection, ledger, uuid)
    with ExitStack() as undo:
        for name in sorted(workload.contexts, key=lambda name: CONTEXTS[name].order):
            done: dict[str, Any] = {"plugin_name": name, "plugin_cfg": workload.contexts[name]}
            outcome.contexts.append(done)
            context = CONTEXTS[name].make(workload.contexts[name], scene, backstage)
            undo.callback(_clean_up, stage, done, context.clean_up)
            with _noted(done, "setup"):
                context.set_up()
            if stage.stop.is_set():
                return
        outcome.load_seconds = asyncio.run(_load(stage, workload, uuid, scenario, scene))


async def _load(stage: Stage, workload: Workload, uuid: str, scenario: Scenario, scene: Scene) -> float:
    """Sign all users in, run the load, and return how many seconds it took."""
    people: list[Actor | None] = [None] if "admin" in scenario.roles else [*scene.users]
    with (
        ThreadPoolExecutor(SIGN_IN_THREADS, thread_name_prefix="sign-in") as threads,
        closing(SampleWriter(stage.samples / uuid / f"0{SUFFIX}")) as writer,
    ):
        async with open_http(stage.cloud) as http:
            clients = [Client(SignIn(person.cloud if person else stage.cloud), http, threads) for person in people]
            await asyncio.gather(*(client.access() for client in clients))

            async def iterate(iteration: Iteration) -> None:
                turn = random.randrange(len(clients)) if scene.choose_at_random else iteration.number % len(clients)  # noqa: S311 - no secret
                user = User(clients[turn], iteration, uuid, scene=scene, actor=people[turn])
                await scenario.function(user, **workload.args)

            return await measure(
                iterate,
                RUNNERS[workload.runner].load(workload.runner_args),
                writer,
                lambda progress: stage.store.report_progress(uuid, progress),
                stage.stop,
            )


def _clean_up(stage: Stage, done: dict[str, Any], clean_up: Callable[[], object]) -> None:
    """Clean up; what cannot be deleted stays in the ledger, is told and noted, and does not spoil what was measured."""
    try:
        with _noted(done, "cleanup"):
            clean_up()
    except Exception as error:  # noqa: BLE001 - the next one is to be cleaned up all the same
        stage.tell(f"{done['plugin_name']}: not all could be cleaned up: {error}")


@contextmanager
def _noted(done: dict[str, Any], act: Literal["setup", "cleanup"]) -> Iterator[None]:
    """Note when an act on a context began and ended (seconds since the epoch) and what went wrong, as Rally does."""
    note: dict[str, Any] = {"started_at": time.time(), "finished_at": None, "error": None}
    done[act] = note
    try:
        yield
    except Exception as error:
        note["error"] = str(error)
        raise
    finally:
        note["finished_at"] = time.time()
