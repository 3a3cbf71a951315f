"""What can go wrong between a client and a cloud."""

from rallycross.errors import RallycrossError


class ApiError(RallycrossError):
    """A cloud's API has answered with an error."""

    def __init__(self, method: str, url: str, status: int, message: str, request_id: str | None) -> None:
        super().__init__(f"{method} {url}: {status} {message}")
        self.method = method
        self.url = url
        self.status = status
        self.message = message
        self.request_id = request_id  # under which the cloud's logs have it


class Unreachable(RallycrossError):  # noqa: N818 - reads as what it says
    """A cloud's API has not answered: no connection, or no answer in time."""


class SignInFailed(RallycrossError):  # noqa: N818
    """A cloud's identity service has not let a user in, or its catalog lacks what was asked for."""


class ResourceFailed(RallycrossError):  # noqa: N818
    """A thing in a cloud has ended in an error state instead of the one waited for."""


class WaitedTooLong(RallycrossError):  # noqa: N818
    """A thing in a cloud has not become what it should within the limit."""
