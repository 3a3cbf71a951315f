"""What scenarios have left behind: found by their names, and deleted."""

import sys
from typing import Any

from rallycross.cloud.naming import scenario_prefix
from rallycross.contexts.cleaning import clean
from rallycross.contexts.context import Backstage, Scene, context
from rallycross.task.flaw import Schema

_SCHEMA: Schema = {"type": "array", "items": {"type": "string"}}  # "nova", or "nova.servers"


@context("cleanup", order=sys.maxsize, schema=_SCHEMA)
class Cleanup:
    """What a scenario has left in users' projects goes with the projects."""

    def __init__(self, config: Any, scene: Scene, backstage: Backstage) -> None:
        pass

    def set_up(self) -> None:
        """Nothing stands yet."""

    def clean_up(self) -> None:
        """Leave it to the context users, which empties the projects."""


@context("admin_cleanup", order=sys.maxsize - 1, schema=_SCHEMA)
class AdminCleanup:
    """What a scenario has left outside of users' projects, by the beginning of its name."""

    def __init__(self, config: list[str], scene: Scene, backstage: Backstage) -> None:  # noqa: ARG002 - as all contexts
        self._services = config
        self._backstage = backstage

    def set_up(self) -> None:
        """Note what there may be before it is made."""
        if "keystone" in self._services:
            prefix = scenario_prefix(self._backstage.owner)
            self._backstage.ledger.remember("keystone.user", prefix, prefix=True)

    def clean_up(self) -> None:
        """Delete it."""
        clean(self._backstage.connection, self._backstage.ledger)
