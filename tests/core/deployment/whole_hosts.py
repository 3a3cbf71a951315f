"""What the tests of deployers have in common that take over a host as a whole."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import pytest
from conformance import Conformance, Ground
from machines import Machines
from sites import a_site

from rallycross import deployment
from rallycross.deployment import CloudSpec
from rallycross.deployment.failure import StepFailed
from rallycross.deployment.server import Server
from rallycross.deployment.site import Site


@contextmanager
def seeded(machines: Machines, scripts: dict[str, Sequence[str]], folder: Path) -> Iterator[list[Server]]:
    """Give hosts by these names, on each of which these scripts have run."""
    servers = [machines.start(name) for name in scripts]
    site = a_site(folder)
    for server in servers:
        for script in scripts[server.name]:
            site.host(server).run(script)
    site.close()
    yield servers
    for server in servers:
        machines.stop(server.name)


def assert_stops_and_starts(spec: CloudSpec, names: list[str], site: Site) -> None:
    """Hold a cloud to having services of these names, and these alone, which end at a stop and run after a deploy."""
    deployment.stop(spec, site)
    assert [(one.name, one.state) for one in deployment.status(spec, site)] == [(name, "INACTIVE") for name in names]
    deployment.deploy(spec, site)
    assert [(one.name, one.state) for one in deployment.status(spec, site)] == [(name, "RUNNING") for name in names]


class WholeHosts(Conformance):
    """The suite for a deployer of whose clouds a host has one."""

    injected = "start"
    kind: ClassVar[str]  # the deployer's name, for people

    def test_two_clouds_at_once_do_not_meet(self, ground: Ground) -> None:
        """A host can have one cloud: a second one is refused, and its destroy does not change the first."""
        specs = [self._load(self.spec(name, ground.servers)) for name in ("one", "other")]
        ground.deploy(specs[0], uuid="uuid-one")
        with pytest.raises(StepFailed, match=f"this host already has {self.kind}'s cloud one"):
            ground.deploy(specs[1], uuid="uuid-other")
        ground.destroy(specs[1])
        self._assert_runs(ground, specs[0])
        ground.destroy(specs[0])
        assert [self._left(ground, spec) for spec in specs] == [[], []]
