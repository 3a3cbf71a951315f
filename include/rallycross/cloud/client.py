"""The async client of the load. It is thin, since its own cost is part of what it measures."""

import asyncio
import json
import os
import ssl
import time
from collections.abc import AsyncIterable, Mapping
from concurrent.futures import Executor
from functools import partial
from typing import IO, Any, NoReturn
from urllib.parse import urlsplit

import aiohttp
from multidict import CIMultiDict

from rallycross.cloud.access import Access, SignIn
from rallycross.cloud.answers import MOST_REDIRECTS, REDIRECTS, Exchange, next_stop, read, refused
from rallycross.cloud.cloud import Cloud
from rallycross.cloud.errors import ApiError, SignInFailed, Unreachable, without_secrets
from rallycross.cloud.service import microversion_header
from rallycross.cloud.web import open_session, proxy_of, tls_of, whole
from rallycross.settings import settings

_ACCEPT = {"Accept": "application/json"}
_CONTENT = {"Content-Type": "application/json"}


def open_http(cloud: Cloud) -> aiohttp.ClientSession:
    """Return the connection pool that all clients of a cloud in this process share. The caller closes it."""
    identity = urlsplit(str(cloud.config.get("auth", {}).get("auth_url", "")))
    return open_session(
        aiohttp.ClientTimeout(total=settings().request_limit, connect=settings().connect_limit),
        tls=_tls(cloud),
        proxy=proxy_of(identity.scheme, identity.netloc),  # the whole cloud uses the proxy of its identity service
    )


class Client:
    """Sends requests as one user of a cloud. Signs in on a thread of `threads`, and again when its token is refused."""

    def __init__(self, sign_in: SignIn, http: aiohttp.ClientSession, threads: Executor | None = None) -> None:
        self.http = http
        self._sign_in = sign_in
        self._threads = threads
        self._access: Access | None = None
        self._signing_in = asyncio.Lock()
        self._headers: dict[tuple[str, str, str, bool], CIMultiDict[str]] = {}
        self._cut_short: set[asyncio.Task[Any]] = set()  # writes whose iteration was cancelled
        limits = settings()
        self._doubtful_until, self._late_patience = 0.0, limits.late_patience
        self._limit, self._answer_limit = limits.request_limit, limits.answer_limit
        self._slow = aiohttp.ClientTimeout(
            total=limits.download_limit, connect=limits.connect_limit, sock_read=limits.download_patience
        )

    async def access(self, *, patience: float = 0.0) -> Access:
        """Return the user's token and endpoints; sign in first if necessary.

        Temporary failures are retried for `patience` seconds: before a load, never in it.
        """
        if self._access is None:
            async with self._signing_in:
                if self._access is None:  # no other task has signed in meanwhile
                    sign_in = partial(self._sign_in, patience=patience)
                    self._access = await asyncio.get_running_loop().run_in_executor(self._threads, sign_in)
        return self._access

    async def fresh_access(self) -> Access:
        """Sign in again, without replacing the current token."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._sign_in)

    async def request(
        self,
        method: str,
        service: str,
        path: str,
        *,
        body: Any = None,
        data: IO[bytes] | AsyncIterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        microversion: str = "",
    ) -> Any:
        """Send a request and return the JSON of its answer; an object without keys for an answer without a body.

        `path` is appended to the endpoint of `service` (an official type: "compute"). `body` is sent as JSON, `data`
        unchanged. Raise `ApiError` for a status of 400 or above, `BadAnswer` for an unreadable answer, `Unreachable`
        without an answer. After a 401 the user signs in again, once; not with `data`, which cannot be sent twice.

        A write with a body continues even if its task is cancelled: the cloud carries it out anyway, and what it
        creates must exist before the clean-up searches for it (see `answered`).
        """
        payload = json.dumps(body).encode() if body is not None else data
        access = await self.access()
        try:
            return await self._asked(access, method, service, path, payload, headers, params, microversion)
        except ApiError as error:
            if error.status != 401 or data is not None:
                raise
        access = await self._access_after(access)
        return await self._asked(access, method, service, path, payload, headers, params, microversion)

    async def download(self, service: str, path: str) -> int:
        """GET data of any type and size, such as those of an image; return the number of bytes.

        They are not kept: the memory for them does not grow with their size. The time for all of them is limited
        (RALLYCROSS_DOWNLOAD_LIMIT), and the time without any (RALLYCROSS_DOWNLOAD_PATIENCE). Raises, and signs in
        again, as `request` does.
        """
        access = await self.access()
        try:
            return await self._download(access, service, path)
        except ApiError as error:
            if error.status != 401:
                raise
        return await self._download(await self._access_after(access), service, path)

    async def answered(self) -> None:
        """Wait until the cloud has answered the writes of cancelled iterations, up to a limit.

        The same time is left for writes without an answer: the cloud may still be carrying them out.
        """
        if self._cut_short:
            await asyncio.wait(self._cut_short)
        await asyncio.sleep(max(0.0, self._doubtful_until - time.monotonic()))

    async def _access_after(self, stale: Access) -> Access:
        """Return a token in place of one that the cloud refuses; another task may have got it already."""
        if self._access is stale:
            self._access = None
        return await self.access()

    async def _asked(self, access: Access, method: str, service: str, path: str, payload: Any, *more: Any) -> Any:
        if method == "GET" or not isinstance(payload, bytes):  # the caller closes a stream
            return await self._send(access, method, service, path, payload, *more)
        sending = asyncio.create_task(self._send(access, method, service, path, payload, *more))
        try:
            return await asyncio.shield(sending)
        except asyncio.CancelledError:
            self._cut_short.add(sending)
            sending.add_done_callback(self._cut_short.discard)
            asyncio.get_running_loop().call_later(settings().cut_patience, sending.cancel)
            raise

    async def _send(  # noqa: PLR0917 - what a request consists of
        self,
        access: Access,
        method: str,
        service: str,
        path: str,
        payload: bytes | IO[bytes] | AsyncIterable[bytes] | None,
        more_headers: Mapping[str, str] | None,
        params: Mapping[str, str] | None,
        microversion: str,
    ) -> Any:
        url = _endpoint(access, service) + path
        microversion = microversion or access.microversions.get(service, "")
        headers = self._headers_for(access.token, service, microversion, isinstance(payload, bytes))
        if more_headers:
            headers = CIMultiDict({**headers, **more_headers})
        answer, text = await self._exchange(method, url, payload, headers, params)
        stops = 0
        while answer.status in REDIRECTS:
            stops += 1
            exchange = _asked(method, answer)
            if stops > MOST_REDIRECTS:
                exchange.refuse(f"the answer is a redirect, after {MOST_REDIRECTS} others")
            target = next_stop(exchange, answer.headers.get("Location"))
            answer, text = await self._exchange(method, target, payload, headers, None)
        if answer.status >= 400:
            raise refused(_asked(method, answer), text, answer.reason or "")
        return read(_asked(method, answer), text)

    async def _exchange(
        self,
        method: str,
        url: str,
        payload: bytes | IO[bytes] | AsyncIterable[bytes] | None,
        headers: Mapping[str, str],
        params: Mapping[str, str] | None,
    ) -> tuple[aiohttp.ClientResponse, bytes]:
        answer = None
        try:
            async with self.http.request(
                method, url, data=payload, headers=headers, params=params, allow_redirects=False
            ) as answer:
                return answer, await self._whole(method, answer)
        except (aiohttp.ClientError, TimeoutError) as error:
            self._broken(error, method, url, answer, f"{self._limit:g} s (RALLYCROSS_REQUEST_LIMIT)")

    async def _download(self, access: Access, service: str, path: str) -> int:
        url, answer, read_bytes = _endpoint(access, service) + path, None, 0
        headers = {"X-Auth-Token": access.token}
        try:
            async with self.http.get(url, headers=headers, timeout=self._slow, allow_redirects=False) as answer:
                if answer.status >= 400:
                    raise refused(_asked("GET", answer), await self._whole("GET", answer), answer.reason or "")
                if answer.status >= 300:
                    _asked("GET", answer).refuse("the answer is a redirect")
                async for chunk in answer.content.iter_any():
                    read_bytes += len(chunk)
        except (aiohttp.ClientError, TimeoutError) as error:
            self._broken(error, "GET", url, answer, f"{self._slow.total:g} s (RALLYCROSS_DOWNLOAD_LIMIT)")
        return read_bytes

    def _broken(
        self, error: Exception, method: str, url: str, answer: aiohttp.ClientResponse | None, limit: str
    ) -> NoReturn:
        """Raise the error for a request without a complete answer."""
        if isinstance(error, aiohttp.ClientPayloadError):
            if answer is None:
                raise Unreachable(f"{method} {without_secrets(url)}: {error}") from error
            _asked(method, answer).refuse(f"the answer is incomplete or cannot be decompressed ({error})")
        reason = str(error) or f"no complete answer within {limit}"
        sent = not isinstance(error, aiohttp.ClientConnectorError)
        if sent and method != "GET":
            self._doubtful_until = time.monotonic() + self._late_patience
        raise Unreachable(f"{method} {without_secrets(url)}: {reason}", sent=sent) from error

    async def _whole(self, method: str, answer: aiohttp.ClientResponse) -> bytes:
        """Return the body of an answer; refuse one above the limit."""
        most = self._answer_limit
        text = await whole(answer, most)
        if text is None:
            _asked(method, answer).refuse(f"the answer has more than {most} bytes (RALLYCROSS_ANSWER_LIMIT)")
        return text

    def _headers_for(self, token: str, service: str, microversion: str, has_json: bool) -> CIMultiDict[str]:
        """Return the headers of a request. They are cached, as the type that aiohttp would convert them to."""
        key = (token, service, microversion, has_json)
        if key not in self._headers:
            headers = {**_ACCEPT, **(_CONTENT if has_json else {}), "X-Auth-Token": token}
            if microversion:
                headers |= microversion_header(service, microversion)
            if len(self._headers) > 100:  # most of them for tokens that are no longer in use
                self._headers.clear()
            self._headers[key] = CIMultiDict(headers)
        return self._headers[key]


def _endpoint(access: Access, service: str) -> str:
    try:
        return access.endpoints[service]
    except KeyError:
        known = ", ".join(sorted(access.endpoints)) or "none"
        raise SignInFailed(f"the catalog has no endpoint of the service '{service}' - it has: {known}") from None


def _asked(method: str, answer: aiohttp.ClientResponse) -> Exchange:
    return Exchange(method, answer.url, answer.status, answer.headers)


def _tls(cloud: Cloud) -> ssl.SSLContext | bool:
    """Return how to check a cloud's certificates: by its entry or the environment, as for signing in."""
    verify, shown = cloud.region().get_requests_verify_args()
    files = (shown,) if isinstance(shown, str) else shown or ()
    usual = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")  # as in the library requests
    return tls_of(tuple(files), verify=bool(verify), authorities=verify if isinstance(verify, str) else usual)
