"""The rights of each role, and of users without a login, on every route of Airflow's API server with Rallycross."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from app_of_airflow import token
from starlette.routing import Mount

from rallycross.settings import CHECKOUT

ROLES = ("viewer", "user", "op", "admin")
PAGE = CHECKOUT / "docs/access-routes.md"
DOCUMENTATION = ("/docs", "/docs/oauth2-redirect", "/openapi.json", "/redoc")
# What those get who have not signed in: the page that asks them to, and whether the server lives.
PUBLIC = {
    "GET /{rest_of_path:path}",  # the UI's page, without any data
    "GET /static/{file}",  # Airflow's own scripts and pictures
    "GET /health",
    "GET /api/{_:path}",  # says that there is nothing
    "GET /api/v1/{_:path}",
    "GET /api/v2/monitor/health",
    "GET /api/v2/version",
    # Signing in and out.
    "GET /api/v2/auth/login",
    "GET /api/v2/auth/logout",
    "GET /auth/{rest_of_path:path}",
    "GET /auth/static/{file}",
    "POST /auth/token",
    "POST /auth/token/cli",
    # What Airflow's APIs are made of, which Airflow's documentation says too.
    *(f"GET {api}{page}" for api in ("", "/auth", "/execution") for page in DOCUMENTATION),
    "GET /execution/changelog",
    "GET /execution/health",
    "GET /execution/health/ping",
}
# Requests that Airflow looks into before it refuses them: one for several things, and the test of a connection.
_SEVERAL = {"actions": [{"action": "delete", "entities": ["1"], "action_on_non_existence": "skip"}]}
_BODIES = {"POST /api/v2/connections/enqueue-test": {"connection_id": "1", "conn_type": "http"}}
_HEAD = """# What each role may ask of the API server

Made by `tests/airflow/test_who_may_what.py`, which asks every route of this checkout's Airflow: without a login, and as
a user of each role of Airflow's SimpleAuthManager. **yes**: the request was let in; **-**: it was refused (401 without
a login, 403 as a role). Other auth managers, such as FAB's, have roles of their own: their Viewer, User, Op and Admin
are meant alike, and can be narrowed to single DAGs. [access.md](access.md) says what comes with each.

| route | no login | viewer | user | op | admin |
| --- | --- | --- | --- | --- | --- |
"""


def routes(app: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield method and path of all routes of an application, also of mounted ones."""
    for route in app.routes:
        if isinstance(route, Mount):
            if getattr(route.app, "routes", None):
                yield from routes(route.app, prefix + route.path)
            else:
                yield "GET", f"{prefix}{route.path}/{{file}}"
        elif hasattr(route, "original_router"):
            yield from routes(route.original_router, prefix)
        else:
            for method in sorted(getattr(route, "methods", None) or ()):
                if method not in {"HEAD", "OPTIONS"}:
                    yield method, prefix + route.path


def path(route: str) -> str:
    """Return a path of a route, with ids that do not exist."""
    parts = route.split("/")
    return "/".join("1" if part.startswith("{") else part.replace("{", "").replace("}", "") for part in parts)


def may(app: Any, method: str, route: str, headers: dict[str, str]) -> bool:
    """Tell whether a request is authorized, whatever its result."""
    body = _SEVERAL if method == "PATCH" and not route.endswith("}") else _BODIES.get(f"{method} {route}")
    code = app.request(method, path(route), headers=headers, json=body, follow_redirects=False).status_code
    return code not in {401, 403}


@pytest.fixture(name="table", scope="module")
def _table(app: Any) -> dict[str, tuple[bool, ...]]:
    """Request every route as every role, each time with a new token, since signing out ends one."""
    from airflow.api_fastapi.execution_api.routes import execution_api_router  # noqa: PLC0415 - slow

    found = {}
    whole = {
        *routes(app.app),
        *routes(execution_api_router, "/execution"),
    }
    for method, route in sorted(whole, key=lambda one: (one[1], one[0])):
        if may(app, method, route, {}):  # what anybody may, everybody may
            found[f"{method} {route}"] = (True,) * (1 + len(ROLES))
        else:
            roles = (may(app, method, route, token(role)) for role in ROLES)
            found[f"{method} {route}"] = (False, *roles)
    return found


def test_only_a_few_routes_are_open(table: dict[str, tuple[bool, ...]]) -> None:
    """Without a login only sign-in and health are available."""
    assert {route for route, (anybody, *_) in table.items() if anybody} == PUBLIC


def test_the_whole_server_was_asked(table: dict[str, tuple[bool, ...]]) -> None:
    """The table has the routes of the API, the UI, the workers and Rallycross."""
    counts = Counter(route.split(" ")[1].split("/")[1] for route in table)
    assert counts["api"] > 100
    assert counts["ui"] > 20
    assert counts["execution"] > 10
    assert counts["rallycross"] >= 1


def test_rallycross_shows_what_runs_may_be_read_by(table: dict[str, tuple[bool, ...]]) -> None:
    """Rallycross's pages require a login and the right to read runs, which viewers have; changes need more."""
    own = {route: may_ for route, may_ in table.items() if " /rallycross" in route}
    assert {may_ for route, may_ in own.items() if route.startswith("GET")} == {(False, True, True, True, True)}
    assert {may_ for route, may_ in own.items() if not route.startswith("GET")} == {(False, False, True, True, True)}


def test_more_rights_are_never_fewer(table: dict[str, tuple[bool, ...]]) -> None:
    """Each role has all rights of the role below."""
    assert [route for route, allowed in table.items() if sorted(allowed) != list(allowed)] == []


def test_the_page_says_what_is(table: dict[str, tuple[bool, ...]]) -> None:
    """The table in the documentation is the one that was found; where it is not, it is written anew."""
    rows = (
        f"| `{route}` | {' | '.join('yes' if one else '-' for one in allowed)} |\n" for route, allowed in table.items()
    )
    wanted, was = _HEAD + "".join(rows), PAGE.read_text() if PAGE.exists() else ""
    if wanted != was:
        PAGE.write_text(wanted)
    assert wanted == was, f"{PAGE} was not true: it has been written anew, look at what is different"
