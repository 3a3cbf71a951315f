"""Runs one iteration of a scenario, for tests of scenarios."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

from small_cloud import ADMIN, SmallCloud

from rallycross.cloud.access import SignIn
from rallycross.cloud.client import Client, open_http
from rallycross.cloud.context_data import Actor, ContextData, Tenant
from rallycross.load.iteration import Iteration
from rallycross.load.web import open_web
from rallycross.scenario.scenario import SCENARIOS, Scenario
from rallycross.scenario.user import SdkUser, User

WORKLOAD = "0badcafe-0000"


def iterate(
    scenario: str,
    cloud: SmallCloud | None = None,
    /,
    *,
    number: int = 0,
    resources: dict[str, Any] | None = None,
    **args: Any,
) -> Iteration:
    """Run one iteration of a scenario, and return what it has timed and shown; what it raises is raised.

    `user` and `admin` act on `cloud`, both as its administrator; `resources` is what contexts have left in the project.
    """
    return asyncio.run(_iterate(SCENARIOS[scenario], cloud, number, resources or {}, args))


async def _iterate(
    scenario: Scenario, cloud: SmallCloud | None, number: int, resources: dict[str, Any], args: dict[str, Any]
) -> Iteration:
    iteration = Iteration(number, asyncio.get_running_loop().time)
    async with AsyncExitStack() as stack:
        if cloud is None:
            iteration.http = await stack.enter_async_context(open_web())
            acting: list[Any] = [iteration]
        else:
            actor = Actor(cloud.cloud(), Tenant(ADMIN["project_id"], "admin", resources))
            context_data = ContextData(cloud.cloud(), users=[actor], tenants={actor.tenant.id: actor.tenant})
            client = Client(SignIn(cloud.cloud()), await stack.enter_async_context(open_http(cloud.cloud())))
            who = {"user": actor, "admin": None}
            acting = [
                SdkUser(
                    iteration, WORKLOAD, context_data=context_data, connection=cloud.cloud().connect(), actor=who[role]
                )
                if scenario.blocking
                else User(client, iteration, WORKLOAD, context_data=context_data, actor=who[role])
                for role in scenario.roles
            ]
        if scenario.blocking:
            await asyncio.to_thread(scenario.function, *acting, **args)
        else:
            await scenario.function(*acting, **args)
    return iteration
