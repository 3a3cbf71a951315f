"""The clouds of this checkout, for the commands that look at them."""

from dataclasses import dataclass

from rallycross import deployment
from rallycross.cloud import registered
from rallycross.deployment.step import StepEvent
from rallycross.errors import RallycrossError
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

    def destroy(self) -> None:
        """End its processes, and delete what it holds."""
        deployment.destroy(self.spec, deployment.LocalHost(), root=self.root, tell=_fail_loudly)


def clouds() -> list[StandingCloud]:
    """Return the clouds that runs of this checkout have begun to deploy and not destroyed."""
    paths = settings()
    return [
        StandingCloud(name, deployment.load_spec(text, file=f"the spec of {name}"), str(paths.clouds / name))
        for name, text in registered.specs(paths).items()
    ]


def _fail_loudly(event: StepEvent) -> None:
    if event.status == "failed":
        raise RallycrossError(f"{event.title or event.name}: {event.error}")
