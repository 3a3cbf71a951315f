"""The engine `multihost`: a controller and nodes, each by an engine and with servers of its own."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import toy_engine  # noqa: F401 - registers itself
import yaml
from conformance import Conformance, Ground, existing
from machines import Machines
from sites import a_site
from told import Told

from rallycross.deployment import CloudSpec, deploy, load_spec
from rallycross.deployment.carry_out import node_steps
from rallycross.deployment.engine import ENGINES
from rallycross.deployment.local_host import LocalHost
from rallycross.deployment.multihost_parts import parts
from rallycross.deployment.node import Node
from rallycross.deployment.provider import PROVIDERS
from rallycross.deployment.server import Server
from rallycross.errors import InvalidInput, RallycrossError

CONTROLLER = {"engine": "toy", "provider": existing([Server("a", "192.0.2.1")])}
NODE = {"engine": "toy", "provider": existing([Server("a", "192.0.2.2")]), "password": "${x}-{controller_ip}"}


def a_spec(**options: Any) -> CloudSpec:
    """Return the spec of a controller and two nodes."""
    data = {"name": "whole", "engine": "multihost", "controller": CONTROLLER, "nodes": [NODE, NODE]}
    return load_spec(yaml.safe_dump(data | options), file="whole.yaml")


def test_the_controllers_address_is_put_in(tmp_path: Path) -> None:
    """`{controller_ip}` is the controller's server; other braces stay; servers of one name are told apart."""
    spec = a_spec()
    assert spec.provider is not None
    servers = PROVIDERS[spec.provider.type].standing(spec.provider.options, a_site(tmp_path))
    assert [(server.name, server.host) for server in servers] == [
        ("controller-a", "192.0.2.1"),
        ("node-1-a", "192.0.2.2"),
        ("node-2-a", "192.0.2.2"),
    ]
    _, first, _ = parts(spec.options, spec.name, [Server("a", "192.0.2.1")])
    assert first.spec.options["password"] == "${x}-192.0.2.1"
    assert first.spec.name == "whole-node-1"


def test_a_cloud_that_stands_is_a_controller() -> None:
    """Its address is that of its identity service; where no `auth` says that, the placeholder is refused."""
    auth = {"auth_url": "https://[2001:db8::1]:5000/v3", "username": "me", "password": "x", "project_name": "p"}
    controller, first, _ = parts(a_spec(controller={"engine": "existing", "auth": auth}).options, "whole", [])
    assert controller.spec.provider is None
    assert first.spec.options["password"] == "${x}-2001:db8::1"
    with pytest.raises(RallycrossError, match="give the controller `auth`"):
        list(parts(a_spec(controller={"engine": "existing"}).options, "whole", []))


def test_nodes_wait_for_the_controller_alone(tmp_path: Path) -> None:
    """Each step of a node comes after all of the controller's, and needs none of another node's."""
    spec = a_spec()
    names = ("controller-a", "node-1-a", "node-2-a")
    nodes = [Node(name, LocalHost(), str(tmp_path / name), Server(name, "192.0.2.1")) for name in names]
    plan = ENGINES["multihost"].plan(spec, nodes, a_site(tmp_path))
    needs = {name: unit.step.needs for name, unit in node_steps(plan, nodes).items()}
    assert set(needs["node-2 mark"]) == {"controller mark", "controller install", "controller start"}
    assert needs["node-2 install"] == ("node-2 mark",)
    assert plan.secrets == ("hush-hush", "${x}-192.0.2.1", "${x}-192.0.2.1")


def test_a_part_is_checked_before_servers_are_made(tmp_path: Path) -> None:
    """A part is checked by its engine, even inside containers, before servers are created."""
    persona = yaml.safe_dump({"components": ["heat"], "supports": ["rhel"]})
    anvil = {"engine": "anvil", "persona": persona}
    crate = {"engine": "lxc", "host_provider": existing([Server("a", "192.0.2.2")]), "inside": anvil}
    for node in (anvil | {"provider": NODE["provider"]}, crate):
        told = Told()
        with pytest.raises(InvalidInput, match="lacks keystone"):
            deploy(a_spec(nodes=[node]), a_site(tmp_path, tell=told))
        assert told == []


def test_what_is_wrong_in_a_part_is_said_at_its_place() -> None:
    """A part's keys are those of its engine; a part cannot be a `multihost` itself."""
    text = "name: w\nengine: multihost\ncontroller: {engine: toy, fodler: /x}\nnodes:\n- {engine: multihost}\n"
    with pytest.raises(InvalidInput) as caught:
        load_spec(text, file="w.yaml")
    said = [str(one) for one in caught.value.complaints]
    assert said[0].startswith("w.yaml:3:27: controller.fodler: unknown key - did you mean folder?")
    assert said[1].startswith("w.yaml:5:4: nodes[0].engine: must be one of ")
    with pytest.raises(InvalidInput, match="does not take servers"):
        a_spec(provider=existing([]))


def test_a_multihost_of_rallys_is_one_here() -> None:
    """Its engines and their providers are translated, and complaints name the places in the user's file."""
    servers = {"type": "ExistingServers", "credentials": [{"host": "192.0.2.1", "user": "root"}]}
    data = {
        "type": "MultihostEngine",
        "controller": {"type": "DevstackEngine", "local_conf": {"ADMIN_PASSWORD": "hush"}, "provider": servers},
        "nodes": [{"type": "DevstackEngine", "localrc": {"SERVICE_HOST": "{controller_ip}"}, "provider": servers}],
    }
    spec = load_spec(json.dumps(data), file="r.json")
    assert (spec.engine, spec.options["controller"]["engine"]) == ("multihost", "devstack")
    _, node = parts(spec.options, spec.name, [Server("node-1", "192.0.2.1")])
    assert node.spec.options["localrc"] == {"SERVICE_HOST": "192.0.2.1"}
    servers["credentials"][0]["prot"] = 22  # type: ignore[index]
    with pytest.raises(InvalidInput, match=r"nodes\[0\]\.provider\.credentials\[0\]\.prot"):
        load_spec(json.dumps(data), file="r.json")


@pytest.mark.full
class TestMultihost(Conformance):
    """A controller and a node, each a toy on a server of its own."""

    servers = 2
    injected = "controller start"
    imports = "import toy_engine"

    @pytest.fixture(scope="class", name="ground")
    @staticmethod
    def _ground(tmp_path_factory: pytest.TempPathFactory, machines: Machines) -> Iterator[Ground]:
        servers = [machines.start(name) for name in ("controller-a", "node-1-a")]
        yield Ground(tmp_path_factory.mktemp("multi"), servers, machines)
        for server in servers:
            machines.stop(server.name)

    def spec(self, name: str, servers: list[Server]) -> dict[str, Any]:
        """Return its spec."""
        first, second = (existing([replace(server, name="a")]) for server in servers)
        return {
            "name": name,
            "engine": "multihost",
            "controller": {"engine": "toy", "provider": first},
            "nodes": [{"engine": "toy", "provider": second, "password": "to-{controller_ip}"}],
        }

    def check(self, ground: Ground, spec: CloudSpec) -> None:
        """See each part made, the node with the controller's address."""
        controller, node = ground.servers
        assert ground.on(controller, f"cat /opt/{spec.name}") == "made\n"
        assert ground.on(node, f"cat /opt/{spec.name}-node-1") == "made\n"
        secret = ground.on(node, f"cat ~/.rallycross/clouds/{spec.name}/node-1/etc/secret")
        assert secret == f"to-{controller.host}"
