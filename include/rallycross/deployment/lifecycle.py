"""The life of a cloud at a site: made, looked at, stopped, undone."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from shlex import quote

from rallycross.deployment import detached, runner
from rallycross.deployment.carry_out import carry_out
from rallycross.deployment.engine import ENGINES, CloudSpec, Deployed, Service
from rallycross.deployment.host import CommandFailed
from rallycross.deployment.ledger import Made
from rallycross.deployment.node import LOCAL, Node
from rallycross.deployment.provider import PROVIDERS
from rallycross.deployment.site import Site
from rallycross.deployment.step import Plan, Status, StepEvent
from rallycross.errors import RallycrossError

_UNDO_LIMIT = 300  # seconds for taking one step back


def deploy(spec: CloudSpec, site: Site) -> Deployed:
    """Make the cloud stand, going on from whatever an earlier call has left; raise `RallycrossError`."""
    engine = ENGINES[spec.engine]
    nodes = _servers(spec, site)
    with _locked(nodes if engine.takes_servers else [], site):
        plan = engine.plan(spec, nodes, site)
        carry_out(
            with_secrets(plan, spec), everywhere(nodes, site), ledger=site.ledger, terms=site.terms, tell=site.tell
        )
        return engine.cloud(spec, nodes, site)


def destroy(spec: CloudSpec, site: Site) -> None:
    """Take back all that `deploy` has made, half or whole, in the reverse order; none is fine."""
    provider = PROVIDERS[spec.provider.type] if spec.provider else None
    if site.ledger.standing() and not (provider and provider.disposable):
        nodes = {node.name: node for node in everywhere(standing(spec, site), site)}
        places = [made.name for made in site.ledger.standing() if made.kind == "node"]
        with _locked([nodes[name] for name in places if name in nodes], site, remember=False):
            for node in (nodes[name] for name in places if name in nodes):
                detached.kill(node.host, node.root)
            for made in reversed(site.ledger.standing()):
                if made.kind in {"step", "node"}:
                    with _told(site, made):
                        _undo(made, nodes)
                    site.ledger.forgotten(made.row)
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


@contextmanager
def _locked(nodes: list[Node], site: Site, *, remember: bool = True) -> Iterator[None]:
    """Hold the cloud's lock on the nodes, so that of two that decide something one decides."""
    for node in nodes:
        if remember:  # before anything is made there, the cloud's folder too
            site.ledger.remember("node", node.name, {"root": node.root})
        runner.hold(node, site.terms.owner, stopped=threading.Event())
    try:
        yield
    finally:
        for node in nodes:
            with suppress(CommandFailed):  # the lock goes by itself
                detached.release(node.host, node.root, site.terms.owner)


def _undo(made: Made, nodes: dict[str, Node]) -> None:
    name = made.detail["host"] if made.kind == "step" else made.name
    if name not in nodes:
        raise RallycrossError(f"{name} is no server of this cloud any more - name it in the spec's `provider` again")
    node = nodes[name]
    if made.kind == "step":
        node.host.run(made.detail["undo"], limit=_UNDO_LIMIT)
    else:
        node.host.run(f"rm -rf -- {quote(made.detail['root'])}", limit=_UNDO_LIMIT)


@contextmanager
def _told(site: Site, made: Made) -> Iterator[None]:
    began, epoch = time.monotonic(), time.time() - time.monotonic()
    title = f"Undo {made.name}" if made.kind == "step" else f"Remove {made.detail['root']} from {made.name}"

    def say(status: Status, error: str = "") -> None:
        now = time.monotonic()
        site.tell(StepEvent(f"undo {made.name}", title, status, epoch + now, now - began, error, host=made.name))

    say("running")
    try:
        yield
    except RallycrossError as error:
        say("failed", str(error))
        raise
    say("done")
