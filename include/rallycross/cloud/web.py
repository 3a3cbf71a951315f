"""HTTP for clients of clouds and for scenarios without a cloud: connections, certificates, proxies."""

import ssl
from urllib.request import getproxies, proxy_bypass

import aiohttp


async def whole(answer: aiohttp.ClientResponse, most: int) -> bytes | None:
    """Return an answer's decompressed bytes; None if there are more than `most`."""
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
    """Return an unlimited connection pool, which keeps no cookies and does not retry."""
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, ssl=tls, ttl_dns_cache=300),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=timeout,
        proxy=proxy,
    )
    # aiohttp silently retries some requests after a broken connection; a load must see the error.
    vars(session)["_retry_connection"] = False
    return session


def proxy_of(scheme: str, server: str) -> str | None:
    """Return the environment's proxy for a server.

    aiohttp itself would read the environment on a thread for every request, which multiplies the cost of a request.
    """
    return None if proxy_bypass(server) else getproxies().get(scheme)


def tls_of(
    certificate: tuple[str, ...] = (), *, verify: bool = True, authorities: str | None = None
) -> ssl.SSLContext | bool:
    """Return the TLS settings: whether and how to check the server's certificate, and the client certificate."""
    if not verify and not certificate:
        return False
    context = ssl.create_default_context(cafile=authorities)
    if not verify:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if certificate:
        context.load_cert_chain(*certificate)
    return context
