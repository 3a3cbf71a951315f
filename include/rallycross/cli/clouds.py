"""The clouds of this checkout, for the commands that work on them."""

from dataclasses import dataclass

from rallycross import deployment, lifecycle
from rallycross.cloud import registered
from rallycross.deployment.step import Tell
from rallycross.lifecycle import root_of
from rallycross.results.store import Store
from rallycross.settings import settings


@dataclass(frozen=True)
class StandingCloud:
    """A cloud of which something may stand on this machine."""

    name: str
    spec: deployment.CloudSpec
    root: str

    def services(self) -> list[deployment.Service]:
        """Return its services, as their supervisor sees them."""
        return deployment.status(self.spec, deployment.LocalHost(), root=self.root)

    def logs(self, service: str | None, *, lines: int) -> str:
        """Return the last lines of one service's log, or of all."""
        return deployment.logs(self.spec, deployment.LocalHost(), root=self.root, service=service, lines=lines)

    def stop(self) -> None:
        """End its processes; what it holds stays."""
        deployment.stop(self.spec, deployment.LocalHost(), root=self.root)

    def destroy(self, tell: Tell) -> None:
        """End its processes, delete what it holds, and forget it."""
        lifecycle.destroy(self.spec, Store.open(), settings(), tell=tell)


def clouds() -> list[StandingCloud]:
    """Return the clouds that runs of this checkout have begun to deploy and not destroyed."""
    paths = settings()
    return [
        StandingCloud(name, deployment.load_spec(text, file=f"the spec of {name}"), root_of(paths, name))
        for name, text in registered.specs(paths).items()
    ]
