"""The clouds of this checkout, for the commands that work on them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from rallycross import deployment, lifecycle
from rallycross.cli.console import progress
from rallycross.cloud import registered
from rallycross.deployment.site import Site, opened
from rallycross.deployment.step import Tell
from rallycross.errors import InvalidInput
from rallycross.lifecycle import root_of
from rallycross.results.store import Store
from rallycross.settings import settings

Result = TypeVar("Result")


@dataclass(frozen=True)
class StandingCloud:
    """A cloud of which something may stand."""

    name: str
    spec: deployment.CloudSpec
    root: str

    def services(self) -> list[deployment.Service]:
        """Return its services, as their supervisor sees them."""
        return self._at_site(lambda site: deployment.status(self.spec, site))

    def logs(self, service: str | None, *, lines: int) -> str:
        """Return the last lines of one service's log, or of all."""
        return self._at_site(lambda site: deployment.logs(self.spec, site, service=service, lines=lines))

    def stop(self) -> None:
        """End its processes; what it holds stays."""
        self._at_site(lambda site: deployment.stop(self.spec, site))

    def destroy(self, tell: Tell) -> None:
        """End its processes, delete what it holds, and forget it."""
        lifecycle.destroy(self.spec, Store.open(), settings(), tell=tell)

    def _at_site(self, act: Callable[[Site], Result]) -> Result:
        with opened(lifecycle.site_of(self.spec, Store.open(), settings())) as site:
            return act(site)


def clouds() -> list[StandingCloud]:
    """Return the clouds that runs of this checkout have begun to deploy and not destroyed."""
    paths = settings()
    found = []
    for name, text in registered.specs(paths).items():
        try:
            spec = deployment.load_spec(text, file=f"the spec of {name}")
        except InvalidInput as error:  # it costs no command the other clouds
            progress.print(
                f"cloud {name}: {paths.clouds / name}.spec.yaml: what it was deployed by is lost: {error}"
                " - deploy it again by its spec, or delete the file"
            )
        else:
            found.append(StandingCloud(name, spec, root_of(paths, name)))
    return found
