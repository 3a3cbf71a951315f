"""Requests to any HTTP server, against a real one on loopback."""

import asyncio
from typing import Any

import pytest
from aiohttp import web

from rallycross.catalogue import known
from rallycross.load.iteration import Iteration
from rallycross.load.web import open_web
from rallycross.scenario.scenario import SCENARIOS
from rallycross.task.file import load

SEEN = web.AppKey("SEEN", list)
PEER = web.RequestKey("PEER", tuple)


async def answer(request: web.Request) -> web.StreamResponse:
    """Remember a request and whence it came, and answer with the status of its path and a cookie, perhaps slowly."""
    assert request.transport is not None  # afterwards it is
    request[PEER] = request.transport.get_extra_info("peername")
    request.app[SEEN].append((request, await request.text()))
    if request.path == "/slow":
        await asyncio.sleep(30)
    if request.path.startswith("/endless"):
        endless = web.StreamResponse()
        if request.path == "/endless/packed":
            endless.enable_compression(web.ContentCoding.gzip)
        await endless.prepare(request)
        while True:
            await endless.write(bytes(100_000))
    if request.path == "/moved":
        raise web.HTTPFound("/200")
    response = web.Response(status=int(request.path.strip("/")))
    response.set_cookie("seen", "before")
    return response


def run(name: str, *paths: str, times: int = 1, **args: Any) -> tuple[Iteration, list[tuple[web.Request, str]]]:
    """Run iterations against a server; return the last, and each request with its body. `{}` in args is its URL."""

    async def main() -> tuple[Iteration, list[tuple[web.Request, str]]]:
        app = web.Application()
        app[SEEN] = []
        app.router.add_route("*", "/{path:.*}", answer)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        url = f"http://localhost:{runner.addresses[0][1]}"
        where: dict[str, Any] = {"url": url + paths[0]} if name.endswith("check_request") else {}
        if not where:
            where = {"requests": [{"url": url + path, "method": "GET", **more} for path, more in args.pop("each")]}
        try:
            async with open_web() as http:
                for number in range(times):
                    iteration = Iteration(number, asyncio.get_running_loop().time)
                    iteration.http = http
                    await SCENARIOS[name].function(iteration, **where, **args)
                return iteration, app[SEEN]
        finally:
            await runner.cleanup()

    return asyncio.run(main())


@pytest.mark.parametrize("method", ["GET", "post", "HEAD", "DELETE"])
def test_the_expected_status_passes(method: str) -> None:
    """A request with the expected status passes and is timed as Rally's action; the method's case does not matter."""
    iteration, [(request, _)] = run("HttpRequests.check_request", "/204", method=method, status_code=204)
    assert request.method == method.upper()
    assert [action.name for action in iteration.actions] == ["requests.check_request"]


def test_another_status_fails_the_action() -> None:
    """An unexpected status fails the iteration, and the error has it."""
    with pytest.raises(ValueError, match="answered 503, expected 200"):
        run("HttpRequests.check_request", "/503", method="GET", status_code=200)


def test_options_are_those_of_requests() -> None:
    """Parameters, headers, cookies, forms and basic auth are sent as by Python's `requests`."""
    _, [(request, body)] = run(
        "HttpRequests.check_request",
        "/200",
        method="POST",
        status_code=200,
        params={"a": [1, True], "b": None},
        headers={"X-One": "1"},
        cookies={"c": "d"},
        data={"e": 1},
        auth=["me", "secret"],
    )
    assert request.query_string == "a=1&a=True"
    assert request.headers["X-One"] == "1"
    assert request.cookies["c"] == "d"
    assert (request.content_type, body) == ("application/x-www-form-urlencoded", "e=1")
    assert request.headers["Authorization"] == "Basic bWU6c2VjcmV0"


def test_redirects_are_followed_unless_told_not_to() -> None:
    """A redirect is followed as in `requests`; with `allow_redirects: false` it is the answer."""
    _, seen = run("HttpRequests.check_request", "/moved", method="GET", status_code=200)
    assert len(seen) == 2
    _, seen = run("HttpRequests.check_request", "/moved", method="GET", status_code=302, allow_redirects=False)
    assert len(seen) == 1


def test_a_timeout_ends_the_wait() -> None:
    """A server that does not answer within `timeout` fails the iteration."""
    with pytest.raises(TimeoutError):
        run("HttpRequests.check_request", "/slow", method="GET", status_code=200, timeout=0.1)


@pytest.mark.parametrize("path", ["/endless", "/endless/packed"])
def test_an_answer_without_end_fails_the_iteration(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    """An answer above the limit fails the iteration, compressed or not."""
    monkeypatch.setattr("rallycross.scenarios.requests._most_bytes", lambda: 1_000_000)
    with pytest.raises(ValueError, match=r"has more than 1000000 bytes \(RALLYCROSS_ANSWER_LIMIT\)"):
        run("HttpRequests.check_request", path, method="GET", status_code=200)


def test_one_of_several_requests_is_sent() -> None:
    """Each iteration sends a random request and expects its own status, or else the common one."""
    _, seen = run(
        "HttpRequests.check_random_request",
        each=[("/200", {}), ("/404", {"status_code": 404})],
        status_code=200,
        times=60,
    )
    assert len(seen) == 60
    assert {request.path for request, _ in seen} == {"/200", "/404"}


def test_iterations_share_connections_and_no_cookies() -> None:
    """Iterations of a process share a connection, and no cookies."""
    _, seen = run("HttpRequests.check_request", "/200", method="GET", status_code=200, times=5)
    assert len(seen) == 5
    assert len({request[PEER] for request, _ in seen}) == 1
    assert [dict(request.cookies) for request, _ in seen] == [{}] * 5


@pytest.mark.parametrize(
    ("scenario", "what"),
    [
        ("HttpRequests.check_request: {url: u, method: GET}", "lacks the argument 'status_code'"),
        ("HttpRequests.check_request: {url: u, method: GET, status_code: 200, timout: 1}", "did you mean timeout"),
        ("HttpRequests.check_random_request: {requests: [], status_code: 200}", "must have 1 or more items"),
        ("HttpRequests.check_random_request: {requests: [{url: u}], status_code: 200}", "lacks the key 'method'"),
    ],
)
def test_bad_arguments_are_told_before_the_load(scenario: str, what: str) -> None:
    """Invalid arguments of requests are errors in the task file."""
    text = f"version: 2\ntitle: t\nsubtasks:\n- title: s\n  scenario: {{{scenario}}}\n"
    with pytest.raises(Exception, match=what):
        load(text, known=known())
