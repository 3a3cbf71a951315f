"""Servers that boot from an image: the options that all such providers have, and the wait for SSH."""

import re
import time

from rallycross.deployment.host import HostLost, SignInRefused
from rallycross.deployment.option import Option, within
from rallycross.deployment.server import Server
from rallycross.deployment.site import Site
from rallycross.deployment.ssh_host import SSHHost

_PAUSE = 2  # seconds between two attempts


def _prefix(value: str) -> str | None:
    plain = re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]{0,49}", value)
    return None if plain else "must be at most 50 letters, digits and dashes, beginning with a letter or digit"


IMAGE_OPTIONS = {
    "prefix": Option(str, None, "the prefix of server names; default: the cloud's name", _prefix),
    "ssh_user": Option(str, "root", "the user whom the image accepts an SSH key for"),
    "ssh_port": Option(int, 22, "the port of SSH", within(1, 65535)),
}


def known_servers(site: Site) -> list[Server]:
    """Return the servers in the ledger whose address is known."""
    return [
        Server.of(made.detail) for made in site.ledger.standing() if made.kind == "server" and made.detail.get("host")
    ]


def wait_for_sign_in(site: Site, server: Server, *, limit: float) -> SSHHost:
    """Return the connection to a server that is booting; raise the last attempt's error after `limit` seconds.

    While a server boots, SSH does not answer at first, and then its user or key may not exist yet. Any other error is
    raised at once.
    """
    deadline = time.monotonic() + limit
    while True:
        try:
            return site.host(server)
        except (HostLost, SignInRefused):
            if time.monotonic() > deadline:
                raise
            time.sleep(_PAUSE)
