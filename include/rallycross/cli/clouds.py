"""The clouds of this checkout, for the commands that work on them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import yaml

from rallycross import deployment, lifecycle
from rallycross.cli.console import progress
from rallycross.cloud import registered
from rallycross.deployment.answering import answers
from rallycross.deployment.node import LOCAL
from rallycross.deployment.site import Site, opened
from rallycross.deployment.step import Tell
from rallycross.errors import InvalidInput, RallycrossError
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

    def answers(self) -> list[deployment.Service]:
        """Return the services of its catalog, as who signs in finds them."""
        row = Store.open().clouds.get(self.name)
        if row is None:
            what = f"it is not deployed to its end - see ./rallycross cloud show {self.name}"
            return [deployment.Service("identity", "FAILED", what)]
        return answers(self.name, yaml.safe_load(Path(row.clouds_yaml).read_text())["clouds"][self.name])

    def parts(self) -> list[tuple[str, str, str]]:
        """Return name, state and detail of what is to be shown of it: how its deployment stands, and its services."""
        last = Store.open().deployments.last_of(self.name)
        show = f"see ./rallycross cloud show {self.name}"
        match lifecycle.state(last, settings()):
            case "running":
                steps = [step.title or step.name for step in last.steps if step.status == "running"] if last else []
                rows = [("deployment", "AT WORK", ", ".join(steps) or show)]
            case "cut off":
                rows = [("deployment", "CUT OFF", f"its process is gone: deploy again to go on; {show}")]
            case "failed":
                rows = [("deployment", "FAILED", f"mend it and deploy again; {show}")]
            case _:
                rows = []
        try:
            services = self.services()
        except RallycrossError as error:  # one host that is down hides no other cloud
            return [*rows, ("-", "UNKNOWN", str(error))]
        return [*rows, *((one.name, one.state, one.detail) for one in services)] or [
            ("-", "stopped", "the next run starts it")
        ]

    def places(self) -> str:
        """Return where its folders are, as the ledger has them."""
        nodes = [made for made in lifecycle.StoredLedger(Store.open(), self.name).standing() if made.kind == "node"]
        on = [made.detail["root"] + ("" if made.name == LOCAL else f" on {made.name}") for made in nodes]
        return ", ".join(on)

    def logs(self, service: str | None, *, lines: int) -> str:
        """Return the last lines of one service's log, or of all."""
        return self._at_site(lambda site: deployment.logs(self.spec, site, service=service, lines=lines))

    def stop(self) -> list[str]:
        """End its processes; what it holds stays. Return the steps of a deployment that were ended by that."""
        return self._at_site(lambda site: deployment.stop(self.spec, site))

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
