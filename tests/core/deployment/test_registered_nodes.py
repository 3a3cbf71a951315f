"""What a deployed cloud says of its servers to those that come later, such as hooks that inject faults."""

from pathlib import Path

import toy_engine  # noqa: F401 - registers itself
from sites import a_site

from rallycross.deployment import load_spec, operations
from rallycross.deployment.local_host import LocalHost
from rallycross.deployment.node import LOCAL, Node
from rallycross.deployment.server import Server


def test_a_cloud_has_how_to_get_to_its_servers(tmp_path: Path) -> None:
    """Servers that a key leads to are told, with the cloud's folder there; this machine and passwords are not."""
    spec = load_spec("{name: mine, engine: toy}", file="c.yaml")
    servers = [Server("one", "127.0.0.11"), Server("two", "127.0.0.12", password="hush"), None]
    nodes = [Node(one.name if one else LOCAL, LocalHost(), str(tmp_path), one) for one in servers]
    deployed = operations._cloud(spec, nodes, a_site(tmp_path))
    assert [(node["root"], node["server"]["name"]) for node in deployed.nodes] == [(str(tmp_path), "one")]
