"""The conformance suite holds for an engine that is quick, on test hosts of its own."""

from pathlib import Path
from typing import Any

import toy_engine  # noqa: F401 - registers itself
from conformance import Conformance, Ground, existing

from rallycross.deployment import CloudSpec
from rallycross.deployment.server import Server


class TestToy(Conformance):
    """Three steps, two of them on each of two servers."""

    servers = 2
    injected = "start"
    imports = "import toy_engine"
    afresh = True

    def spec(self, name: str, servers: list[Server]) -> dict[str, Any]:
        """Return its spec."""
        return {"name": name, "engine": "toy", "password": "hush-hush-hush", "provider": existing(servers)}

    def check(self, ground: Ground, spec: CloudSpec) -> None:
        """Each server has the file, and `install` was done once."""
        for server in ground.servers:
            assert ground.on(server, f"cat /opt/{spec.name}") == "made\n"
        assert ground.on(ground.servers[0], f"cat /opt/{spec.name}.runs") == "once\n"
        assert Path(ground.paths.clouds_yaml).exists()
