"""The HTTP session of a load process for scenarios without a cloud."""

import aiohttp

from rallycross.cloud.web import open_session


def open_web() -> aiohttp.ClientSession:
    """Return the connection pool that all iterations of a process share. The caller closes it.

    It keeps no cookies, so that iterations do not affect each other, and has no time limits of its own.
    """
    return open_session(aiohttp.ClientTimeout(total=None))
