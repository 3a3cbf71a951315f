"""What a scenario acts as: one user of the cloud, during one iteration."""

import random
import string
from collections.abc import AsyncIterable, Mapping
from typing import IO, Any

from rallycross.cloud.client import Client
from rallycross.load.iteration import Iteration, Timed

_ALPHABET = string.ascii_letters + string.digits
_LETTERS = 8


def name_prefix(workload: str) -> str:
    """Return what the names of all that a workload's scenario creates begin with; `workload` is its uuid."""
    return f"s_rally_{workload[:_LETTERS]}_"


class User:
    """Sends requests as one user, and times what the iteration does.

    `get`, `post`, `put` and `delete` take the service's official type and the path behind its endpoint, and return the
    JSON of the answer: `await user.get("compute", "/servers")`. They raise as `Client.request` does.
    """

    __slots__ = ("_iteration", "_prefix", "client")

    def __init__(self, client: Client, iteration: Iteration, workload: str) -> None:
        self.client = client
        self._iteration = iteration
        self._prefix = name_prefix(workload)

    def action(self, name: str) -> Timed:
        """Time what happens in the `with` block as an action of the iteration."""
        return self._iteration.action(name)

    def name(self) -> str:
        """Return a new random name for something that the scenario creates."""
        return self._prefix + "".join(random.choices(_ALPHABET, k=_LETTERS))  # noqa: S311 - a name, no secret

    async def pause(self, least: float, most: float) -> None:
        """Do nothing for a random time between `least` and `most` seconds, which does not count as work."""
        if most > 0:
            await self._iteration.pause(random.uniform(least, most))  # noqa: S311 - no secret

    async def get(self, service: str, path: str, **params: str) -> Any:
        """Read."""
        return await self.client.request("GET", service, path, params=params or None)

    async def post(self, service: str, path: str, body: Mapping[str, Any]) -> Any:
        """Create, or act."""
        return await self.client.request("POST", service, path, body=body)

    async def put(
        self, service: str, path: str, data: IO[bytes] | AsyncIterable[bytes], headers: Mapping[str, str]
    ) -> Any:
        """Upload."""
        return await self.client.request("PUT", service, path, data=data, headers=headers)

    async def delete(self, service: str, path: str) -> None:
        """Delete."""
        await self.client.request("DELETE", service, path)
