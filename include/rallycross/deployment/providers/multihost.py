"""The provider of the engine `multihost`: the servers of all its parts. The engine sets it; a spec need not."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from rallycross.deployment.multihost_parts import part_options, part_site, parts
from rallycross.deployment.option import Option
from rallycross.deployment.provider import PROVIDERS
from rallycross.deployment.server import Server
from rallycross.deployment.site import Site


class PartsServers:
    """The provider `multihost`: delegates to the provider of each part."""

    options: ClassVar = {
        "controller": Option(
            dict, None, "the controller: `engine`, its options, `provider`", required=True, keys=part_options
        ),
        "nodes": Option(
            list, [], "the nodes, with the same keys; {controller_ip} is the controller's address", keys=part_options
        ),
    }
    disposable = False  # some may be, others not

    def create(self, given: Mapping[str, Any], site: Site) -> list[Server]:
        """Return the servers of all parts; the controller's come first."""
        return self._all(given, site, make=True)

    def standing(self, given: Mapping[str, Any], site: Site) -> list[Server]:
        """Return the servers that exist or may exist."""
        return self._all(given, site, make=False)

    def destroy(self, given: Mapping[str, Any], site: Site) -> None:
        """Have each part's provider delete its servers, the controller's last."""
        own = next(parts(given, site.cloud, ())).spec.provider
        first = PROVIDERS[own.type].standing(own.options, part_site(site, "controller")) if own else []
        for part in reversed(list(parts(given, site.cloud, first))):
            if provided := part.spec.provider:
                PROVIDERS[provided.type].destroy(provided.options, part_site(site, part.name))

    def _all(self, given: Mapping[str, Any], site: Site, *, make: bool) -> list[Server]:
        first: list[Server] = []
        found = []
        for part in parts(given, site.cloud, first):
            if provided := part.spec.provider:
                provider = PROVIDERS[provided.type]
                own = part_site(site, part.name)
                servers = (provider.create if make else provider.standing)(provided.options, own)
                if part.name == "controller":
                    first += servers
                found += [replace(server, name=part.outside(server.name)) for server in servers]
        return found


PROVIDERS.add("multihost", PartsServers())
