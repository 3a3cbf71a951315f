"""The parts of a `multihost` cloud: a controller and nodes, each with its own engine and servers.

The whole cloud names a server `PART-NAME`, such as `controller-node-1`; the part itself names it `NAME`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from rallycross.deployment.engine import ENGINES, BringsServers, CloudSpec
from rallycross.deployment.ledger import PartLedger
from rallycross.deployment.node import LOCAL, Node
from rallycross.deployment.option import Option
from rallycross.deployment.provider import ProviderSpec
from rallycross.deployment.server import Server
from rallycross.deployment.site import Site
from rallycross.deployment.spec import provider_options
from rallycross.errors import RallycrossError

CONTROLLER = "controller"
_ITSELF = "multihost"
_PLACE = "{controller_ip}"


@dataclass(frozen=True)
class CloudPart:
    """The part of the cloud that one engine deploys."""

    name: str  # "controller", "node-1", ...
    spec: CloudSpec  # the controller's has the name of the whole cloud

    def nodes(self, whole: Sequence[Node]) -> list[Node]:
        """Return the part's nodes under its own names, each with the part's folder below the cloud's."""
        prefix = f"{self.name}-" if self.spec.provider else ""
        own = [node for node in whole if (node.name.startswith(prefix) if prefix else node.name == LOCAL)]
        return [replace(node, name=node.name[len(prefix) :], root=f"{node.root}/{self.name}") for node in own]

    def outside(self, name: str) -> str:
        """Return the name that the whole cloud has for a node of this part."""
        return name if name == LOCAL else f"{self.name}-{name}"


def part_options(section: Mapping[str, Any]) -> Mapping[str, Option]:
    """Return the options of a part: its engine's, and `engine` and `provider`."""
    name = section.get("engine")
    known = ENGINES[name].options if isinstance(name, str) and name in ENGINES and name != _ITSELF else {}
    common = {
        "engine": Option(str, None, "the part's engine", _engine, required=True),
        "provider": Option(dict, None, "where the part's servers come from", keys=provider_options),
    }
    return {**common, **known}


def parts(given: Mapping[str, Any], cloud: str, servers: Sequence[Server]) -> Iterator[CloudPart]:
    """Yield the controller, then the nodes, with the controller's address filled in; `servers` are the controller's.

    It is a generator so that the caller can create the controller's servers before it asks for the first node.
    """
    controller = _spec(given[CONTROLLER], cloud)
    yield CloudPart(CONTROLLER, controller)
    for number, section in enumerate(given["nodes"], 1):
        name = f"node-{number}"
        yield CloudPart(name, _spec(_with_address(section, controller, servers), f"{cloud}-{name}"))


def part_site(site: Site, name: str) -> Site:
    """Return the site for the provider of a part, with its own cloud name and ledger, and shared connections."""
    return replace(site, cloud=f"{site.cloud}-{name}", ledger=PartLedger(site.ledger, name))


def _engine(name: str) -> str | None:
    known = [one for one in ENGINES if one != _ITSELF]
    return None if name in known else f"must be one of {', '.join(known)}"


def _spec(section: Mapping[str, Any], name: str) -> CloudSpec:
    options = {key: value for key, value in section.items() if key not in {"engine", "provider"}}
    provider = section["provider"] and ProviderSpec(section["provider"]["type"], section["provider"])
    if isinstance(engine := ENGINES[section["engine"]], BringsServers):
        provider = engine.provider(options)
    return CloudSpec(name, section["engine"], options, "", name, provider)


def _with_address(value: Any, controller: CloudSpec, servers: Sequence[Server]) -> Any:
    """Replace the placeholder by the controller's address, at any depth; leave other braces alone."""
    if isinstance(value, dict):
        return {key: _with_address(one, controller, servers) for key, one in value.items()}
    if isinstance(value, list):
        return [_with_address(one, controller, servers) for one in value]
    if isinstance(value, str) and _PLACE in value:
        return value.replace(_PLACE, _address(controller, servers))
    return value


def _address(controller: CloudSpec, servers: Sequence[Server]) -> str:
    """Return the controller's address: that of its server, or for an existing cloud the host of its `auth_url`."""
    if controller.provider:
        wanted = controller.options.get("controller")
        if found := [one for one in servers if one.name == wanted] or servers[:1]:
            return found[0].inside
        return _PLACE  # its server no longer exists
    if ENGINES[controller.engine].takes_servers:
        return "127.0.0.1"
    auth = controller.options.get("auth") or {}
    if host := urlsplit(str(auth.get("auth_url", ""))).hostname:
        return host
    raise RallycrossError(
        f"cloud {controller.name}: {_PLACE} is not known before the deployment - give the controller `auth`, or write"
        " the address instead"
    )
