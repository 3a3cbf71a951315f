"""The HTTP session of a load process whose scenarios need no cloud."""

import aiohttp

from rallycross.cloud.web import open_session


def open_web() -> aiohttp.ClientSession:
    """Return the pool of connections that all iterations of a process share; to be closed.

    It keeps no cookies, so that an iteration knows nothing of those before it, and has no limits of its own.
    """
    return open_session(aiohttp.ClientTimeout(total=None))
