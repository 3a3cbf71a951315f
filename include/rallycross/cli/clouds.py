"""The clouds of this checkout, for the commands that work on them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import yaml

from rallycross import deployment, lifecycle
from rallycross.cli.console import progress
from rallycross.cloud import registered
from rallycross.deployment.node import LOCAL
from rallycross.deployment.service_check import check_services
from rallycross.deployment.site import Site, opened
from rallycross.deployment.step import Tell
from rallycross.errors import InvalidInput, RallycrossError
from rallycross.lifecycle import root_of
from rallycross.results.store import Store
from rallycross.settings import settings

Result = TypeVar("Result")


@dataclass(frozen=True)
class DeployedCloud:
    """A cloud that was deployed from this checkout, perhaps only in part."""

    name: str
    spec: deployment.CloudSpec
    root: str

    def services(self) -> list[deployment.Service]:
        """Return its services, with their states in the supervisor."""
        return self._at_site(lambda site: deployment.status(self.spec, site))

    def answers(self) -> list[deployment.Service]:
        """Return the services in its catalog, and whether they answer a signed-in user."""
        row = Store.open().clouds.get(self.name)
        if row is None:
            what = f"its deployment is not finished - see ./rallycross cloud show {self.name}"
            return [deployment.Service("identity", "FAILED", what)]
        return check_services(self.name, yaml.safe_load(Path(row.clouds_yaml).read_text())["clouds"][self.name])

    def parts(self) -> list[tuple[str, str, str]]:
        """Return name, state and detail of its deployment, unless that has finished, and of its services."""
        last = Store.open().deployments.last_of(self.name)
        show = f"see ./rallycross cloud show {self.name}"
        match lifecycle.state(last, settings()):
            case "running":
                steps = [step.title or step.name for step in last.steps if step.status == "running"] if last else []
                rows = [("deployment", "AT WORK", ", ".join(steps) or show)]
            case "cut off":
                rows = [("deployment", "CUT OFF", f"its process is gone: deploy again to continue; {show}")]
            case "failed":
                rows = [("deployment", "FAILED", f"fix the cause and deploy again; {show}")]
            case _:
                rows = []
        try:
            services = self.services()
        except RallycrossError as error:  # one unreachable host must not hide the other clouds
            return [*rows, ("-", "UNKNOWN", str(error))]
        return [*rows, *((one.name, one.state, one.detail) for one in services)] or [
            ("-", "stopped", "the next run starts it")
        ]

    def places(self) -> str:
        """Return its folders, from the ledger."""
        nodes = [made for made in lifecycle.StoredLedger(Store.open(), self.name).standing() if made.kind == "node"]
        on = [made.detail["root"] + ("" if made.name == LOCAL else f" on {made.name}") for made in nodes]
        return ", ".join(on)

    def logs(self, service: str | None, *, lines: int) -> str:
        """Return the last lines of one service's log, or of all."""
        return self._at_site(lambda site: deployment.logs(self.spec, site, service=service, lines=lines))

    def stop(self) -> list[str]:
        """Stop its processes, and keep its data. Return the deployment steps that were ended by this."""
        return self._at_site(lambda site: deployment.stop(self.spec, site))

    def destroy(self, tell: Tell) -> None:
        """Stop its processes, delete its data, and remove it from the registered clouds."""
        lifecycle.destroy(self.spec, Store.open(), settings(), tell=tell)

    def _at_site(self, act: Callable[[Site], Result]) -> Result:
        with opened(lifecycle.site_of(self.spec, Store.open(), settings())) as site:
            return act(site)


def clouds() -> list[DeployedCloud]:
    """Return the clouds that this checkout has deployed, or begun to deploy, and not destroyed."""
    paths = settings()
    found = []
    for name, text in registered.specs(paths).items():
        try:
            spec = deployment.load_spec(text, file=f"the spec of {name}")
        except InvalidInput as error:  # the other clouds stay usable
            progress.print(
                f"cloud {name}: {paths.clouds / name}.spec.yaml: its stored spec cannot be read: {error}"
                " - deploy it again from its spec, or delete the file"
            )
        else:
            found.append(DeployedCloud(name, spec, root_of(paths, name)))
    return found
