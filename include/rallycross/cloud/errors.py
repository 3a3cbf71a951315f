"""What can go wrong between a client and a cloud."""

import re
from urllib.parse import urlsplit

from rallycross.errors import RallycrossError

_FOR_ANOTHER = frozenset({502, 504})  # answered by one that stands before the API, and has not heard from it
_SHOWN = 120  # bytes of a strange answer
# Words that stand beside a secret in an answer; who meets one in the first bytes is shown none of them.
_SECRETIVE = re.compile(rb"private_key|password|secret|token|passw|BEGIN ", re.IGNORECASE)
# "HTTPConnectionPool(...): Max retries exceeded with url: ... (Caused by ...: [Errno 111] Connection refused')"
_POOL = re.compile(
    r"\w*Pool\([^)]*\): Max retries exceeded .*?(\[(?:Errno|SSL)[^\]]*\] [^'\")(]*[^'\")(\s]).*", re.DOTALL
)


class ApiError(RallycrossError):
    """A cloud's API has answered with an error."""

    def __init__(self, method: str, url: str, status: int, message: str, request_id: str | None) -> None:
        super().__init__(f"{method} {url}: {status} {message}")
        self.method = method
        self.url = url
        self.status = status
        self.message = message
        self.request_id = request_id  # under which the cloud's logs have it


class BadAnswer(ApiError, ValueError, KeyError):  # noqa: N818 - reads as what it says
    """A cloud's API has answered, and the answer is not what the API promises: no JSON, cut short, without its key.

    It is a `ValueError` and a `KeyError` too, for libraries that expect these of what is no JSON, or lacks a key.
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
    """A cloud's API has not answered: no connection, or no answer in time."""

    def __init__(self, message: str, *, sent: bool = True) -> None:
        super().__init__(message)
        self.sent = sent  # whether the request may have come to the cloud


class SignInFailed(RallycrossError):  # noqa: N818
    """A cloud's identity service has not let a user in, or its catalog lacks what was asked for."""


class ResourceFailed(RallycrossError):  # noqa: N818
    """A thing in a cloud has ended in an error state instead of the one waited for."""


class WaitedTooLong(RallycrossError):  # noqa: N818
    """A thing in a cloud has not become what it should within the limit."""


def outcome_unknown(error: BaseException) -> bool:
    """Say whether a request that failed so may have been carried out all the same, or may be still."""
    if isinstance(error, Unreachable):
        return error.sent
    return isinstance(error, BadAnswer) or (isinstance(error, ApiError) and error.status >= 500)


def came_to_an_end(error: BaseException) -> bool:
    """Say whether the cloud has done with a request that failed so: what it has made is there, and comes no later."""
    return isinstance(error, ApiError) and error.status not in _FOR_ANOTHER


def plain(text: str) -> str:
    """Return an error's words without what urllib3 says of its pools around the system's reason."""
    return _POOL.sub(r"\1", text)


def without_secrets(url: str) -> str:
    """Return a URL without the user and the password that may stand in it."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl() if "@" in parts.netloc else url


def _shown(text: bytes) -> str:
    """Return how an answer begins, in one line."""
    if _SECRETIVE.search(text[: 4 * _SHOWN]):
        return f"with what may be secret, and is {len(text)} bytes long"
    more = "..." if len(text) > _SHOWN else ""
    return ascii(text[:_SHOWN].decode(errors="replace")) + more
