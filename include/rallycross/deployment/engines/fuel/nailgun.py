"""A client of Nailgun, Fuel's REST API. It signs in again when its token expires, and waits while Fuel is away."""

import http.client
import json
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from rallycross.errors import RallycrossError
from rallycross.settings import settings

_ANSWER = 60.0  # seconds for one answer, unless `access` has another limit
_LONGEST_ERROR = 100_000  # bytes of an error's answer
_PAUSE = 1.0  # seconds between two attempts
_AWAY = (502, 503, 504)  # status codes of the proxy in front of Nailgun while it starts


class Refused(RallycrossError):  # noqa: N818
    """Fuel has refused a request."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


class Unanswered(RallycrossError):  # noqa: N818
    """No answer, or an incomplete one, has come; the request may have been processed."""


class Nailgun:
    """Calls one Fuel. `access` has api_url, username, password, project, verify, patience and answer (seconds)."""

    def __init__(self, access: Mapping[str, Any]) -> None:
        self._access = access
        self._base = str(access["api_url"]).rstrip("/")
        self._patience = float(access["patience"])
        self._limit = float(access.get("answer", _ANSWER))
        self._token = ""
        context = ssl.create_default_context()
        if not access["verify"]:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self._opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context))

    def get(self, path: str) -> Any:
        """Return what is at a path; raise `Refused`, or `Unanswered` after the `patience` in `access`."""
        return self._patiently(lambda: self.once("GET", path))

    def put(self, path: str, body: Any) -> Any:
        """Put a body that may be put twice, with retries as in `get`."""
        return self._patiently(lambda: self.once("PUT", path, body))

    def once(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request once; raise `Unanswered` if its result is unknown."""
        try:
            return self._asked(method, f"{self._base}/{path}", body, self._token)
        except Refused as error:
            if error.code != http.HTTPStatus.UNAUTHORIZED:
                raise
        self._token = self._signed_in()
        return self._asked(method, f"{self._base}/{path}", body, self._token)

    def _signed_in(self) -> str:
        """Return a new token. Fuel's keystone is at the same address; all versions of it support v2.0."""
        access, url = self._access, urlsplit(self._base)
        who = {"username": access["username"], "password": access["password"]}
        body = {"auth": {"tenantName": access["project"], "passwordCredentials": who}}
        where = f"{url.scheme}://{url.netloc}/keystone/v2.0/tokens"
        try:
            answer = self._patiently(lambda: self._asked("POST", where, body, ""))
            return str(answer["access"]["token"]["id"])
        except (KeyError, TypeError) as error:
            raise RallycrossError(f"{where} does not return a token - check `api_url`") from error
        except Refused as error:
            if error.code != http.HTTPStatus.UNAUTHORIZED:
                raise
            raise RallycrossError(
                f"Fuel at {self._base} refuses the sign-in of {access['username']} - set `username`, `password` and"
                " `project` of Fuel's own administrator"
            ) from error

    def _asked(self, method: str, url: str, body: Any, token: str) -> Any:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if token:
            headers["X-Auth-Token"] = token
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310 - `api_url` is checked
        try:
            with self._opener.open(request, timeout=self._limit) as answer:
                text = _whole(answer)
            return json.loads(text) if text.strip() else None
        except urllib.error.HTTPError as error:
            with error:
                said = _message(error)
            if error.code in _AWAY:
                raise Unanswered(f"Fuel at {self._base} is away: {error.code} {said}") from error
            raise Refused(f"Fuel refuses {method} {urlsplit(url).path}: {error.code} {said}", error.code) from error
        except (OSError, http.client.HTTPException, ValueError, RecursionError) as error:
            reason = getattr(error, "reason", None) or error or type(error).__name__
            if isinstance(reason, TimeoutError):
                reason = f"nothing within {self._limit:g} s (RALLYCROSS_FUEL_LIMIT)"
            raise Unanswered(f"Fuel at {self._base} does not answer: {reason} - check `api_url`") from error

    def _patiently(self, ask: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + self._patience
        while True:
            try:
                return ask()
            except Unanswered:
                if time.monotonic() > deadline:
                    raise
                time.sleep(_PAUSE)


def _whole(answer: http.client.HTTPResponse) -> bytes:
    most = settings().answer_limit
    text = answer.read(most + 1)
    if len(text) > most:
        raise ValueError(f"its answer has more than {most} bytes (RALLYCROSS_ANSWER_LIMIT)")
    return text


def _message(error: urllib.error.HTTPError) -> str:
    """Return Nailgun's message in an error: its body is JSON with `message`, or plain text."""
    try:
        text = error.read(_LONGEST_ERROR).decode(errors="replace").strip()
    except (OSError, http.client.HTTPException):
        return str(error.reason)
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return text or str(error.reason)
    return str(said.get("message") or said) if isinstance(said, dict) else str(said)
