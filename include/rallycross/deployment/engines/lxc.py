"""The engine `lxc`: another engine's cloud, in containers on the hosts of a provider."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from rallycross.deployment.engine import ENGINES, CloudSpec, Deployed, Engine, Service, check_first
from rallycross.deployment.node import Node
from rallycross.deployment.option import Option
from rallycross.deployment.provider import PROVIDERS, ProviderSpec
from rallycross.deployment.site import Site
from rallycross.deployment.step import Plan

_CONTAINERS = "lxc"  # the provider
_APIS = [80, 443, 5000, 6080, 8774, 8776, 8778, 9292, 9696]  # OpenStack's usual ports
_LAST = 20015  # `last_port` of `embedded` inside: all ports that it chooses from are forwarded
_EMBEDDED = f"20000-{_LAST}"


def _inside_options(section: Mapping[str, Any]) -> Mapping[str, Option]:
    """Return the options of `inside`: those of the inner engine, and `engine`."""
    name = section.get("engine")
    known = dict(ENGINES[name].options) if isinstance(name, str) and _engine(name) is None else {}
    if name == "embedded":
        known["last_port"] = replace(known["last_port"], default=_LAST)
    return {"engine": Option(str, None, "the engine that deploys in the containers", _engine, required=True), **known}


def _engine(name: str) -> str | None:
    known = [one for one, engine in ENGINES.all.items() if engine.takes_servers]
    return None if name in known else f"must be one of {', '.join(known)}"


class Lxc:
    """Runs another engine with the containers as its servers."""

    takes_servers = False  # `host_provider` provides the hosts

    @property
    def options(self) -> Mapping[str, Option]:
        """The options of the provider `lxc`, and `inside`."""
        containers = PROVIDERS[_CONTAINERS].options
        return {
            **containers,
            "forward_ports": replace(containers["forward_ports"], default=[*_APIS, _EMBEDDED]),
            "inside": Option(
                dict,
                None,
                "the engine that deploys in the containers: `engine`, and its options",
                required=True,
                keys=_inside_options,
            ),
        }

    def provider(self, options: dict[str, Any]) -> ProviderSpec:
        """Return the provider section of the containers."""
        return ProviderSpec(_CONTAINERS, {key: options[key] for key in PROVIDERS[_CONTAINERS].options})

    def check(self, spec: CloudSpec) -> None:
        """Run the check of the engine inside."""
        _, inside = _inside(spec)
        check_first(inside)

    def plan(self, spec: CloudSpec, nodes: Sequence[Node], site: Site) -> Plan:
        """Return the steps of the engine inside."""
        engine, inside = _inside(spec)
        return engine.plan(inside, _containers(nodes), site)

    def cloud(self, spec: CloudSpec, nodes: Sequence[Node], site: Site) -> Deployed:
        """Return the cloud of the engine inside."""
        (engine, inside), containers = _inside(spec), _containers(nodes)
        deployed = engine.cloud(inside, containers, site)
        return replace(deployed, environment={**deployed.environment, "containers": len(containers)})

    def stop(self, spec: CloudSpec, nodes: Sequence[Node]) -> None:
        """Stop the cloud; the containers keep running."""
        engine, inside = _inside(spec)
        engine.stop(inside, _containers(nodes))

    def status(self, spec: CloudSpec, nodes: Sequence[Node]) -> list[Service]:
        """Return the state of the cloud's services."""
        engine, inside = _inside(spec)
        return engine.status(inside, _containers(nodes))

    def logs(self, spec: CloudSpec, nodes: Sequence[Node], *, service: str | None, lines: int) -> str:
        """Return the last lines of the log of one service, or of all."""
        engine, inside = _inside(spec)
        return engine.logs(inside, _containers(nodes), service=service, lines=lines)


def _inside(spec: CloudSpec) -> tuple[Engine, CloudSpec]:
    """Return the engine inside, and its spec."""
    options = dict(spec.options["inside"])
    name = options.pop("engine")
    return ENGINES[name], replace(spec, engine=name, options=options)


def _containers(nodes: Sequence[Node]) -> list[Node]:
    return [node for node in nodes if node.server]


ENGINES.add("lxc", Lxc())
