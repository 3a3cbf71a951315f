"""Allocations: each reserves a suitable node under a name, so that nobody else uses it."""

import time
from typing import Any

from openstack.connection import Connection
from openstack.exceptions import NotFoundException

from rallycross.errors import RallycrossError

_PAUSE = 0.5  # seconds between two polls


def allocation(api: Connection, name: str) -> Any | None:
    """Return the allocation of a name, or None."""
    try:
        return api.baremetal.get_allocation(name)
    except NotFoundException:
        return None


def reserve(api: Connection, name: str, resource_class: str, traits: list[str], nodes: list[str]) -> Any:
    """Create an allocation, for which ironic chooses a node; one of `nodes`, if there are any."""
    wanted = {"resource_class": resource_class, "traits": traits} | ({"candidate_nodes": nodes} if nodes else {})
    return api.baremetal.create_allocation(name=name, **wanted)


def await_node(api: Connection, reserved: Any, *, limit: float) -> Any:
    """Return an allocation once it has a node; delete it and raise `RallycrossError` if no node is suitable."""
    deadline = time.monotonic() + limit
    while reserved.state == "allocating":
        if time.monotonic() > deadline:
            raise RallycrossError(
                f"ironic has not chosen a node within {limit:g} s - check that its conductors run, or raise `timeout`"
            )
        time.sleep(_PAUSE)
        reserved = api.baremetal.get_allocation(reserved.id)
    if reserved.state == "error":
        free(api, reserved)
        raise RallycrossError(
            f"ironic has no node for {reserved.name}: {reserved.last_error} - a node must be available, not in"
            " maintenance, in a known power state, and match `resource_class`, `traits` and `nodes`"
        )
    return reserved


def free(api: Connection, reserved: Any) -> None:
    """Delete an allocation, unless it is gone already, as after the undeployment of its node."""
    api.baremetal.delete_allocation(reserved, ignore_missing=True)
