"""watcher: audits, by strategies that serve goals."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from rallycross.cloud.facts import NamedResource
from rallycross.cloud.service import Fact, Service, describe

if TYPE_CHECKING:
    from rallycross.cloud.api import Api


def _all(collection: str) -> Callable[["Api"], Iterator[NamedResource]]:
    def ask(api: "Api") -> Iterator[NamedResource]:
        found = api.get("resource-optimization", f"/v1/{collection}")[collection]
        return (NamedResource(one["uuid"], one["name"]) for one in found)

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
