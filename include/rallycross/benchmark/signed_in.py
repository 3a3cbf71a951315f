"""Signs in the users of a job and calls its scenario with them."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from contextvars import copy_context
from functools import partial
from typing import Any

from openstack.connection import Connection

from rallycross.benchmark.job import Job
from rallycross.cloud.access import SignIn
from rallycross.cloud.client import Client, open_http
from rallycross.cloud.cloud import Cloud
from rallycross.cloud.context_data import Actor, ContextData
from rallycross.cloud.retrying import Patience
from rallycross.cloud.versions import service_types, with_microversions
from rallycross.cloud.waiting import Waiting
from rallycross.errors import RallycrossError
from rallycross.load.drive import Iterate
from rallycross.load.iteration import Iteration
from rallycross.load.web import open_web
from rallycross.scenario.scenario import SCENARIOS, Scenario
from rallycross.scenario.user import SdkUser, User
from rallycross.settings import settings

SIGN_IN_THREADS = 20  # users that sign in at the same time


class NoUsers(RallycrossError):  # noqa: N818 - reads as what it says
    """A scenario acts as a user, and no context has made one."""


@asynccontextmanager
async def signed_in(job: Job, *, workers: int) -> AsyncIterator[Iterate]:
    """Sign in all users of a job and give the function that runs an iteration; `workers` may run at a time."""
    scenario = SCENARIOS[job.scenario]
    if "user" in scenario.roles and not job.context_data.users:
        raise NoUsers(f"{job.scenario} acts as a user, and there is none - add the context `users`")
    if not scenario.signature.actors:
        async with _alone(job, scenario, workers) as iterate:
            yield iterate
    elif scenario.blocking:
        async with _on_threads(job, scenario, workers) as iterate:
            yield iterate
    else:
        async with _on_the_loop(job, scenario, workers) as iterate:
            yield iterate


class _UserChoice:
    """Chooses the user of each iteration. Where there are enough users, each shard has its own."""

    def __init__(self, job: Job) -> None:
        users = job.context_data.users
        self.users = users[job.shard :: job.of] if len(users) >= job.of else users
        self._at_random = job.context_data.choose_at_random
        self._of = job.of

    def of(self, iteration: Iteration) -> int:
        """Return the index in `users` of the user of an iteration."""
        if self._at_random:
            return random.randrange(len(self.users))  # noqa: S311 - no secret
        return iteration.number // self._of % len(self.users)


@asynccontextmanager
async def _alone(job: Job, scenario: Scenario, workers: int) -> AsyncIterator[Iterate]:
    function: Callable[[Iteration], Any] = partial(scenario.function, **job.args)
    if not scenario.blocking:
        async with open_web() as http:

            async def iterate(iteration: Iteration) -> None:
                iteration.http = http
                await function(iteration)

            yield iterate
        return
    async with _threads(workers, "iteration") as threads:
        yield lambda iteration: _on_thread(threads, partial(function, iteration))


@asynccontextmanager
async def _on_the_loop(job: Job, scenario: Scenario, workers: int) -> AsyncIterator[Iterate]:
    choice, context_data, roles = _UserChoice(job), job.context_data, scenario.roles
    types = service_types(context_data.api_versions)
    function: Callable[..., Awaitable[None]] = partial(scenario.function, **job.args)
    # One thread for each worker: signing in may be what the iterations do.
    async with _threads(max(workers, SIGN_IN_THREADS), "sign-in") as threads, open_http(context_data.cloud) as http:

        def client(cloud: Cloud) -> Client:
            return Client(SignIn(with_microversions(cloud, context_data.api_versions), types), http, threads)

        admin = client(context_data.cloud) if "admin" in roles else None
        clients = [client(user.cloud) for user in choice.users] if "user" in roles else []
        all_clients = (*clients, *([admin] if admin else []))
        patience = settings().api_patience  # only before the load: during it nothing is retried
        await asyncio.gather(*(one.access(patience=patience) for one in all_clients))

        user_of = partial(User, context_data=context_data, waiting=Waiting(), timing=job.timing)

        def acting(role: str, iteration: Iteration) -> User:
            if role == "admin" and admin:
                return user_of(admin, iteration, job.workload)
            index = choice.of(iteration)
            return user_of(clients[index], iteration, job.workload, actor=choice.users[index])

        try:
            if len(roles) == 1:
                [role] = roles
                yield lambda iteration: function(acting(role, iteration))
            else:
                yield lambda iteration: function(*(acting(role, iteration) for role in roles))
        finally:
            await asyncio.gather(*(one.answered() for one in all_clients))


@asynccontextmanager
async def _on_threads(job: Job, scenario: Scenario, workers: int) -> AsyncIterator[Iterate]:
    choice, context_data = _UserChoice(job), job.context_data
    function = partial(scenario.function, **job.args)
    async with _threads(max(workers, SIGN_IN_THREADS), "iteration") as threads:
        loop = asyncio.get_running_loop()
        actors: list[Actor | None] = [*(choice.users if "user" in scenario.roles else ()), None]
        if "admin" not in scenario.roles:
            actors.pop()
        connections = await asyncio.gather(
            *(loop.run_in_executor(threads, _connect, context_data, one) for one in actors)
        )

        def acting(role: str, iteration: Iteration) -> SdkUser:
            index = -1 if role == "admin" else choice.of(iteration)
            return SdkUser(
                iteration, job.workload, context_data=context_data, connection=connections[index], actor=actors[index]
            )

        yield lambda iteration: _on_thread(
            threads, partial(function, *(acting(role, iteration) for role in scenario.roles))
        )


@asynccontextmanager
async def _threads(count: int, name: str) -> AsyncIterator[ThreadPoolExecutor]:
    """Give a thread pool. At the end, queued calls are dropped and running ones are waited for, off the event loop."""
    threads = ThreadPoolExecutor(count, thread_name_prefix=name)
    try:
        yield threads
    finally:
        await asyncio.to_thread(threads.shutdown, cancel_futures=True)


def _connect(context_data: ContextData, actor: Actor | None) -> Connection:
    connection = with_microversions(actor.cloud if actor else context_data.cloud, context_data.api_versions).connect()
    connection.authorize()
    session: Any = connection.session
    session.patience = Patience(0.0)  # a load never retries
    return connection


async def _on_thread(threads: ThreadPoolExecutor, function: Callable[[], Any]) -> None:
    """Run a plain function on a thread, in the context of the iteration, so that its actions nest correctly.

    An iteration that exceeds its time limit fails at once, but its thread is busy until the function returns.
    """
    result = await asyncio.get_running_loop().run_in_executor(threads, copy_context().run, function)
    if isinstance(result, Coroutine):  # its code has not run
        result.close()
        raise TypeError("the scenario is a plain function and returns a coroutine - write it as `async def`")
