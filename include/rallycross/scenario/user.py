"""The user objects that a scenario gets: one user of the cloud during one iteration."""

import random
from collections import deque
from collections.abc import AsyncIterable, Mapping
from contextlib import AbstractContextManager
from typing import IO, Any

from openstack.connection import Connection

from rallycross.cloud.client import Client
from rallycross.cloud.condition import Condition
from rallycross.cloud.context_data import Actor, ContextData, Tenant
from rallycross.cloud.errors import WaitFailed
from rallycross.cloud.naming import random_name, scenario_prefix
from rallycross.cloud.waiting import RallyPolling, Waiting, as_rally
from rallycross.load.iteration import Iteration
from rallycross.task.plan import Timing

_WRITES = 100  # requests of an iteration among which that for a resource is searched for


class _Acting:
    """The base class of `User` and `SdkUser`."""

    __slots__ = ("actor", "context_data", "iteration", "prefix")

    def __init__(self, actor: Actor | None, context_data: ContextData, iteration: Iteration, workload: str) -> None:
        self.actor = actor  # None: the cloud's administrator
        self.context_data = context_data
        self.iteration = iteration
        self.prefix = scenario_prefix(workload)

    @property
    def tenant(self) -> Tenant:
        """The user's project, with the resources that contexts have made in it."""
        if self.actor is None:
            raise LookupError("the administrator has no project of the load - take a `user` as well")
        return self.actor.tenant

    def action(self, name: str) -> AbstractContextManager[None]:
        """Time the `with` block as an action of the iteration."""
        return self.iteration.action(name)

    def name(self) -> str:
        """Return a new random name for something that the scenario creates. The clean-up finds it by its prefix."""
        return random_name(self.prefix)


class User(_Acting):
    """Sends requests as one user.

    `get`, `post`, `put`, `patch` and `delete` take the service's official type and the path below its endpoint, and
    return the JSON of the answer: `await user.get("compute", "/servers")`. They raise as `Client.request` does.
    `microversion` is that of this request, instead of the one that the context `api_versions` gives.
    """

    __slots__ = ("_timing", "_waiting", "_writes", "client")

    def __init__(
        self,
        client: Client,
        iteration: Iteration,
        workload: str,
        *,
        context_data: ContextData,
        actor: Actor | None = None,
        waiting: Waiting | None = None,
        timing: Timing = "intended",
    ) -> None:
        super().__init__(actor, context_data, iteration, workload)
        self.client = client
        self._waiting = waiting or Waiting()
        self._timing = timing
        # The last requests other than GET: their paths, and the JSON of their answers.
        self._writes: deque[tuple[str, Any]] = deque(maxlen=_WRITES)

    async def wait(self, condition: Condition, rally: RallyPolling) -> dict[str, Any]:
        """Wait until a condition is met; return the resource as it then is, or {} if it is gone.

        `rally` has Rally's polling intervals, for runs with Rally's timing. Raises as `Waiting` does.
        """
        try:
            if self._timing == "rally":
                return await as_rally(condition, rally, self.get, self.iteration.pause)
            return await self._waiting.until(condition, (await self.client.access()).project, self.get)
        except WaitFailed as error:
            error.request_id = self._request_for(condition.identifier)
            raise

    async def pause(self, least: float, most: float) -> None:
        """Pause for a random time between `least` and `most` seconds. It does not count as work."""
        if most > 0:
            await self.iteration.pause(random.uniform(least, most))  # noqa: S311 - no secret

    def _request_for(self, identifier: str) -> str | None:
        """Return the id of the last request that created or changed a resource: the cloud's logs have it."""
        for path, answer in reversed(self._writes):
            if identifier in path or identifier in str(answer):
                found: str | None = answer.exchange.request_id
                return found
        return None

    async def get(self, service: str, path: str, /, *, microversion: str = "", **params: str) -> Any:
        """Send a GET request."""
        return await self.client.request("GET", service, path, params=params or None, microversion=microversion)

    async def post(
        self, service: str, path: str, body: Mapping[str, Any] | None = None, *, microversion: str = ""
    ) -> Any:
        """Send a POST request: create something, or start an action."""
        return await self._write("POST", service, path, body=body, microversion=microversion)

    async def put(
        self, service: str, path: str, body: Mapping[str, Any] | None = None, *, microversion: str = ""
    ) -> Any:
        """Send a PUT request: replace something, or change it as neutron and cinder do."""
        return await self._write("PUT", service, path, body=body, microversion=microversion)

    async def upload(
        self, service: str, path: str, data: IO[bytes] | AsyncIterable[bytes], headers: Mapping[str, str]
    ) -> Any:
        """Send a PUT request with data that are not JSON."""
        return await self._write("PUT", service, path, data=data, headers=headers)

    async def download(self, service: str, path: str) -> int:
        """Send a GET request for data that are not JSON; return their number of bytes. They are not kept."""
        return await self.client.download(service, path)

    async def patch(
        self,
        service: str,
        path: str,
        body: Any,
        headers: Mapping[str, str] | None = None,
        *,
        microversion: str = "",
    ) -> Any:
        """Send a PATCH request."""
        return await self._write("PATCH", service, path, body=body, headers=headers, microversion=microversion)

    async def delete(self, service: str, path: str, *, microversion: str = "", **params: str) -> None:
        """Send a DELETE request."""
        await self._write("DELETE", service, path, params=params or None, microversion=microversion)

    async def _write(self, method: str, service: str, path: str, **more: Any) -> Any:
        answer = await self.client.request(method, service, path, **more)
        self._writes.append((path, answer))
        return answer


class SdkUser(_Acting):
    """The user object of a scenario that is a plain function: an openstacksdk connection, used on a thread."""

    def __init__(
        self,
        iteration: Iteration,
        workload: str,
        *,
        context_data: ContextData,
        connection: Connection,
        actor: Actor | None = None,
    ) -> None:
        super().__init__(actor, context_data, iteration, workload)
        self.connection = connection

    def pause(self, least: float, most: float) -> None:
        """Pause for a random time between `least` and `most` seconds. It does not count as work."""
        if most > 0:
            self.iteration.pause(random.uniform(least, most))  # noqa: S311 - no secret
