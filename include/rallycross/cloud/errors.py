"""Errors between a client and a cloud."""

import re
from urllib.parse import urlsplit

from rallycross.errors import RallycrossError

_FOR_ANOTHER = frozenset({502, 504})  # answers of a proxy that got no answer from the API
_SHOWN = 120  # bytes of an invalid answer that are shown
# Words next to secrets. If the beginning of an answer has one, it is not shown.
_SECRETIVE = re.compile(rb"private_key|password|secret|token|passw|BEGIN ", re.IGNORECASE)
# "HTTPConnectionPool(...): Max retries exceeded with url: ... (Caused by ...: [Errno 111] Connection refused')"
_POOL = re.compile(
    r"\w*Pool\([^)]*\): Max retries exceeded .*?(\[(?:Errno|SSL)[^\]]*\] [^'\")(]*[^'\")(\s]).*", re.DOTALL
)


class ApiError(RallycrossError):
    """A cloud's API answered with an error status."""

    def __init__(self, method: str, url: str, status: int, message: str, request_id: str | None) -> None:
        super().__init__(f"{method} {url}: {status} {message}")
        self.method = method
        self.url = url
        self.status = status
        self.message = message
        self.request_id = request_id  # by which the cloud's logs name the request


class BadAnswer(ApiError, ValueError, KeyError):  # noqa: N818 - reads as what it says
    """The answer of a cloud's API is invalid: not JSON, incomplete, or without an expected key.

    It is also a `ValueError` and a `KeyError`, which libraries expect for invalid JSON and for missing keys.
    """

    def __init__(  # noqa: PLR0917 - what an answer consists of
        self, method: str, url: str, status: int, what: str, text: bytes = b"", request_id: str | None = None
    ) -> None:
        url = without_secrets(url)
        begins = f"; it begins {_shown(text)}" if text else ""
        logged = f" ({request_id})" if request_id else ""
        super().__init__(method, url, status, f"{what}{begins}{logged}", request_id)

    def __str__(self) -> str:
        return str(self.args[0])  # not quoted, as a KeyError's would be


class Unreachable(RallycrossError):  # noqa: N818 - reads as what it says
    """A cloud's API did not answer: no connection, or no answer in time."""

    def __init__(self, message: str, *, sent: bool = True) -> None:
        super().__init__(message)
        self.sent = sent  # whether the request may have reached the cloud


class SignInFailed(RallycrossError):  # noqa: N818
    """The identity service refused a sign-in, or the catalog does not have a service."""


class WaitFailed(RallycrossError):  # noqa: N818 - the base class of what a wait raises
    """A resource is not as expected."""

    request_id: str | None = None  # of the request that asked the cloud for what was waited for


class ResourceFailed(WaitFailed):
    """A resource reached an error state instead of the expected one."""


class WaitedTooLong(WaitFailed):
    """A resource did not reach the expected state within the limit."""


def outcome_unknown(error: BaseException) -> bool:
    """Return whether a request that failed with this error may have been, or may yet be, carried out."""
    if isinstance(error, Unreachable):
        return error.sent
    return isinstance(error, BadAnswer) or (isinstance(error, ApiError) and error.status >= 500)


def came_to_an_end(error: BaseException) -> bool:
    """Return whether the cloud is done with a request that failed with this error: it creates nothing later."""
    return isinstance(error, ApiError) and error.status not in _FOR_ANOTHER


def plain(text: str) -> str:
    """Return an error's message without urllib3's wording around the reason of the operating system."""
    return _POOL.sub(r"\1", text)


def without_secrets(url: str) -> str:
    """Return a URL without its user and password."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl() if "@" in parts.netloc else url


def _shown(text: bytes) -> str:
    """Return the beginning of an answer in one line."""
    if _SECRETIVE.search(text[: 4 * _SHOWN]):
        return f"with something that may be secret, and is {len(text)} bytes long"
    more = "..." if len(text) > _SHOWN else ""
    return ascii(text[:_SHOWN].decode(errors="replace")) + more
