"""Who acts in an iteration: from a scenario's roles to what its function is called with."""

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

SIGN_IN_THREADS = 20  # users that sign in at a time


class NoUsers(RallycrossError):  # noqa: N818 - reads as what it says
    """A scenario acts as a user, and no context has made any."""


@asynccontextmanager
async def signed_in(job: Job, *, workers: int) -> AsyncIterator[Iterate]:
    """Sign in all that act in a job's iterations, and give what runs one; `workers` is how many run at a time."""
    scenario = SCENARIOS[job.scenario]
    if "user" in scenario.roles and not job.context_data.users:
        raise NoUsers(f"{job.scenario} acts as a user, and there is none - let the context `users` make one")
    if not scenario.signature.actors:
        async with _alone(job, scenario, workers) as iterate:
            yield iterate
    elif scenario.blocking:
        async with _on_threads(job, scenario, workers) as iterate:
            yield iterate
    else:
        async with _on_the_loop(job, scenario, workers) as iterate:
            yield iterate


class _Turns:
    """Chooses the user of each iteration; of several shards each has users of its own, where there are enough."""

    def __init__(self, job: Job) -> None:
        users = job.context_data.users
        self.users = users[job.shard :: job.of] if len(users) >= job.of else users
        self._at_random = job.context_data.choose_at_random
        self._of = job.of

    def of(self, iteration: Iteration) -> int:
        """Return the index, in `users`, of who acts."""
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
    turns, context_data, roles = _Turns(job), job.context_data, scenario.roles
    types = service_types(context_data.api_versions)
    function: Callable[..., Awaitable[None]] = partial(scenario.function, **job.args)
    # As many as iterations: signing in may be what they do.
    async with _threads(max(workers, SIGN_IN_THREADS), "sign-in") as threads, open_http(context_data.cloud) as http:

        def client(cloud: Cloud) -> Client:
            return Client(SignIn(with_microversions(cloud, context_data.api_versions), types), http, threads)

        admin = client(context_data.cloud) if "admin" in roles else None
        clients = [client(user.cloud) for user in turns.users] if "user" in roles else []
        everybody = (*clients, *([admin] if admin else []))
        patience = settings().api_patience  # the load has not begun
        await asyncio.gather(*(one.access(patience=patience) for one in everybody))

        user_of = partial(User, context_data=context_data, waiting=Waiting(), timing=job.timing)

        def acting(role: str, iteration: Iteration) -> User:
            if role == "admin" and admin:
                return user_of(admin, iteration, job.workload)
            turn = turns.of(iteration)
            return user_of(clients[turn], iteration, job.workload, actor=turns.users[turn])

        try:
            if len(roles) == 1:
                [role] = roles
                yield lambda iteration: function(acting(role, iteration))
            else:
                yield lambda iteration: function(*(acting(role, iteration) for role in roles))
        finally:
            await asyncio.gather(*(one.answered() for one in everybody))


@asynccontextmanager
async def _on_threads(job: Job, scenario: Scenario, workers: int) -> AsyncIterator[Iterate]:
    turns, context_data = _Turns(job), job.context_data
    function = partial(scenario.function, **job.args)
    async with _threads(max(workers, SIGN_IN_THREADS), "iteration") as threads:
        loop = asyncio.get_running_loop()
        people: list[Actor | None] = [*(turns.users if "user" in scenario.roles else ()), None]
        if "admin" not in scenario.roles:
            people.pop()
        connections = await asyncio.gather(
            *(loop.run_in_executor(threads, _connect, context_data, one) for one in people)
        )

        def acting(role: str, iteration: Iteration) -> SdkUser:
            turn = -1 if role == "admin" else turns.of(iteration)
            return SdkUser(
                iteration, job.workload, context_data=context_data, connection=connections[turn], actor=people[turn]
            )

        yield lambda iteration: _on_thread(
            threads, partial(function, *(acting(role, iteration) for role in scenario.roles))
        )


@asynccontextmanager
async def _threads(count: int, name: str) -> AsyncIterator[ThreadPoolExecutor]:
    """Give threads; what is not begun at the end is left, and what is has its time, without holding up the loop."""
    threads = ThreadPoolExecutor(count, thread_name_prefix=name)
    try:
        yield threads
    finally:
        await asyncio.to_thread(threads.shutdown, cancel_futures=True)


def _connect(context_data: ContextData, actor: Actor | None) -> Connection:
    connection = with_microversions(actor.cloud if actor else context_data.cloud, context_data.api_versions).connect()
    connection.authorize()
    session: Any = connection.session
    session.patience = Patience(0.0)  # a load repeats nothing
    return connection


async def _on_thread(threads: ThreadPoolExecutor, function: Callable[[], Any]) -> None:
    """Run a plain function on a thread that knows which actions are open around it.

    An iteration that is over its limit is a failure at once; its thread cannot be cut short, and is taken till its end.
    """
    came_to = await asyncio.get_running_loop().run_in_executor(threads, copy_context().run, function)
    if isinstance(came_to, Coroutine):  # whose code has not run at all
        came_to.close()
        raise TypeError("the scenario is a plain function that returns a coroutine - write it as `async def`")
