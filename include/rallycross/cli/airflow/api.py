"""A client of Airflow's REST API, as far as the command line needs it."""

import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from rallycross.errors import RallycrossError
from rallycross.settings import settings


class AirflowDidNotAnswer(RallycrossError):  # noqa: N818
    """The API server could not be reached, or answered with an error."""

    def __init__(self, message: str, code: int = 0) -> None:
        super().__init__(message)
        self.code = code  # the HTTP status; 0 = no answer at all


class AirflowAPI:
    """A session with one API server on loopback."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self.url = url
        self._login = {"username": user, "password": password}
        self._token = ""
        # A proxy in the user's environment cannot reach loopback.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def health(self) -> dict[str, Any]:
        """Return the components' health from the API server: `{"scheduler": {"status": "healthy", ...}, ...}`."""
        return self._call("GET", "/api/v2/monitor/health")

    def get(self, path: str) -> dict[str, Any]:
        """Return the JSON of `/api/v2` + `path`."""
        return self._signed_in("GET", path)

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Send JSON to `/api/v2` + `path`; return the answer's JSON."""
        return self._signed_in("POST", path, body)

    def patch(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Change the object at `/api/v2` + `path`; return the answer's JSON."""
        return self._signed_in("PATCH", path, body)

    def _signed_in(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        for _ in range(2):
            if not self._token:
                self._token = str(self._call("POST", "/auth/token", self._login)["access_token"])
            try:
                return self._call(method, f"/api/v2{path}", body)
            except AirflowDidNotAnswer as error:
                if error.code != 401:
                    raise
                self._token = ""  # it has expired, or the server has new keys
        raise AirflowDidNotAnswer(
            f"{self.url} does not accept the login of this checkout - try: ./rallycross down && ./rallycross up"
        )

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        limit = settings().airflow_limit
        request = urllib.request.Request(  # noqa: S310 - the URL is ours
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Accept": "application/json"}
            | ({"Authorization": f"Bearer {self._token}"} if self._token else {}),
        )
        try:
            with self._opener.open(request, timeout=limit) as answer:
                found: dict[str, Any] = json.load(answer)
                return found
        except urllib.error.HTTPError as error:
            detail = error.read().decode(errors="replace")
            raise AirflowDidNotAnswer(
                f"{method} {self.url}{path}: {error.code} {_detail(detail)}", error.code
            ) from error
        except TimeoutError as error:
            raise AirflowDidNotAnswer(
                f"{method} {self.url}{path}: no answer within {limit:g} s (RALLYCROSS_AIRFLOW_LIMIT)"
                " - see ./rallycross logs api-server"
            ) from error
        except (OSError, ValueError) as error:
            raise AirflowDidNotAnswer(
                f"{method} {self.url}{path}: {error} - see ./rallycross logs api-server"
            ) from error


def quoted(part: str) -> str:
    """Return `part`, quoted as one segment of a URL's path."""
    return urllib.parse.quote(part, safe="")


def _detail(text: str) -> str:
    try:
        detail = json.loads(text)["detail"]
    except (ValueError, KeyError, TypeError):
        return text[:500]
    return detail if isinstance(detail, str) else json.dumps(detail)
