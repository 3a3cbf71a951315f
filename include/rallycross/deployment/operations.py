"""What can be done with a cloud at a site: deploy, look at, stop, destroy."""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from graphlib import TopologicalSorter

from rallycross.deployment import detached
from rallycross.deployment.carry_out import carry_out, to_be_done, units
from rallycross.deployment.engine import ENGINES, CloudSpec, Deployed, Service, check_first
from rallycross.deployment.host import HostLost
from rallycross.deployment.node import LOCAL, Node
from rallycross.deployment.provider import PROVIDERS
from rallycross.deployment.server import Server
from rallycross.deployment.site import Site
from rallycross.deployment.step import Plan, Status, StepEvent
from rallycross.deployment.undo import locked, undo
from rallycross.disk import said

_AGAIN = 1.0  # seconds between two tries at a server that is out of reach


def deploy(spec: CloudSpec, site: Site) -> Deployed:
    """Make the cloud stand, going on from whatever an earlier call has left; raise `RallycrossError`."""
    engine = ENGINES[spec.engine]
    nodes = _servers(spec, site)
    with ExitStack() as stack:
        for node in nodes if engine.takes_servers or spec.provider else []:
            # Before anything is made there, the cloud's folder too.
            site.ledger.remember("node", node.name, {"root": node.root})
            stack.enter_context(locked(node, site.terms.owner))
        plan = engine.plan(spec, nodes, site)
        carry_out(
            with_secrets(plan, spec), everywhere(nodes, site), ledger=site.ledger, terms=site.terms, tell=site.tell
        )
        return _cloud(spec, nodes, site)


@dataclass(frozen=True)
class Intended:
    """One step on one node that is to be done, for a caller that has each done by itself."""

    name: str
    needs: tuple[str, ...]  # all that are to be done before, of this list, in an order that their needs allow
    title: str


def begin(spec: CloudSpec, site: Site) -> list[Intended]:
    """Have the servers made, and return what is to be done, in an order that its needs allow.

    What is done already is told of as skipped.
    """
    engine, nodes = ENGINES[spec.engine], _servers(spec, site)
    with ExitStack() as stack:
        for node in nodes if engine.takes_servers or spec.provider else []:
            site.ledger.remember("node", node.name, {"root": node.root})
            stack.enter_context(locked(node, site.terms.owner))
        found = units(engine.plan(spec, nodes, site), everywhere(nodes, site))
        used = {unit.node.name: unit.node for unit in found.values()}
        to_do = to_be_done(found, list(used.values()))
    now = time.time()
    for name, unit in found.items():
        if name not in to_do:
            site.tell(StepEvent(name, unit.step.words, "skipped", now, total=len(found), host=unit.node.name))
    order = list(TopologicalSorter({name: unit.step.needs for name, unit in found.items()}).static_order())
    before: dict[str, set[str]] = {}
    for name in order:
        needs = found[name].step.needs
        before[name] = {*needs, *(earlier for need in needs for earlier in before[need])} & to_do
    return [
        Intended(name, tuple(need for need in order if need in before[name]), found[name].step.words)
        for name in order
        if name in to_do
    ]


def do(spec: CloudSpec, site: Site, name: str) -> None:
    """Do one of the steps that `begin` has named; raise `StepFailed`. What it needs is done."""
    engine, nodes = ENGINES[spec.engine], standing(spec, site, patient=True)
    plan = with_secrets(engine.plan(spec, nodes, site), spec)
    found = units(plan, everywhere(nodes, site))
    unit, total = found[name], len(found)

    def tell(event: StepEvent) -> None:
        site.tell(replace(event, name=name, total=total))

    alone = replace(unit.on_host, needs=(), hosts=(unit.node.name,))
    carry_out(Plan((alone,), plan.secrets), everywhere(nodes, site), ledger=site.ledger, terms=site.terms, tell=tell)


def end(spec: CloudSpec, site: Site) -> Deployed:
    """Return the cloud, after all that `begin` has named is done."""
    return _cloud(spec, standing(spec, site, patient=True), site)


def destroy(spec: CloudSpec, site: Site) -> None:
    """Take back all that `deploy` has made, half or whole, in the reverse order; none is fine."""
    provider = PROVIDERS[spec.provider.type] if spec.provider else None
    if site.ledger.standing() and not (provider and provider.disposable):
        undo(site.ledger, everywhere(standing(spec, site, patient=True), site), owner=site.terms.owner, tell=site.tell)
    if provider and spec.provider:
        provider.destroy(spec.provider.options, site)
    for made in site.ledger.standing():  # on servers that are no more
        if made.kind in {"step", "node"}:
            site.ledger.forgotten(made.row)


def stop(spec: CloudSpec, site: Site) -> list[str]:
    """End the cloud's processes; what it holds stays, and `deploy` starts it again.

    Steps that run are ended first, since they would go on without whoever began them; return which those are.
    """
    nodes = standing(spec, site)
    ended = [
        f"the step {name} on {node.name}"
        for node in everywhere(nodes, site)
        for name in detached.kill(node.host, node.root)
    ]
    ENGINES[spec.engine].stop(spec, nodes)
    return ended


def status(spec: CloudSpec, site: Site) -> list[Service]:
    """Return the cloud's parts as they are now; none where it does not stand."""
    return ENGINES[spec.engine].status(spec, standing(spec, site))


def logs(spec: CloudSpec, site: Site, *, service: str | None, lines: int) -> str:
    """Return the last lines of one service's log, or of each (None); raise `RallycrossError` for an unknown one."""
    return ENGINES[spec.engine].logs(spec, standing(spec, site), service=service, lines=lines)


def standing(spec: CloudSpec, site: Site, *, patient: bool = False) -> list[Node]:
    """Return the nodes that stand, making none; `patient`: wait for one that is out of reach."""
    if spec.provider is None:
        return [site.here]
    servers = PROVIDERS[spec.provider.type].standing(spec.provider.options, site)
    return _nodes(spec, servers, site, patient=patient)


def everywhere(nodes: list[Node], site: Site) -> list[Node]:
    """Return the nodes, with this machine among them: the place of steps that speak to somebody else's API."""
    return nodes if any(node.name == LOCAL for node in nodes) else [*nodes, site.here]


def with_secrets(plan: Plan, spec: CloudSpec) -> Plan:
    """Return the plan with the spec's secrets among those that nobody is shown."""
    return Plan(plan.steps, tuple(secret for secret in (*plan.secrets, *spec.secrets) if secret))


def _cloud(spec: CloudSpec, nodes: Sequence[Node], site: Site) -> Deployed:
    """Return the cloud, with how to get to its servers."""
    engine = ENGINES[spec.engine]
    # An engine that takes no servers has them made of others, each with an engine of its own.
    kept = [node.kept for node in nodes] if engine.takes_servers else []
    return replace(engine.cloud(spec, nodes, site), nodes=tuple(node for node in kept if node))


def _servers(spec: CloudSpec, site: Site) -> list[Node]:
    """Have the provider make what does not stand yet, and sign in to all; nothing where the engine is not content."""
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
    """Sign in to the servers. An engine that brings a provider along has this machine, too."""
    nodes = [_awaited(server, site) if patient else site.node(server) for server in servers]
    return nodes if ENGINES[spec.engine].takes_servers else [*nodes, site.here]


def _awaited(server: Server, site: Site) -> Node:
    """Sign in to a server; one that is out of reach is waited for as long as a host may be away, and told of."""
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
