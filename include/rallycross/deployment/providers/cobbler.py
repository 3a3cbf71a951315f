"""Servers that a Cobbler installs: the selected systems are power-cycled once, and then install themselves."""

import http.client
import re
import xmlrpc.client
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, ClassVar
from xml.parsers.expat import ExpatError

from rallycross.deployment.booting import wait_for_sign_in
from rallycross.deployment.option import Option, within
from rallycross.deployment.provider import PROVIDERS
from rallycross.deployment.server import Server
from rallycross.deployment.site import Site
from rallycross.errors import RallycrossError
from rallycross.settings import settings

_SELECTOR = {
    "profile": Option(str, None, "the systems' profile"),
    "owners": Option(str, None, "the systems' owner"),
}


def _url(value: str) -> str | None:
    plain = "://" not in value or value.startswith(("http://", "https://"))
    return None if plain else "must be a host, or a whole URL with http or https"


class CobblerSystems:
    """The provider `cobbler`."""

    disposable = False  # the machines stay as they are
    options: ClassVar = {
        "host": Option(str, None, "Cobbler's host, or the whole URL of its XML-RPC", _url, required=True),
        "user": Option(str, None, "the user who signs in to Cobbler", required=True),
        "password": Option(str, None, "that user's password", required=True, secret=True),
        "selector": Option(
            dict,
            None,
            "which systems: profile, owners",
            lambda value: None if any(value.values()) else "must have profile or owners: else it selects every system",
            required=True,
            keys=lambda _: _SELECTOR,
        ),
        "ssh_user": Option(str, "root", "the user on the installed systems"),
        "system_password": Option(str, None, "that user's password, if there is no key", secret=True),
        "key": Option(str, None, "path of the private key; default: the keys of an SSH agent or in ~/.ssh"),
        "ssh_port": Option(int, 22, "the port of SSH", within(1, 65535)),
        "timeout": Option(int, 3600, "seconds until an installed system accepts the sign-in", within(1, 86400)),
    }

    def create(self, given: Mapping[str, Any], site: Site) -> list[Server]:
        """Power-cycle the systems that this deployment has not used yet, and wait until we can sign in to each."""
        had = {server.name: server for server in self.standing(given, site)}
        with _answered(given) as cobbler:
            selector = {key: value for key, value in given["selector"].items() if value}
            names = sorted(str(name) for name in cobbler.find_system(selector))
            if not names:
                raise RallycrossError(f"Cobbler has no system with {selector} - fix `selector`, or add one to Cobbler")
            servers = [had[name] if name in had else _installed(cobbler, name, given, site) for name in names]
        for server in servers:
            wait_for_sign_in(site, server, limit=given["timeout"])
        return servers

    def standing(self, given: Mapping[str, Any], site: Site) -> list[Server]:
        """Return the systems that have been power-cycled."""
        return [
            replace(Server.of(made.detail), password=given["system_password"])
            for made in site.ledger.standing()
            if made.kind == "server" and made.detail.get("host")
        ]

    def destroy(self, given: Mapping[str, Any], site: Site) -> None:
        """Forget the systems. The machines are not changed; the next deploy reinstalls them."""
        del given
        for made in site.ledger.standing():
            if made.kind == "server":
                site.ledger.forgotten(made.row)


def _installed(cobbler: Any, name: str, given: Mapping[str, Any], site: Site) -> Server:
    """Power-cycle one system. If the worker dies before that is recorded, it is cycled again: it is still empty."""
    address = _address(cobbler.get_system_as_rendered(name))
    if not address:
        raise RallycrossError(f"system {name} has no IP address in Cobbler - set one on one of its interfaces")
    server = Server(
        name, address, given["ssh_user"], given["ssh_port"], given["key"], password=given["system_password"]
    )
    site.ledger.remember("server", name, {})
    token = cobbler.login(given["user"], given["password"])  # a new one for each system: it may expire
    handle = cobbler.get_system_handle(name, token)
    try:
        obeyed, why = cobbler.power_system(handle, "reboot", token), ""
    except xmlrpc.client.Fault as error:
        obeyed, why = False, f": {error.faultString}"
    if not obeyed:
        raise RallycrossError(f"system {name} could not be power-cycled{why} - check its power settings in Cobbler")
    site.made_anew(server)
    site.ledger.remember("server", name, server.kept())
    return server


def _address(rendered: Mapping[str, Any]) -> str:
    """Return the first IP address of a system's interfaces; "" if there is none."""
    found = (value for key, value in sorted(rendered.items()) if re.match(r"ip_address(_|$)", key))
    return next((str(value) for value in found if value), "")


@contextmanager
def _answered(given: Mapping[str, Any]) -> Iterator[Any]:
    """Yield Cobbler's XML-RPC API; its faults and connection errors become a `RallycrossError`."""
    host = given["host"]
    url = host if "://" in host else f"http://{host}/cobbler_api"
    transport = _Safe() if url.startswith("https:") else _Plain()
    try:
        with xmlrpc.client.ServerProxy(url, transport=transport) as cobbler:
            yield cobbler
    except xmlrpc.client.Fault as error:
        raise RallycrossError(f"Cobbler at {url} refuses: {error.faultString} - fix the `provider`") from error
    except (OSError, http.client.HTTPException, xmlrpc.client.Error, ExpatError) as error:
        raise RallycrossError(
            f"Cobbler at {url} does not answer: {error or type(error).__name__} - check `host`"
        ) from error


class _Plain(xmlrpc.client.Transport):
    """HTTP with a time limit."""

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        made = super().make_connection(host)
        made.timeout = settings().cobbler_limit
        return made


class _Safe(xmlrpc.client.SafeTransport):
    """HTTPS with a time limit."""

    def make_connection(self, host: Any) -> http.client.HTTPSConnection:
        made = super().make_connection(host)
        made.timeout = settings().cobbler_limit
        return made


PROVIDERS.add("cobbler", CobblerSystems())
