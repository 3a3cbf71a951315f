"""Servers that boot: SSH is waited for."""

import time

from rallycross.deployment.server import Server
from rallycross.deployment.site import Site
from rallycross.deployment.ssh_host import SSHHost
from rallycross.errors import RallycrossError

_PAUSE = 2  # seconds between two attempts


def signed_in(site: Site, server: Server, *, limit: float) -> SSHHost:
    """Return the connection to a server that boots; raise the last attempt's error after `limit` seconds.

    At first nobody answers, then the key or the user is not there yet.
    """
    deadline = time.monotonic() + limit
    while True:
        try:
            return site.host(server)
        except RallycrossError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_PAUSE)
