"""A reverse HTTP proxy before a cloud, with a script of what goes wrong on the way. Loopback, in a thread.

The cloud's own address is replaced in all that it says, so that everybody who begins here stays here.
"""

import asyncio
import json
import re
import socket
import struct
import threading
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from rallycross.cloud.cloud import Cloud

_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding"}


@dataclass
class Request:
    """What somebody asks."""

    method: str
    target: str  # path and query
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def path(self) -> str:
        """The path alone."""
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        """The parameters."""
        return {key: values[-1] for key, values in parse_qs(urlsplit(self.target).query).items()}


@dataclass
class Answer:
    """What the cloud says, or is made to say."""

    status: int = 200
    body: bytes = b""
    headers: list[tuple[str, str]] = field(default_factory=list)
    length: int | None = None  # what it claims to have

    def raw(self) -> bytes:
        """Return it as it goes over the wire."""
        lines = [f"HTTP/1.1 {self.status} X", *(f"{name}: {value}" for name, value in self.headers)]
        if self.status != 204:
            lines.append(f"Content-Length: {len(self.body) if self.length is None else self.length}")
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + self.body


Forward = Callable[[Request], Awaitable[Answer]]


class Connection:
    """The client's end, to be ill-treated."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self.writer = writer

    async def send(self, data: bytes) -> None:
        """Write."""
        self.writer.write(data)
        await self.writer.drain()

    def reset(self) -> None:
        """End it with a reset instead of a farewell."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Act = Callable[[Request, Forward, Connection], Awaitable[Answer | None]]  # None: nothing more is to be sent


@dataclass
class Fault:
    """What goes wrong, for which requests, and how often."""

    act: Act
    match: str = ""  # regular expression on "METHOD /path?query"
    times: int = 1  # -1: for ever
    every: int = 1  # only each of so many that match
    met: int = 0
    done: int = 0

    def takes(self, request: Request) -> bool:
        """Say whether it is this request's turn."""
        if not re.search(self.match, f"{request.method} {request.target}") or self.done == self.times:
            return False
        self.met += 1
        if self.met % self.every:
            return False
        self.done += 1
        return True


def status(code: int, body: bytes = b"<html>no</html>", **headers: str) -> Act:
    """Answer with a status, and do nothing."""

    async def act(*_: Any) -> Answer:
        return Answer(code, body, [(name.replace("_", "-"), value) for name, value in headers.items()])

    return act


def says(body: bytes, content_type: str = "application/json", **more: Any) -> Act:
    """Carry out the request, and answer 200 with something else."""

    async def act(request: Request, forward: Forward, _: Connection) -> Answer:
        await forward(request)
        headers = [("Content-Type", content_type), ("x-openstack-request-id", "req-strange")]
        return Answer(200, body, headers, **more)

    return act


def changed(change: Callable[[Request, Any], Any]) -> Act:
    """Carry out the request, and answer with what `change` makes of the answer's JSON."""

    async def act(request: Request, forward: Forward, _: Connection) -> Answer:
        answer = await forward(request)
        with suppress(ValueError):
            answer.body = json.dumps(change(request, json.loads(answer.body))).encode()
        return answer

    return act


def with_headers(*headers: tuple[str, str]) -> Act:
    """Carry out the request, and put headers before those of the answer."""

    async def act(request: Request, forward: Forward, _: Connection) -> Answer:
        answer = await forward(request)
        answer.headers = [*headers, *answer.headers]
        return answer

    return act


async def reset(request: Request, forward: Forward, connection: Connection) -> None:
    """End the connection, and do nothing."""
    del request, forward
    connection.reset()


def lost(after: float | threading.Event = 0.0) -> Act:
    """End the connection; the cloud carries the request out all the same: so many seconds later, or after an event."""

    async def act(request: Request, forward: Forward, connection: Connection) -> None:
        connection.reset()
        if isinstance(after, threading.Event):
            await asyncio.to_thread(after.wait, 60)
        else:
            await asyncio.sleep(after)
        await forward(request)

    return act


async def silence(request: Request, forward: Forward, connection: Connection) -> None:
    """Never answer."""
    del request, forward, connection
    await asyncio.sleep(3600)


async def cut(request: Request, forward: Forward, connection: Connection) -> None:
    """Carry the request out, and send half of the answer."""
    raw = (await forward(request)).raw()
    await connection.send(raw[: -max(1, len(raw.partition(b"\r\n\r\n")[2]) // 2)])
    connection.reset()


def trickle(pause: float, *, head: bool = False) -> Act:
    """Carry the request out, and send the answer byte by byte: its body, or its head too."""

    async def act(request: Request, forward: Forward, connection: Connection) -> None:
        raw = (await forward(request)).raw()
        start = 0 if head else raw.index(b"\r\n\r\n") + 4
        await connection.send(raw[:start])
        for byte in raw[start:]:
            await connection.send(bytes([byte]))
            await asyncio.sleep(pause)

    return act


async def endless(request: Request, forward: Forward, connection: Connection) -> None:
    """Answer with a body that has no end."""
    del request, forward
    await connection.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n[")
    while True:
        await connection.send(b"0," * 32768)


def paged(size: int, *, link: Callable[[Request, list[Any]], str] | None = None, twice: bool = False) -> Act:
    """Cut lists into pages; `link` makes the link to the next, `twice` shows a page's last thing on the next too."""

    def change(request: Request, answer: Any) -> Any:
        [key] = [key for key, value in answer.items() if isinstance(value, list)]
        things = answer[key]
        names = [str(_inner(thing).get("id") or _inner(thing).get("name")) for thing in things]
        marker = request.query.get("marker")
        start = names.index(marker) + 1 if marker in names else 0
        page = things[max(start - twice, 0) : start + size]
        more = {}
        if start + size < len(things):
            href = link(request, page) if link else f"http://elsewhere.invalid/x?marker={names[start + size - 1]}"
            more = {f"{key}_links": [{"rel": "next", "href": href}]}
        return {key: page, **more}

    return changed(change)


def without(identifier: Callable[[], str]) -> Act:
    """Leave one thing out of lists."""

    def change(_: Request, answer: Any) -> Any:
        return {
            key: [thing for thing in value if thing.get("id") != identifier()] if isinstance(value, list) else value
            for key, value in answer.items()
        }

    return changed(change)


def _inner(thing: dict[str, Any]) -> dict[str, Any]:
    first = next(iter(thing.values()))
    return first if len(thing) == 1 and isinstance(first, dict) else thing


class FaultProxy:
    """Stands before `origin`; what goes wrong is said by `faults`, the first that takes a request has it."""

    def __init__(self, origin: str, faults: Sequence[Fault] = ()) -> None:
        self.origin = origin
        self.faults = list(faults)
        self.beside: list[FaultProxy] = []  # before other parts of the same cloud
        self.requests: list[str] = []  # "METHOD /path?query"
        self.tokens: list[str] = []  # those that came with requests
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fault proxy", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = self._run(asyncio.start_server(self._serve, "127.0.0.1", 0, limit=1 << 26))
        self.port = int(self._server.sockets[0].getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        return self

    def __exit__(self, *_: object) -> None:
        async def end() -> None:
            self._server.close()
            tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        self._run(end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def cloud(self, cloud: Cloud) -> Cloud:
        """Return a cloud as it is seen through here."""
        auth = {**cloud.config["auth"], "auth_url": cloud.config["auth"]["auth_url"].replace(self.origin, self.url)}
        return Cloud(cloud.name, {**cloud.config, "auth": auth})

    def _run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=30)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while request := await _request(reader):
                self.requests.append(f"{request.method} {request.target}")
                self.tokens += [value for name, value in request.headers if name.lower() == "x-auth-token"]
                fault = next((one for one in self.faults if one.takes(request)), None)
                answer = await (
                    fault.act(request, self._forward, Connection(writer)) if fault else self._forward(request)
                )
                if answer is None:
                    break
                writer.write(answer.raw())
                await writer.drain()
        writer.close()

    async def _forward(self, request: Request) -> Answer:
        where = urlsplit(self.origin)
        reader, writer = await asyncio.open_connection(where.hostname, where.port, limit=1 << 26)
        headers = [(name, value) for name, value in request.headers if name.lower() not in {*_HOP, "accept-encoding"}]
        lines = [f"{request.method} {request.target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
        lines += ["Connection: close", f"Content-Length: {len(request.body)}", "", ""]
        writer.write("\r\n".join(lines).encode("latin-1") + request.body)
        await writer.drain()
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        body = await _body(reader, [line.partition(": ")[::2] for line in head[1:] if line], to_end=True)
        writer.close()
        kept = [line.partition(": ")[::2] for line in head[1:] if line and line.partition(":")[0].lower() not in _HOP]
        for proxy in (self, *self.beside):
            body = body.replace(proxy.origin.encode(), proxy.url.encode())
        return Answer(int(head[0].split()[1]), body, [(name, value) for name, value in kept])


async def _request(reader: asyncio.StreamReader) -> Request | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    except asyncio.IncompleteReadError:
        return None
    method, target, _ = head[0].split(" ")
    headers = [line.partition(": ")[::2] for line in head[1:] if line]
    return Request(method, target, headers, await _body(reader, headers))


async def _body(reader: asyncio.StreamReader, headers: list[tuple[str, str]], *, to_end: bool = False) -> bytes:
    named = {name.lower(): value for name, value in headers}
    if "content-length" in named:
        return await reader.readexactly(int(named["content-length"]))
    if named.get("transfer-encoding", "").lower() != "chunked":
        return await reader.read() if to_end else b""
    body = b""
    while size := int((await reader.readline()).partition(b";")[0], 16):
        body += await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
    return body
