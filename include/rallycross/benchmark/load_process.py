"""A process that drives load and does nothing else: `python -m rallycross.benchmark.load_process`.

It reads messages from its standard input and answers on its standard output (see `job`). When its input ends, its
parent is gone: it cancels its load and exits.
"""

import asyncio
import gc
import os
import sys
import threading
import time
import traceback
from contextlib import closing
from pathlib import Path
from typing import Any

from rallycross.benchmark.job import Ended, Failed, Go, Job, Ready, Started, Stop
from rallycross.benchmark.pipe import pack, receive
from rallycross.benchmark.redaction import redacting
from rallycross.benchmark.signed_in import signed_in
from rallycross.disk import said
from rallycross.load import loop
from rallycross.load.drive import LoadEngine
from rallycross.load.measure import measure
from rallycross.load.runners import RUNNERS
from rallycross.results.sample_file import SampleWriter, warm_up
from rallycross.scenario.scenario import SCENARIOS
from rallycross.settings import settings

# A thread that compresses samples must not delay iterations. The default would let it, by up to 5 ms.
_SWITCH_INTERVAL = 0.0005


def main() -> None:
    """Carry out jobs one after another, until the input ends."""
    sys.setswitchinterval(_SWITCH_INTERVAL)
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # what a scenario prints goes to stderr, not into the messages
    SCENARIOS.all  # noqa: B018 - imports them now, before the first job waits for them
    warm_up()
    gc.collect()
    gc.freeze()
    loop.run(_serve(answers))


async def _serve(answers: Any) -> None:
    inbox: asyncio.Queue[Any] = asyncio.Queue()
    loop_of_process = asyncio.get_running_loop()

    def listen() -> None:
        message = object()
        while message is not None:
            message = receive(sys.stdin.buffer)
            loop_of_process.call_soon_threadsafe(inbox.put_nowait, message)
        # The parent is gone. Exit even if something hangs, such as a sign-in that is not answered.
        time.sleep(settings().end_grace)
        os._exit(1)

    threading.Thread(target=listen, name="listen", daemon=True).start()

    def send(message: Any) -> None:
        answers.write(pack(message))

    while (message := await inbox.get()) is not None:
        if isinstance(message, Job):
            try:
                await _perform(message, inbox, send)
            except Exception as error:  # noqa: BLE001 - the parent gets every error as the answer
                detail = "".join(traceback.format_exception(error))
                send(Failed(said(error), detail))


async def _perform(job: Job, inbox: "asyncio.Queue[Any]", send: Any) -> None:
    load = RUNNERS[job.runner].load(job.runner_args)
    async with signed_in(job, workers=load.shard(job.shard, job.of).workers) as iterate:
        send(Ready())
        message = await inbox.get()
        if not isinstance(message, Go):  # stopped before it began, or the parent is gone
            if message is None:
                inbox.put_nowait(None)  # for `_serve`, which waits for the next job
            send(Ended({}))
            return
        watched, watches = job.watched, bool(job.watched)

        def started(number: int) -> None:
            if watches and number + 1 in watched:
                send(Started(number + 1))

        with closing(SampleWriter(Path(job.samples))) as writer:
            engine = LoadEngine(
                iterate,
                load,
                redacting(writer.add, job),
                shard=job.shard,
                of=job.of,
                origin=message.origin,
                started=started,
                most=settings().iteration_limit,
            )
            listening = asyncio.create_task(_stop_when_asked(engine, inbox), name="stop when asked")
            gc.freeze()  # the collector need not scan existing objects during the load
            await asyncio.sleep(max(0.0, -engine.clock()))
            try:
                health = await measure(engine, writer)
            finally:
                listening.cancel()
                gc.unfreeze()
    send(Ended(health))


async def _stop_when_asked(engine: LoadEngine, inbox: "asyncio.Queue[Any]") -> None:
    while True:
        message = await inbox.get()
        if isinstance(message, Stop):
            engine.stop(message.drain)
        elif message is None:
            engine.stop(0)
            inbox.put_nowait(None)  # for `_serve`, which waits for the next job
            return


if __name__ == "__main__":
    main()
