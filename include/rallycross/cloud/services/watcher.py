"""watcher: audits, by strategies that serve goals."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from rallycross.cloud.facts import Named
from rallycross.cloud.service import Fact, Service, describe

if TYPE_CHECKING:
    from openstack.connection import Connection


def _all(collection: str) -> Callable[["Connection"], Iterator[Named]]:
    def ask(connection: "Connection") -> Iterator[Named]:
        client = connection.config.get_session_client("resource-optimization")
        found: list[dict[str, Any]] = client.get(f"/v1/{collection}").json()[collection]
        return (Named(one["uuid"], one["name"]) for one in found)

    return ask


describe(
    Service(
        "watcher",
        "resource-optimization",
        facts={
            "strategy": Fact(_all("strategies"), by_exact_name=True),
            "goal": Fact(_all("goals"), by_exact_name=True),
        },
    )
)
