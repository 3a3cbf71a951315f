"""Moves a node through ironic's provision states: from available to active, and back."""

import time
from collections.abc import Collection
from typing import Any

from openstack.connection import Connection

from rallycross.errors import RallycrossError

# Provision states, as the API names them.
_COMING = ("deploying", "wait call-back", "deploy hold")
_READY = ("available", "deploy failed")  # from which `active` may be requested
_LEAVING = ("deleting", "cleaning", "clean wait", "clean hold")
_FAILED = ("deploy failed", "clean failed", "error")
_PAUSE = 1  # seconds between two polls
_LATE = 10  # polls for the error of a failed node: ironic writes it after the state


def called(node: Any) -> str:
    """Return a node's name or id."""
    return str(node.name or node.id)


def leaves(node: Any) -> bool:
    """Return whether a node is on its way back to `available`."""
    return node.provision_state in _LEAVING


def may_begin(node: Any) -> bool:
    """Return whether a node's provisioning must still be requested; raise `RallycrossError` if it cannot be."""
    _raise_for_maintenance(node)
    state = node.provision_state
    if state in _READY:
        return True
    if state in {*_COMING, "active"}:
        return False
    raise RallycrossError(f"{_told(node)}, from which it cannot be provisioned - fix that in ironic")


def begin(api: Connection, node: Any, instance_info: dict[str, Any], drive: dict[str, Any]) -> None:
    """Request a node's provisioning. Other keys of its `instance_info`, such as the allocation's traits, are kept."""
    api.baremetal.update_node(node, instance_info={**(node.instance_info or {}), **instance_info})
    api.baremetal.set_node_provision_state(node, "active", config_drive=drive)


def await_active(api: Connection, node: Any, *, limit: float) -> None:
    """Wait until a node is active; raise `RallycrossError` if that fails or takes more than `limit` seconds."""
    settled = _settled(api, node, _COMING, limit)
    if settled.provision_state != "active":
        remedy = "fix that, and deploy again" if settled.provision_state in _FAILED else "check the node in ironic"
        raise RallycrossError(f"{_told(settled)}, and not active - {remedy}")


def give_back(api: Connection, node: Any, *, limit: float) -> None:
    """Request a node's undeployment, from any state that a deploy can leave; do not wait for its end."""
    state = node.provision_state
    if state == "deploying":  # the only state from which ironic does not undeploy a node
        state = _settled(api, node, ("deploying",), limit).provision_state
    if state not in _LEAVING:
        api.baremetal.set_node_provision_state(node, "deleted")


def await_left(api: Connection, node: Any, *, limit: float) -> None:
    """Wait until a node is undeployed and clean; raise `RallycrossError` if that fails or takes too long."""
    settled = _settled(api, node, _LEAVING, limit)
    if settled.provision_state in _FAILED:
        raise RallycrossError(f"{_told(settled)}, and not available - fix that, and destroy again")


def _settled(api: Connection, node: Any, passing: Collection[str], limit: float) -> Any:
    """Return a node once its state is not in `passing`; raise `RallycrossError` in maintenance, which blocks it."""
    deadline = time.monotonic() + limit
    while (now := api.baremetal.get_node(node.id)).provision_state in passing:
        _raise_for_maintenance(now)
        if time.monotonic() > deadline:
            raise RallycrossError(f"{_told(now)}, still after {limit:g} s - raise `timeout`, or ask why in ironic")
        time.sleep(_PAUSE)
    looks = 0
    while now.provision_state in _FAILED and not now.last_error and looks < _LATE:
        time.sleep(_PAUSE)
        now, looks = api.baremetal.get_node(node.id), looks + 1
    return now


def _raise_for_maintenance(node: Any) -> None:
    if node.is_maintenance:
        why = node.maintenance_reason or node.last_error or "no reason given"
        raise RallycrossError(f"node {called(node)} is in maintenance ({why}) - end that in ironic")


def _told(node: Any) -> str:
    error = f" ({node.last_error})" if node.last_error else ""
    return f"node {called(node)} is in the state '{node.provision_state}'{error}"
