"""The life of a cloud at a site: made, looked at, stopped, undone."""

import time
from contextlib import ExitStack

from rallycross.deployment.carry_out import carry_out
from rallycross.deployment.engine import ENGINES, CloudSpec, Deployed, Service
from rallycross.deployment.node import LOCAL, Node
from rallycross.deployment.provider import PROVIDERS
from rallycross.deployment.site import Site
from rallycross.deployment.step import Plan, Status, StepEvent
from rallycross.deployment.undo import locked, undo


def deploy(spec: CloudSpec, site: Site) -> Deployed:
    """Make the cloud stand, going on from whatever an earlier call has left; raise `RallycrossError`."""
    engine = ENGINES[spec.engine]
    nodes = _servers(spec, site)
    with ExitStack() as stack:
        for node in nodes if engine.takes_servers else []:
            # Before anything is made there, the cloud's folder too.
            site.ledger.remember("node", node.name, {"root": node.root})
            stack.enter_context(locked(node, site.terms.owner))
        plan = engine.plan(spec, nodes, site)
        carry_out(
            with_secrets(plan, spec), everywhere(nodes, site), ledger=site.ledger, terms=site.terms, tell=site.tell
        )
        return engine.cloud(spec, nodes, site)


def destroy(spec: CloudSpec, site: Site) -> None:
    """Take back all that `deploy` has made, half or whole, in the reverse order; none is fine."""
    provider = PROVIDERS[spec.provider.type] if spec.provider else None
    if site.ledger.standing() and not (provider and provider.disposable):
        undo(site.ledger, everywhere(standing(spec, site), site), owner=site.terms.owner, tell=site.tell)
    if provider and spec.provider:
        provider.destroy(spec.provider.options, site)
    for made in site.ledger.standing():  # on servers that are no more
        if made.kind in {"step", "node"}:
            site.ledger.forgotten(made.row)


def stop(spec: CloudSpec, site: Site) -> None:
    """End the cloud's processes; what it holds stays, and `deploy` starts it again."""
    ENGINES[spec.engine].stop(spec, standing(spec, site))


def status(spec: CloudSpec, site: Site) -> list[Service]:
    """Return the cloud's parts as they are now; none where it does not stand."""
    return ENGINES[spec.engine].status(spec, standing(spec, site))


def logs(spec: CloudSpec, site: Site, *, service: str | None, lines: int) -> str:
    """Return the last lines of one service's log, or of each (None); raise `RallycrossError` for an unknown one."""
    return ENGINES[spec.engine].logs(spec, standing(spec, site), service=service, lines=lines)


def standing(spec: CloudSpec, site: Site) -> list[Node]:
    """Return the nodes that stand, making none."""
    if spec.provider is None:
        return [site.here]
    servers = PROVIDERS[spec.provider.type].standing(spec.provider.options, site)
    return [site.node(server) for server in servers]


def everywhere(nodes: list[Node], site: Site) -> list[Node]:
    """Return the nodes, with this machine among them: the place of steps that speak to somebody else's API."""
    return nodes if any(node.name == LOCAL for node in nodes) else [*nodes, site.here]


def with_secrets(plan: Plan, spec: CloudSpec) -> Plan:
    """Return the plan with the spec's secrets among those that nobody is shown."""
    return Plan(plan.steps, tuple(secret for secret in (*plan.secrets, *spec.secrets) if secret))


def _servers(spec: CloudSpec, site: Site) -> list[Node]:
    """Have the provider make what does not stand yet, and sign in to all."""
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
        nodes = [site.node(server) for server in servers]
    except BaseException as error:
        say("failed", str(error) or type(error).__name__)
        raise
    say("done")
    return nodes
