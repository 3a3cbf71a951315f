"""Deploys a cloud: engines, the hosts they act on, the steps they take."""

from rallycross.deployment.engine import ENGINES, CloudSpec, Deployed, Service
from rallycross.deployment.host import Host
from rallycross.deployment.local_host import LocalHost
from rallycross.deployment.spec import load_spec
from rallycross.deployment.step import Tell

__all__ = [
    "CloudSpec",
    "Deployed",
    "LocalHost",
    "Service",
    "deploy",
    "destroy",
    "load_spec",
    "logs",
    "status",
    "stop",
]


def deploy(spec: CloudSpec, host: Host, *, root: str, tell: Tell) -> Deployed:
    """Make the cloud stand, going on from whatever an earlier call has left; raise `RallycrossError`."""
    return ENGINES[spec.engine].deploy(spec, host, root=root, tell=tell)


def destroy(spec: CloudSpec, host: Host, *, root: str, tell: Tell) -> None:
    """End and delete all that `deploy` has made, half or whole; none is fine."""
    ENGINES[spec.engine].destroy(spec, host, root=root, tell=tell)


def stop(spec: CloudSpec, host: Host, *, root: str) -> None:
    """End the cloud's processes; what it holds stays, and `deploy` starts it again."""
    ENGINES[spec.engine].stop(spec, host, root=root)


def status(spec: CloudSpec, host: Host, *, root: str) -> list[Service]:
    """Return the cloud's parts as they are now; none where it does not stand."""
    return ENGINES[spec.engine].status(spec, host, root=root)


def logs(spec: CloudSpec, host: Host, *, root: str, service: str | None, lines: int) -> str:
    """Return the last lines of one service's log, or of each (None); raise `RallycrossError` for an unknown one."""
    return ENGINES[spec.engine].logs(spec, host, root=root, service=service, lines=lines)
