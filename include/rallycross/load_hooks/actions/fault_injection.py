"""The action `fault_injection`: makes a fault in the cloud, and undoes it after the load."""

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from rallycross.deployment.fault_hosts import HOSTS
from rallycross.errors import RallycrossError, did_you_mean
from rallycross.load_hooks.action import Firing, action
from rallycross.load_hooks.faults.fault_ledger import make, undo
from rallycross.load_hooks.faults.machine import Machine, at, named
from rallycross.load_hooks.faults.scripts import Scripts, network_fault, node_fault
from rallycross.load_hooks.faults.sentence import NETWORK_ACTS, ONE, NotUnderstood, Sentence, understand
from rallycross.task.bounds import SECONDS
from rallycross.task.flaw import Flaw, Schema, flaws

T = TypeVar("T")
R = TypeVar("R")

_SCHEMA: Schema = {
    "type": "object",
    "properties": {
        "action": {"type": "string"},
        "verify": {"type": "boolean"},  # check first that every node that the sentence may mean can be reached
        "hosts": HOSTS,  # nodes in addition to those of the cloud's spec
        "timeout": {
            "type": "number",
            "exclusiveMinimum": 0,
            "maximum": SECONDS,
        },  # seconds until a node must be back after a reboot
    },
    "required": ["action"],
    "additionalProperties": False,
}
BACK_AFTER = 600  # default seconds until a node must be back after a reboot
_LOOK = 2.0  # seconds between two checks
_NODES = 20  # nodes that are handled at the same time
_BOOT = "cat /proc/sys/kernel/random/boot_id"


def _validate(config: Any) -> Iterator[Flaw]:
    if found := flaws(config, _SCHEMA):
        yield from found
        return
    try:
        understand(config["action"])
    except NotUnderstood as error:
        yield Flaw(("action",), str(error))


@action("fault_injection", lambda config: list(_validate(config)), on_machines=True)
def fault_injection(config: Mapping[str, Any], firing: Firing) -> None:
    """Make the fault of the sentence on its nodes; raise `RallycrossError` if there are none."""
    sentence = understand(config["action"])
    known = {**firing.target.machines, **named(config.get("hosts", {}))}
    candidates = _candidates(sentence, known)
    if config.get("verify"):
        _each(candidates, lambda machine: _run(machine, "true"))
    if sentence.service:
        candidates = _with_service(sentence.service, candidates)
    machines = [random.choice(candidates)] if sentence.node == ONE else candidates  # noqa: S311 - no secret
    scripts = {machine.name: _scripts(sentence, machine) for machine in machines}  # all before the first one runs
    booted = {machine.name: _run(machine, _BOOT) for machine in machines} if sentence.act in {"reboot", "reset"} else {}

    def break_(machine: Machine) -> None:
        if firing.give_up.is_set():
            raise RallycrossError(f"{sentence} on {machine.name}: gave up waiting for the load to end")
        make(firing.target, machine, f"{sentence} on {machine.name}", scripts[machine.name], firing.faults.append)

    _each(machines, break_)
    if sentence.seconds is not None:
        firing.ended.wait(sentence.seconds)
        _undo(firing)
    if booted:
        limit = config.get("timeout", BACK_AFTER)
        _each(machines, lambda machine: _wait_for(machine, booted[machine.name], limit, firing))
    names = ", ".join(machine.name for machine in machines)
    text = {"title": "Fault injection", "chart_plugin": "TextArea", "data": [f"{sentence} on {names}"]}
    firing.add_output("complete", {**text, "description": config["action"]})


def _candidates(sentence: Sentence, known: Mapping[str, Machine]) -> list[Machine]:
    if not known:
        raise RallycrossError("no node is known - name some by `hosts` in the cloud's spec or in the hook")
    if sentence.node in {"", ONE}:
        return list(known.values())
    if sentence.node not in known:
        raise RallycrossError(f"there is no node '{sentence.node}' - {did_you_mean(sentence.node, known)}")
    return [known[sentence.node]]


def _with_service(service: str, machines: list[Machine]) -> list[Machine]:
    """Return the machines that have a service."""
    lists = _each(machines, lambda machine: _run(machine, machine.services.list()).split())
    having = [machine for machine, names in zip(machines, lists, strict=True) if service in names]
    if not having:
        on = ", ".join(machine.name for machine in machines)
        remedy = did_you_mean(service, {name for names in lists for name in names})
        raise RallycrossError(f"there is no service '{service}' on {on} - {remedy or 'name one of its services'}")
    return having


def _scripts(sentence: Sentence, machine: Machine) -> Scripts:
    if not sentence.network and not sentence.on_node:
        return machine.services.fault(sentence.act, sentence.service)
    if machine.server is None:
        raise RallycrossError(f"{sentence.act}: {machine.name} is the machine that generates the load - name another")
    if sentence.act in NETWORK_ACTS:
        interface = machine.networks.get(sentence.network, sentence.network)
        return network_fault(sentence.act, interface, machine.server.port)
    return node_fault(sentence.act)


def _wait_for(machine: Machine, before: str, limit: float, firing: Firing) -> None:
    """Wait until a machine has rebooted."""
    deadline = time.monotonic() + limit
    while not firing.give_up.wait(_LOOK):
        try:
            if _run(machine, _BOOT) != before:
                return
            why = "it answers and has not rebooted"
        except RallycrossError as error:
            why = str(error)
        if time.monotonic() > deadline:
            raise RallycrossError(f"{machine.name} is not back after {limit:g} s: {why}")
    raise RallycrossError(f"{machine.name} was not back before the wait for the load's end was over")


def _undo(firing: Firing) -> None:
    target = firing.target
    mine = [row for row in target.store.ledger.standing(target.cloud, target.workload) if row.id in firing.faults]
    if left := [why for why in _each(mine, lambda row: undo(target.store, row)) if why]:
        raise RallycrossError("\n".join(left))


def _run(machine: Machine, script: str) -> str:
    with at(machine.server, machine.known_hosts) as host:
        return host.run(script).out


def _each(things: Sequence[T], do: Callable[[T], R]) -> list[R]:
    """Call `do` with each thing in parallel; an exception is raised after all are done."""
    with ThreadPoolExecutor(_NODES, thread_name_prefix="fault") as pool:
        return list(pool.map(do, things))
