"""Servers that boot: what a section says of those that an image makes, and the wait for their SSH."""

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
    return None if plain else "must be letters, digits and dashes, 50 at the most, beginning with a letter or digit"


BY_IMAGE = {
    "prefix": Option(str, None, "how names begin; default: the cloud's name", _prefix),
    "ssh_user": Option(str, "root", "whom the image lets in by key"),
    "ssh_port": Option(int, 22, "SSH's port", within(1, 65535)),
}


def reached(site: Site) -> list[Server]:
    """Return the servers of the ledger's whose address is known."""
    return [
        Server.of(made.detail) for made in site.ledger.standing() if made.kind == "server" and made.detail.get("host")
    ]


def signed_in(site: Site, server: Server, *, limit: float) -> SSHHost:
    """Return the connection to a server that boots; raise the last attempt's error after `limit` seconds.

    At first nobody answers, then the key or the user is not there yet. All else does not pass, and is raised at once.
    """
    deadline = time.monotonic() + limit
    while True:
        try:
            return site.host(server)
        except (HostLost, SignInRefused):
            if time.monotonic() > deadline:
                raise
            time.sleep(_PAUSE)
