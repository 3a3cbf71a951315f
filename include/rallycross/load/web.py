"""The HTTP session of a load process whose scenarios need no cloud."""

import aiohttp


def open_web() -> aiohttp.ClientSession:
    """Return the pool of connections that all iterations of a process share; to be closed.

    It keeps no cookies, so that an iteration knows nothing of those before it, and has no limits of its own.
    """
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=300),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None),
    )
