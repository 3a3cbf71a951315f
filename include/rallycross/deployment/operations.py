"""The operations on a cloud: deploy, status, logs, stop, destroy."""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from graphlib import TopologicalSorter

from rallycross.deployment import detached
from rallycross.deployment.carry_out import carry_out, node_steps, select_outstanding
from rallycross.deployment.engine import ENGINES, CloudSpec, Deployed, Service, check_first
from rallycross.deployment.host import HostLost
from rallycross.deployment.node import LOCAL, Node
from rallycross.deployment.provider import PROVIDERS
from rallycross.deployment.server import Server
from rallycross.deployment.site import Site
from rallycross.deployment.step import Plan, Status, StepEvent
from rallycross.deployment.undo import locked, undo
from rallycross.disk import said

_AGAIN = 1.0  # seconds between two attempts to reach a server


def deploy(spec: CloudSpec, site: Site) -> Deployed:
    """Deploy the cloud, continuing where an earlier call has stopped; raise `RallycrossError`."""
    engine = ENGINES[spec.engine]
    nodes = _servers(spec, site)
    with ExitStack() as stack:
        for node in nodes if engine.takes_servers or spec.provider else []:
            # Before anything is created there, even the cloud's folder.
            site.ledger.remember("node", node.name, {"root": node.root})
            stack.enter_context(locked(node, site.terms.owner))
        plan = engine.plan(spec, nodes, site)
        carry_out(
            with_secrets(plan, spec), everywhere(nodes, site), ledger=site.ledger, terms=site.terms, tell=site.tell
        )
        return _cloud(spec, nodes, site)


@dataclass(frozen=True)
class PlannedStep:
    """One outstanding step on one node, for a caller that runs the steps one by one."""

    name: str
    needs: tuple[str, ...]  # outstanding steps that it needs, directly or not, in an order that their needs allow
    title: str


def begin(spec: CloudSpec, site: Site) -> list[PlannedStep]:
    """Create the servers, and return the outstanding steps, in an order that their needs allow.

    Steps that are done already are reported as skipped.
    """
    engine, nodes = ENGINES[spec.engine], _servers(spec, site)
    with ExitStack() as stack:
        for node in nodes if engine.takes_servers or spec.provider else []:
            site.ledger.remember("node", node.name, {"root": node.root})
            stack.enter_context(locked(node, site.terms.owner))
        found = node_steps(engine.plan(spec, nodes, site), everywhere(nodes, site))
        used = {node_step.node.name: node_step.node for node_step in found.values()}
        to_do = select_outstanding(found, list(used.values()))
    now = time.time()
    for name, node_step in found.items():
        if name not in to_do:
            site.tell(StepEvent(name, node_step.step.words, "skipped", now, total=len(found), host=node_step.node.name))
    order = list(TopologicalSorter({name: node_step.step.needs for name, node_step in found.items()}).static_order())
    before: dict[str, set[str]] = {}
    for name in order:
        needs = found[name].step.needs
        before[name] = {*needs, *(earlier for need in needs for earlier in before[need])} & to_do
    return [
        PlannedStep(name, tuple(need for need in order if need in before[name]), found[name].step.words)
        for name in order
        if name in to_do
    ]


def run_step(spec: CloudSpec, site: Site, name: str) -> None:
    """Run one of the steps that `begin` returned, after those that it needs; raise `StepFailed`."""
    engine, nodes = ENGINES[spec.engine], existing_nodes(spec, site, patient=True)
    plan = with_secrets(engine.plan(spec, nodes, site), spec)
    found = node_steps(plan, everywhere(nodes, site))
    node_step, total = found[name], len(found)

    def tell(event: StepEvent) -> None:
        site.tell(replace(event, name=name, total=total))

    alone = replace(node_step.on_host, needs=(), hosts=(node_step.node.name,))
    carry_out(Plan((alone,), plan.secrets), everywhere(nodes, site), ledger=site.ledger, terms=site.terms, tell=tell)


def finish(spec: CloudSpec, site: Site) -> Deployed:
    """Return the cloud, after all steps that `begin` returned are done."""
    return _cloud(spec, existing_nodes(spec, site, patient=True), site)


def destroy(spec: CloudSpec, site: Site) -> None:
    """Undo all that `deploy` has made, complete or not, in reverse order; do nothing if there is nothing."""
    provider = PROVIDERS[spec.provider.type] if spec.provider else None
    if site.ledger.standing() and not (provider and provider.disposable):
        undo(
            site.ledger,
            everywhere(existing_nodes(spec, site, patient=True), site),
            owner=site.terms.owner,
            tell=site.tell,
        )
    if provider and spec.provider:
        provider.destroy(spec.provider.options, site)
    for made in site.ledger.standing():  # on servers that no longer exist
        if made.kind in {"step", "node"}:
            site.ledger.forgotten(made.row)


def stop(spec: CloudSpec, site: Site) -> list[str]:
    """Stop the cloud's processes; its data stays, and `deploy` starts it again.

    Running steps are killed first, as they would continue without the process that started them. Return their names.
    """
    nodes = existing_nodes(spec, site)
    ended = [
        f"the step {name} on {node.name}"
        for node in everywhere(nodes, site)
        for name in detached.kill(node.host, node.root)
    ]
    ENGINES[spec.engine].stop(spec, nodes)
    return ended


def status(spec: CloudSpec, site: Site) -> list[Service]:
    """Return the current state of the cloud's services; none if the cloud does not exist."""
    return ENGINES[spec.engine].status(spec, existing_nodes(spec, site))


def logs(spec: CloudSpec, site: Site, *, service: str | None, lines: int) -> str:
    """Return the last lines of one service's log, or of all (None); raise `RallycrossError` for an unknown service."""
    return ENGINES[spec.engine].logs(spec, existing_nodes(spec, site), service=service, lines=lines)


def existing_nodes(spec: CloudSpec, site: Site, *, patient: bool = False) -> list[Node]:
    """Return the nodes that exist, creating none; `patient`: wait for one that is out of reach."""
    if spec.provider is None:
        return [site.here]
    servers = PROVIDERS[spec.provider.type].standing(spec.provider.options, site)
    return _nodes(spec, servers, site, patient=patient)


def everywhere(nodes: list[Node], site: Site) -> list[Node]:
    """Return the nodes, including this machine, where steps that call remote APIs run."""
    return nodes if any(node.name == LOCAL for node in nodes) else [*nodes, site.here]


def with_secrets(plan: Plan, spec: CloudSpec) -> Plan:
    """Return the plan with the spec's secrets added to its own."""
    return Plan(plan.steps, tuple(secret for secret in (*plan.secrets, *spec.secrets) if secret))


def _cloud(spec: CloudSpec, nodes: Sequence[Node], site: Site) -> Deployed:
    """Return the cloud, with how to reach its servers."""
    engine = ENGINES[spec.engine]
    # The servers below an engine that takes none belong to other engines inside it.
    kept = [node.kept for node in nodes] if engine.takes_servers else []
    return replace(engine.cloud(spec, nodes, site), nodes=tuple(node for node in kept if node))


def _servers(spec: CloudSpec, site: Site) -> list[Node]:
    """Check the spec by the engine, have the provider create missing servers, and sign in to all."""
    check_first(spec)
    if spec.provider is None:
        return [site.here]
    began, epoch = time.monotonic(), time.time() - time.monotonic()

    def say(status: Status, error: str = "") -> None:
        now = time.monotonic()
        title = f"Servers: {spec.provider.type if spec.provider else LOCAL}"
        site.tell(StepEvent("servers", title, status, epoch + now, now - began, error))

    say("running")
    try:
        servers = PROVIDERS[spec.provider.type].create(spec.provider.options, site)
        nodes = _nodes(spec, servers, site, patient=True)
    except BaseException as error:
        say("failed", said(error))
        raise
    say("done")
    return nodes


def _nodes(spec: CloudSpec, servers: Sequence[Server], site: Site, *, patient: bool) -> list[Node]:
    """Sign in to the servers. An engine that brings its own servers also gets this machine as a node."""
    nodes = [_awaited(server, site) if patient else site.node(server) for server in servers]
    return nodes if ENGINES[spec.engine].takes_servers else [*nodes, site.here]


def _awaited(server: Server, site: Site) -> Node:
    """Sign in to a server; wait for one that is out of reach as long as a host may be, and report that."""
    began, epoch, away = time.monotonic(), time.time() - time.monotonic(), site.terms.away
    told = False
    while True:
        try:
            return site.node(server)
        except HostLost as error:
            now = time.monotonic()
            if now - began >= away:
                raise HostLost(f"{error}; waited {away:g} s for it (RALLYCROSS_HOST_PATIENCE)") from error
            if not told:
                title = f"Waiting at most {away:g} s for {error}"
                site.tell(StepEvent("servers", title, "running", epoch + now, now - began))
                told = True
            time.sleep(min(_AGAIN, away))
