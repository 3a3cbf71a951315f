"""A forward HTTP proxy in a thread: the one way out of the test hosts' network. CONNECT, and plain GET for apt."""

import asyncio
import threading
from contextlib import suppress
from urllib.parse import urlsplit

_CHUNK = 1 << 16


class Proxy:
    """Listens on one address until it is closed."""

    def __init__(self, address: str) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True).start()
        self._server = asyncio.run_coroutine_threadsafe(asyncio.start_server(_serve, address, 0), self._loop).result(
            timeout=10
        )
        self.port = int(self._server.sockets[0].getsockname()[1])

    def close(self) -> None:
        """Stop listening, and drop what is open."""
        self._loop.call_soon_threadsafe(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass one connection on to where its first request wants to go."""
    with suppress(OSError, asyncio.IncompleteReadError, ValueError):
        head = await reader.readuntil(b"\r\n\r\n")
        method, target, rest = head.split(b" ", 2)
        if method == b"CONNECT":
            host, _, port = target.decode().rpartition(":")
            far_reader, far_writer = await asyncio.open_connection(host, int(port))
            writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
        else:
            url = urlsplit(target.decode())
            far_reader, far_writer = await asyncio.open_connection(url.hostname, url.port or 80)
            path = url._replace(scheme="", netloc="").geturl() or "/"
            # One request a connection: a second one might go elsewhere.
            lines = [line for line in rest.split(b"\r\n") if not line.lower().startswith((b"connection:", b"proxy-"))]
            far_writer.write(
                b" ".join((method, path.encode(), b"\r\n".join(lines)))[:-2] + b"Connection: close\r\n\r\n"
            )
        await asyncio.gather(_pass(reader, far_writer), _pass(far_reader, writer))
    writer.close()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while chunk := await reader.read(_CHUNK):
            writer.write(chunk)
            await writer.drain()
        writer.write_eof()
    writer.close()
