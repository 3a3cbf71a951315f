"""keystoneauth's session with limits, for all requests to a cloud except those of the load's client.

Sign-in, openstacksdk and the plain requests of contexts use it. Every request is limited in time, however slowly its
answer arrives, and in bytes. Temporary failures are retried if that is safe. A token is never sent to another host.
"""

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import requests
import urllib3
from keystoneauth1 import exceptions
from keystoneauth1.session import Session, TCPKeepAliveAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection

from rallycross.cloud.answers import (
    MOST_REDIRECTS,
    REDIRECTS,
    Exchange,
    aim,
    keep_links_here,
    next_stop,
    read,
)
from rallycross.cloud.errors import BadAnswer, plain, without_secrets
from rallycross.cloud.pages import Pages
from rallycross.cloud.retrying import REFUSED, TRANSIENT, Patience
from rallycross.settings import settings

_REPEATABLE = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})
_TOKENS = "/auth/tokens"  # a sign-in is a POST that may be sent twice
_STRANGE = 4  # retries after invalid answers, which may be permanent
_CHUNK = 1 << 16
_SETTING = "RALLYCROSS_REQUEST_LIMIT, or `api_timeout` of the cloud's entry"
_NEVER_SENT = (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError)


_signing_in = threading.local()  # .now: whether this thread is signing in


@contextmanager
def signing_in() -> Iterator[None]:
    """Mark this thread as signing in, so that no request makes keystoneauth sign in again."""
    before, _signing_in.now = getattr(_signing_in, "now", False), True
    try:
        yield
    finally:
        _signing_in.now = before


class CloudSession(Session):
    """Sends requests within limits. `patience` is how long temporary failures are retried (0 = never).

    It raises the same errors as keystoneauth's session, and `BadAnswer` for a body that is too long, incomplete, or
    not JSON when it is read as JSON.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        limits = settings()
        self.limit = self.timeout or limits.request_limit
        self.timeout = self.limit
        self.patience = Patience(limits.api_patience)
        self._pages = Pages(limits.list_pages)
        adapter = _Adapter(limits.answer_limit, tls_ciphers=self.tls_ciphers, tls_min_version=self.tls_min_version)
        for scheme in ("http://", "https://"):
            self.session.mount(scheme, adapter)

    def get_auth_headers(self, auth: Any = None, **options: Any) -> Any:
        """Return the authentication headers of a request; sign in if necessary.

        A server that asks for a token during sign-in is not keystone; keystoneauth would sign in for it endlessly.
        """
        if getattr(_signing_in, "now", False):
            raise exceptions.Unauthorized("the server asks for a token during sign-in")
        with signing_in():
            return super().get_auth_headers(auth, **options)

    def request(  # type: ignore[override] # keystoneauth's thirty options go through as they are
        self,
        url: str,
        method: str,
        *,
        raise_exc: bool = True,
        repeat: bool | None = None,
        reads: bool = False,
        **options: Any,
    ) -> requests.Response:
        """Send a request. `repeat`: whether it is safe to send it twice (default: by its method).

        With `reads`, an answer that is not JSON counts as a failure.
        """
        self._pages.ask(method, url, options.get("params"), looked_at=reads)
        may_repeat = _may_repeat(url, method, options) if repeat is None else repeat
        began, attempt = time.monotonic(), 0
        while True:
            error: Exception | None = None
            again, header = False, None
            try:
                answer = self._sent(url, method, options)
                if reads and answer.status_code < 400:
                    answer.json()
            except (exceptions.ConnectFailure, exceptions.ConnectTimeout, exceptions.UnknownConnectionError) as failure:
                error, again = failure, (may_repeat or never_sent(failure)) and not _unknown_host(failure)
            except BadAnswer as failure:
                error, again = failure, may_repeat and attempt < _STRANGE
            else:
                again = answer.status_code in (TRANSIENT if may_repeat else REFUSED)
                header = answer.headers.get("Retry-After")
            why = plain(str(error)) if error else f"{answer.status_code} {answer.reason}"
            if not again or not self.patience.wait(began, attempt, header, f"{method} {without_secrets(url)}: {why}"):
                break
            attempt += 1
        if error:
            raise error
        if not again:
            self.patience.succeeded()
        if raise_exc and answer.status_code >= 400:
            raise exceptions.from_response(answer, method, url)
        return answer

    def _sent(self, url: str, method: str, options: dict[str, Any]) -> requests.Response:
        """Send a request once, and follow redirects within the same host."""
        more = dict(options)
        for _ in range(MOST_REDIRECTS + 1):
            try:
                answer = super().request(url, method, raise_exc=False, **{**more, "redirect": False})
            except exceptions.ConnectTimeout as error:
                late = f"no complete answer within {self.limit:g} s ({_SETTING})"
                raise exceptions.ConnectTimeout(f"{error}: {late}") from error
            exchange = Exchange(method, answer.url, answer.status_code, answer.headers)
            if answer.status_code not in REDIRECTS:
                answer.headers.pop("Link", None)  # it may lead to any host; OpenStack services have links in the body
                if answer.status_code < 400:
                    vars(answer)["json"] = partial(_json_of, exchange, answer)
                return answer
            url = next_stop(exchange, answer.headers.get("Location"))
            more.pop("params", None)
        return exchange.refuse(f"the answer is a redirect, after {MOST_REDIRECTS} others")


def never_sent(error: BaseException) -> bool:
    """Return whether a request has certainly not reached the cloud: there was no connection."""
    return any(isinstance(cause, _NEVER_SENT) for cause in _causes(error))


def _unknown_host(error: BaseException) -> bool:
    """Return whether the host name is unknown, which is not temporary."""
    return any(isinstance(cause, urllib3.exceptions.NameResolutionError) for cause in _causes(error))


def _causes(error: BaseException) -> Iterator[object]:
    """Yield the causes of an error, through keystoneauth, requests and urllib3."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        first = cause.args[0] if cause.args else None
        yield getattr(first, "reason", None)
        cause = cause.__cause__ or cause.__context__


def _may_repeat(url: str, method: str, options: dict[str, Any]) -> bool:
    """Return whether a request may be sent twice. A stream cannot."""
    if method.upper() == "POST":
        return url.endswith(_TOKENS)
    data = options.get("data")
    return method.upper() in _REPEATABLE and (data is None or isinstance(data, str | bytes))


def _json_of(exchange: Exchange, answer: requests.Response, **_: Any) -> Any:
    found = read(exchange, answer.content)
    if exchange.method == "GET" and isinstance(found, dict):
        keep_links_here(found, exchange)
    return found


class _Deadline:
    """Limits the seconds of a request: once from its connection, and again from when it has been sent."""

    under_way = threading.local()  # .deadline: of the request that this thread has sent

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self.over = False
        self._timer: threading.Timer | None = None
        self._sock: socket.socket | None = None

    def begin(self, sock: Any) -> None:
        """Start the timer, which will end the connection of `sock`."""
        self.close()
        # A duplicate of our own: wrapping a socket in TLS detaches the original.
        self._sock = socket.socket(fileno=os.dup(sock.fileno()))
        self._timer = threading.Timer(self.limit, self._end, (self._sock,))
        self._timer.daemon = True
        self._timer.start()

    def close(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer.join()  # it may be using the socket at this moment
        if self._sock:
            self._sock.close()

    def _end(self, sock: Any) -> None:
        self.over = True
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)  # ends the read with an end of file


class _WithDeadline:
    """Adds the deadline to a connection."""

    sock: Any

    def _new_conn(self) -> socket.socket:
        made: socket.socket = super()._new_conn()  # type: ignore[misc] # of the other base class
        if deadline := getattr(_Deadline.under_way, "deadline", None):
            deadline.begin(made)  # a TLS handshake may be slow as well
        return made

    def getresponse(self, *args: Any, **options: Any) -> Any:
        if deadline := getattr(_Deadline.under_way, "deadline", None):
            deadline.begin(self.sock)
        return super().getresponse(*args, **options)  # type: ignore[misc] # of the other base class


class _Connection(_WithDeadline, HTTPConnection):
    pass


class _TlsConnection(_WithDeadline, HTTPSConnection):
    pass


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class _Adapter(TCPKeepAliveAdapter):
    """Sends requests by connections with a deadline, and reads whole answers, up to a size."""

    def __init__(self, most: int, **options: Any) -> None:
        self._most = most
        super().__init__(**options)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}

    def proxy_manager_for(self, *args: Any, **options: Any) -> Any:
        manager = super().proxy_manager_for(*args, **options)
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
        return manager

    def send(  # type: ignore[override] # as requests calls it
        self, request: requests.PreparedRequest, stream: bool = False, timeout: Any = None, **options: Any
    ) -> requests.Response:
        deadline = _Deadline(timeout if isinstance(timeout, int | float) else settings().request_limit)
        _Deadline.under_way.deadline = deadline
        late = f"{request.method} {request.url}: no complete answer within {deadline.limit:g} s ({_SETTING})"
        try:
            answer = super().send(request, stream=True, timeout=deadline.limit, **options)
            if not stream:
                self._read(request, answer)
        except (requests.RequestException, BadAnswer) as error:
            if deadline.over or isinstance(error, requests.ReadTimeout):
                raise requests.ReadTimeout(late, request=request) from error
            raise
        finally:
            deadline.close()
            _Deadline.under_way.deadline = None
        if deadline.over:  # the partial answer looked like a complete one
            raise requests.ReadTimeout(late, request=request)
        return answer

    def _read(self, request: requests.PreparedRequest, answer: requests.Response) -> None:
        exchange = Exchange(str(request.method), request.url, answer.status_code, answer.headers)
        if location := answer.headers.get("Location"):
            aim(exchange, location)  # requests parses it in any case
        text = bytearray()
        try:
            for chunk in answer.raw.stream(_CHUNK, decode_content=True):
                text += chunk
                if len(text) > self._most:
                    answer.close()
                    exchange.refuse(f"the answer has more than {self._most} bytes (RALLYCROSS_ANSWER_LIMIT)")
        except urllib3.exceptions.DecodeError as error:
            exchange.refuse(f"the answer cannot be decompressed ({error})")
        except urllib3.exceptions.ReadTimeoutError as error:
            raise requests.ReadTimeout(error, request=request) from error
        except urllib3.exceptions.HTTPError as error:
            exchange.refuse(f"the answer is incomplete ({error})", bytes(text))
        vars(answer)["_content"], vars(answer)["_content_consumed"] = bytes(text), True
