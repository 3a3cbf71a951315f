"""What the arguments of several neutron scenarios have in common."""

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any

from rallycross.cloud.cidr import START_CIDRS, ip_version
from rallycross.scenario.arguments import Argument
from rallycross.scenarios.neutron.steps.networks import twice_named
from rallycross.task.flaw import Flaw

Count = Annotated[int, Argument({"type": "integer", "minimum": 1})]


def contradictions(updates: str = "") -> Callable[[Mapping[str, Any]], Iterator[Flaw]]:
    """Return the check of a scenario's arguments. `updates`: the argument that has the options to change."""

    def check(args: Mapping[str, Any]) -> Iterator[Flaw]:
        if updates and not args.get(updates, True):
            yield Flaw((updates,), "it is empty, so there is nothing to update", "add an option to change")
        for argument in ("network_create_args", "network_update_args"):
            for name in twice_named(args.get(argument) or {}):
                yield Flaw((argument, name), "the API's name of this option is given as well", "remove one of the two")
        start = args.get("subnet_cidr_start")
        try:
            ip_version(start or START_CIDRS[4])
        except ValueError as error:
            yield Flaw(("subnet_cidr_start",), str(error), f"give one such as {START_CIDRS[4]}")

    return check
