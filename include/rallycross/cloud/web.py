"""How HTTP is spoken, by clients of clouds and by scenarios that need none: connections, certificates, proxies."""

import ssl
from urllib.request import getproxies, proxy_bypass

import aiohttp


async def whole(answer: aiohttp.ClientResponse, most: int) -> bytes | None:
    """Return an answer's bytes as they are unpacked; None where they are more than so many."""
    if (answer.content_length or most + 1) <= most and "Content-Encoding" not in answer.headers:
        return await answer.read()
    text = bytearray()
    async for chunk in answer.content.iter_any():
        text += chunk
        if len(text) > most:
            answer.close()
            return None
    return bytes(text)


def open_session(
    timeout: aiohttp.ClientTimeout, *, tls: ssl.SSLContext | bool = True, proxy: str | None = None
) -> aiohttp.ClientSession:
    """Return a pool of as many connections as are asked for, which keeps no cookies and sends nothing twice."""
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, ssl=tls, ttl_dns_cache=300),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=timeout,
        proxy=proxy,
    )
    # aiohttp sends again what can be where a connection breaks, and tells nobody: a load is to see it break.
    vars(session)["_retry_connection"] = False
    return session


def proxy_of(scheme: str, server: str) -> str | None:
    """Return the proxy that the environment wants for a server.

    aiohttp's own way asks the environment, on a thread, for every single request, and multiplies what a request costs.
    """
    return None if proxy_bypass(server) else getproxies().get(scheme)


def tls_of(
    certificate: tuple[str, ...] = (), *, verify: bool = True, authorities: str | None = None
) -> ssl.SSLContext | bool:
    """Return how to check a server's certificate, if at all, and with which files of one's own to be checked."""
    if not verify and not certificate:
        return False
    context = ssl.create_default_context(cafile=authorities)
    if not verify:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if certificate:
        context.load_cert_chain(*certificate)
    return context
