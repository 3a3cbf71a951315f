"""Invalid answers, temporary failures and slow answers, for all clients."""

import asyncio
import gzip
import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from email.utils import formatdate
from typing import Any

import pytest
from fault_proxy import (
    Act,
    Fault,
    FaultProxy,
    cut,
    endless,
    paged,
    reset,
    says,
    silence,
    status,
    trickle,
    with_headers,
)
from hypothesis import given
from hypothesis import strategies as st
from keystoneauth1.exceptions import ConnectTimeout
from small_cloud import SmallCloud

from rallycross.cloud.access import SignIn
from rallycross.cloud.api import Api
from rallycross.cloud.client import Client, open_http
from rallycross.cloud.cloud import Cloud
from rallycross.cloud.errors import ApiError, BadAnswer, SignInFailed, Unreachable
from rallycross.cloud.inventory import facts
from rallycross.cloud.retrying import asked_to_wait, pause
from rallycross.cloud.session import CloudSession
from rallycross.errors import RallycrossError

SERVERS = "^GET /compute/v2.1/servers"
FLAVORS = "^GET /compute/v2.1/flavors"
TOKENS = "^POST /identity/v3/auth/tokens"


@pytest.fixture
def proxy(small_cloud: SmallCloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultProxy]:
    """Stand before a small cloud, whose users have little patience."""
    monkeypatch.setenv("RALLYCROSS_API_PATIENCE", "2")
    monkeypatch.setenv("RALLYCROSS_ANSWER_LIMIT", "1")
    with FaultProxy(small_cloud.url) as proxy:
        yield proxy


def by_the_load(cloud: Cloud) -> Any:
    """List servers as a scenario does."""

    async def main() -> Any:
        with ThreadPoolExecutor(1) as threads:
            async with open_http(cloud) as http:
                client = Client(SignIn(cloud), http, threads)
                return (await client.request("GET", "compute", "/servers"))["servers"]

    return asyncio.run(main())


def by_contexts(cloud: Cloud) -> Any:
    """List servers as contexts and cleaning do."""
    return Api(cloud.connect()).list("compute", "/servers", "servers")


def by_the_sdk(cloud: Cloud) -> Any:
    """List servers as the inventory, verifications and providers do."""
    return list(cloud.connect().compute.servers(details=False))


async def bomb(request: Any, forward: Any, connection: Any) -> Any:
    """Answer with little that unpacks to much."""
    answer = await says(gzip.compress(b" " * 10**7))(request, forward, connection)
    assert answer
    answer.headers.append(("Content-Encoding", "gzip"))
    return answer


WAYS = {"load": by_the_load, "contexts": by_contexts, "sdk": by_the_sdk}
BAD: dict[str, tuple[Act, str]] = {
    "html": (says(b"<html>hello</html>", "text/html"), "is not JSON but text/html; it begins '<html>hello"),
    "html called json": (says(b"<html>hello</html>"), "is not complete JSON; it begins '<html>hello"),
    "truncated JSON": (says(b'{"servers": [{"id"'), 'is not complete JSON; it begins \'{"servers"'),
    "null": (says(b"null"), "neither an object nor a list; it begins 'null'"),
    "a number": (says(b"7"), "neither an object nor a list"),
    "a list": (says(b"[]"), "a list of 0 instead of an object with 'servers'"),
    "another key": (says(b'{"volumes": []}'), "has no 'servers', only 'volumes'"),
    "null in a key": (says(b'{"servers": null}'), "null for 'servers'"),
    "no object": (says(b"{}"), "has no 'servers', only nothing"),
    "not UTF-8": (says(b"\xff\xfe\x00"), "is not complete JSON"),
    "too deep": (says(b"[" * 100000), "is not complete JSON"),
    "empty": (says(b""), "the answer is empty"),
    "no content": (status(204, b""), "the answer is empty"),
    "cut short": (cut, "is incomplete"),
    "bad gzip": (with_headers(("Content-Encoding", "gzip")), "cannot be decompressed"),
    "a bomb": (bomb, "has more than 1000000 bytes"),
    "endless": (endless, r"has more than 1000000 bytes \(RALLYCROSS_ANSWER_LIMIT\)"),
    "choices": (status(300, b"{}"), "the answer has no"),
    "redirect without aim": (status(302, b""), "redirects to nowhere"),
    "redirect elsewhere": (
        status(302, b"", Location="http://elsewhere.invalid/compute/v2.1/servers"),
        "redirects to 'http://elsewhere.invalid/compute/v2.1/servers', which must not get",
    ),
    "null for a thing": (says(b'{"servers": [null]}'), "the list 'servers' of the answer has null instead of an"),
    "a number for a thing": (says(b'{"servers": [NaN]}'), "the list 'servers' of the answer has a number instead"),
    "null beside another key": (
        says(b'{"servers": null, "servers_links": []}'),
        "the answer has null instead of the list 'servers'",
    ),
    "a text for the list": (says(b'{"servers": "x"}'), "the answer has a text instead of the list 'servers'"),
    "redirect to no URL": (
        status(302, b"", Location="http://[::1"),
        "redirects to 'http://\\[::1', which is not a URL",
    ),
    "redirect to itself": (status(302, b"", Location="/compute/v2.1/servers"), "is a redirect, after 5 others"),
}


@pytest.mark.parametrize(
    ("way", "kind"),
    # openstacksdk takes some for an empty list
    [
        (way, kind)
        for way in WAYS
        for kind in BAD
        if way != "sdk" or kind not in {"choices", "no object", "another key"}
    ],
)
def test_an_answer_that_is_not_what_it_should_be_is_an_error_of_the_api(
    proxy: FaultProxy, small_cloud: SmallCloud, way: str, kind: str
) -> None:
    """An invalid answer is a `BadAnswer` with method, URL, status, beginning and request id, in every client."""
    act, message = BAD[kind]
    cloud = proxy.cloud(small_cloud.cloud())
    proxy.faults.append(Fault(act, SERVERS, times=-1))
    with pytest.raises(BadAnswer, match=f"GET {proxy.url}/compute/v2.1/servers.*: [23].. .*{message}") as caught:
        WAYS[way](cloud)
    assert caught.value.method == "GET"
    assert 200 <= caught.value.status < 400
    if "req-strange" in str(caught.value):
        assert caught.value.request_id == "req-strange"


@pytest.mark.parametrize("kind", sorted(BAD.keys() - {"choices", "no object", "redirect to itself"}))
def test_a_sign_in_that_is_answered_strangely_says_so(
    proxy: FaultProxy, small_cloud: SmallCloud, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """The error of a sign-in with an invalid answer names the user, the address and the answer."""
    monkeypatch.setenv("RALLYCROSS_API_PATIENCE", "0")
    proxy.faults.append(Fault(BAD[kind][0], TOKENS, times=-1))
    cloud = proxy.cloud(small_cloud.cloud())
    with pytest.raises(SignInFailed, match=f"admin cannot sign in at {proxy.url}/identity/v3: ") as caught:
        facts(cloud, ["flavor"])
    assert "secret" not in str(caught.value).replace("what may be secret", "")
    with pytest.raises(RallycrossError, match="sign in"):
        Api(cloud.connect())


def test_the_inventory_says_what_was_strange(proxy: FaultProxy, small_cloud: SmallCloud) -> None:
    """The inventory's error names the cloud and the request that was answered with HTML."""
    proxy.faults.append(Fault(says(b"<html>", "text/html"), FLAVORS, times=-1))
    with pytest.raises(
        SignInFailed, match=r"cloud small: its services and resources cannot be listed: GET .*/flavors.*text/html"
    ):
        facts(proxy.cloud(small_cloud.cloud()), ["flavor"])


def test_what_may_be_a_secret_is_not_shown(proxy: FaultProxy, small_cloud: SmallCloud) -> None:
    """If the beginning of an answer may have a secret, the error has only its length."""
    proxy.faults.append(Fault(says(b'{"keypair": {"private_key": "-----BEGIN hush'), SERVERS))
    with pytest.raises(BadAnswer, match="with something that may be secret, and is 44 bytes long") as caught:
        by_the_load(proxy.cloud(small_cloud.cloud()))
    assert "hush" not in str(caught.value)


PASSING: dict[str, Act] = {
    "429": status(429, Retry_After="0"),
    "429 with a date": status(429, Retry_After=formatdate(0, usegmt=True)),
    "429 with nonsense": status(429, Retry_After="soon"),
    "502": status(502),
    "503": status(503),
    "504": status(504),
    "reset": reset,
    "cut short": cut,
    "html": says(b"<html>", "text/html"),
}


@pytest.mark.parametrize(
    ("way", "kind"),
    # openstacksdk reads JSON when the request is over
    [(way, kind) for way in ("contexts", "sdk") for kind in PASSING if (way, kind) != ("sdk", "html")],
)
def test_what_fails_in_passing_is_asked_again(proxy: FaultProxy, small_cloud: SmallCloud, way: str, kind: str) -> None:
    """Contexts, clean-up, inventory and sign-in succeed at the next attempt."""
    proxy.faults += [Fault(PASSING[kind], TOKENS), Fault(PASSING[kind], SERVERS, times=2)]
    if kind == "html":
        proxy.faults = proxy.faults[1:]
    assert WAYS[way](proxy.cloud(small_cloud.cloud())) == []
    assert len([one for one in proxy.requests if re.match(SERVERS, one)]) == 3


@pytest.mark.parametrize("kind", PASSING)
def test_a_load_repeats_nothing(proxy: FaultProxy, small_cloud: SmallCloud, kind: str) -> None:
    """A request of the load is sent only once."""
    proxy.faults.append(Fault(PASSING[kind], SERVERS))
    with pytest.raises((ApiError, Unreachable)):
        by_the_load(proxy.cloud(small_cloud.cloud()))
    assert len([one for one in proxy.requests if re.match(SERVERS, one)]) == 1


def test_patience_has_an_end_and_is_spent_once(
    proxy: FaultProxy, small_cloud: SmallCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Retries of a request end; while no request succeeds, others are not retried as long."""
    monkeypatch.setenv("RALLYCROSS_API_PATIENCE", "5")
    api = Api(proxy.cloud(small_cloud.cloud()).connect())
    proxy.faults.append(Fault(status(503), times=-1))
    attempts = []
    for _ in range(3):
        before = len(proxy.requests)
        with pytest.raises(ApiError, match="503"):
            api.get("compute", "/servers")
        attempts.append(len(proxy.requests) - before)
    assert attempts[0] > 2
    assert attempts[1:] == [1, 1]
    proxy.faults.clear()
    api.get("compute", "/servers")
    proxy.faults.append(Fault(status(503), times=1))
    api.get("compute", "/servers")


@pytest.mark.parametrize(("act", "sent"), [(status(429, Retry_After="0"), 2), (status(503), 1), (reset, 1), (cut, 1)])
def test_a_create_is_sent_again_only_where_it_was_certainly_not_done(
    proxy: FaultProxy, small_cloud: SmallCloud, act: Act, sent: int
) -> None:
    """A create is retried after a rate limit, and not if its outcome is unknown."""
    proxy.faults.append(Fault(act, "^POST /compute"))
    api = Api(proxy.cloud(small_cloud.cloud()).connect())
    try:
        api.post("compute", "/servers", {"server": {"name": "a"}})
    except (ApiError, Unreachable):
        assert sent == 1
    assert len([one for one in proxy.requests if one.startswith("POST /compute")]) == sent


def test_a_cloud_that_is_not_there_for_a_while_is_waited_for(
    small_cloud: SmallCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refused connection is retried, also for a create, which has not reached the cloud."""
    monkeypatch.setenv("RALLYCROSS_API_PATIENCE", "0.5")
    api = Api(small_cloud.cloud().connect())
    api._endpoints["compute"] = "http://127.0.0.1:9"
    with pytest.raises(Unreachable, match=r"POST http://127\.0\.0\.1:9/servers") as caught:
        api.post("compute", "/servers", {})
    assert not caught.value.sent


SLOW: dict[str, Act] = {
    "silence": silence,
    "a dripping body": trickle(0.2),
    "a dripping head": trickle(0.2, head=True),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", SLOW)
def test_every_request_has_an_end(
    proxy: FaultProxy, small_cloud: SmallCloud, monkeypatch: pytest.MonkeyPatch, way: str, kind: str
) -> None:
    """The time limit holds for answers of any slowness, and the error names it."""
    monkeypatch.setenv("RALLYCROSS_API_PATIENCE", "0")
    monkeypatch.setenv("RALLYCROSS_REQUEST_LIMIT", "0.6")
    proxy.faults.append(Fault(SLOW[kind], SERVERS, times=-1))
    with pytest.raises(
        Exception, match=f"{proxy.url}/compute/v2.1/servers.*no complete answer within 0.6 s .RALLYCROSS_REQUEST_LIMIT"
    ):
        WAYS[way](proxy.cloud(small_cloud.cloud()))


@pytest.mark.parametrize("kind", SLOW)
def test_a_sign_in_has_an_end(
    proxy: FaultProxy, small_cloud: SmallCloud, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """A sign-in without an answer ends at the time limit."""
    monkeypatch.setenv("RALLYCROSS_API_PATIENCE", "0")
    monkeypatch.setenv("RALLYCROSS_REQUEST_LIMIT", "0.6")
    proxy.faults.append(Fault(SLOW[kind], TOKENS, times=-1))
    with pytest.raises(SignInFailed, match="timed out"):
        facts(proxy.cloud(small_cloud.cloud()), ["flavor"])


@pytest.mark.parametrize("way", WAYS)
def test_a_flood_of_headers_is_no_answer(proxy: FaultProxy, small_cloud: SmallCloud, way: str) -> None:
    """Too many or too long headers are an error that names the request."""
    flood = [(f"X-{number}", "y" * 60000) for number in range(300)]
    proxy.faults.append(Fault(with_headers(*flood), SERVERS, times=-1))
    with pytest.raises(Exception, match=f"{proxy.url}/compute/v2.1/servers"):
        WAYS[way](proxy.cloud(small_cloud.cloud()))


def test_a_token_that_runs_out_is_renewed(proxy: FaultProxy, small_cloud: SmallCloud) -> None:
    """After a 401 during a run, contexts sign in again and repeat the request."""
    proxy.faults.append(Fault(status(401), SERVERS))
    assert by_contexts(proxy.cloud(small_cloud.cloud())) == []
    assert len([one for one in proxy.requests if re.match(TOKENS, one)]) == 2


Link = Callable[[Any, list[Any]], str]


@pytest.mark.parametrize(
    ("link", "message"),
    [
        (lambda request, _: f"http://h{request.target}", "repeats itself: a page leads to itself, 'http://127.0.0.1"),
        (lambda request, _: f"/x?marker={'ab'[request.query.get('marker') == 'a']}", "pages with nothing new lead to"),
        (lambda request, _: f"/x?turn={request.query.get('turn', '')}1&marker=none", "pages with nothing new lead to"),
    ],
)
def test_a_list_that_does_not_come_on_is_an_error(
    proxy: FaultProxy, small_cloud: SmallCloud, link: Link, message: str
) -> None:
    """A page that leads to itself, a circle, and pages that are all the same are errors."""
    small_cloud.things["flavors"] = {str(number): {"id": str(number), "name": "s"} for number in range(9)}
    proxy.faults.append(Fault(paged(2, link=link), FLAVORS, times=-1))
    with pytest.raises(BadAnswer, match=message):
        Api(proxy.cloud(small_cloud.cloud()).connect()).list("compute", "/flavors", "flavors")
    assert len(proxy.requests) < 20


def of_the_sdk(proxy: FaultProxy, cloud: SmallCloud, links: Any) -> list[Any]:
    """List servers of which the first page has these links."""
    body = {"servers": [{"id": "a", "name": "a"}], "servers_links": links}
    proxy.faults.append(Fault(says(json.dumps(body).encode()), SERVERS, times=1))
    return by_the_sdk(proxy.cloud(cloud.cloud()))


@pytest.mark.parametrize("host", ["http://elsewhere.invalid", "https://elsewhere.invalid:1/prefix", "file://", ""])
def test_the_sdk_goes_to_no_other_host_for_a_page(proxy: FaultProxy, small_cloud: SmallCloud, host: str) -> None:
    """Only the parameters of a link are used, so no other host gets the token."""
    found = of_the_sdk(proxy, small_cloud, [{"rel": "next", "href": f"{host}/x?marker=a"}])
    assert [server.id for server in found] == ["a"]
    assert [one for one in proxy.requests if "marker" in one] == ["GET /compute/v2.1/servers?marker=a"]


@pytest.mark.parametrize(
    "links", ["x", 5, [None], ["x"], [{"rel": "next", "href": 5}], [{"rel": "next", "href": "//["}]]
)
def test_links_that_are_none_are_told_of_the_sdks_lists(proxy: FaultProxy, small_cloud: SmallCloud, links: Any) -> None:
    """Invalid links are errors with method, URL and status; a list without links is complete."""
    with pytest.raises(BadAnswer, match=r"GET .*/servers: 200 the (answer has no links|link to the next page)"):
        of_the_sdk(proxy, small_cloud, links)
    for none in (None, [], [{"rel": "self", "href": "x"}], {"next": None}):
        assert [server.id for server in of_the_sdk(proxy, small_cloud, none)] == ["a"]


def test_a_list_of_the_sdks_comes_on_or_ends(
    proxy: FaultProxy, small_cloud: SmallCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Circular and endless lists are errors; the same list can be requested many times."""
    monkeypatch.setenv("RALLYCROSS_LIST_PAGES", "5")
    small_cloud.things["flavors"] = {str(number): {"id": str(number), "name": "s"} for number in range(9)}
    sdk = proxy.cloud(small_cloud.cloud()).connect().compute
    proxy.faults.append(Fault(paged(2), FLAVORS, times=-1))
    for _ in range(3):
        assert len(list(sdk.flavors(details=False))) == 9
    proxy.faults[:] = [Fault(paged(1), FLAVORS, times=-1)]
    with pytest.raises(BadAnswer, match=r"the list has more than 5 pages \(RALLYCROSS_LIST_PAGES\)"):
        list(sdk.flavors(details=False))
    turns: Link = lambda request, _: f"/x?marker={'ab'[request.query.get('marker') == 'a']}"  # noqa: E731
    proxy.faults[:] = [Fault(paged(1, link=turns), FLAVORS, times=-1)]
    with pytest.raises(BadAnswer, match="the list repeats itself: its pages lead to 'a' again"):
        list(sdk.flavors(details=False))


def test_a_list_has_so_many_pages_and_no_more(
    proxy: FaultProxy, small_cloud: SmallCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The number of pages of a list has a configurable limit."""
    monkeypatch.setenv("RALLYCROSS_LIST_PAGES", "5")
    small_cloud.things["flavors"] = {str(number): {"id": str(number), "name": "s"} for number in range(9)}
    proxy.faults.append(Fault(paged(1), FLAVORS, times=-1))
    with pytest.raises(BadAnswer, match=r"the list has more than 5 pages \(RALLYCROSS_LIST_PAGES\)"):
        Api(proxy.cloud(small_cloud.cloud()).connect()).list("compute", "/flavors", "flavors")


def test_a_list_is_asked_on_where_the_catalog_says(proxy: FaultProxy, small_cloud: SmallCloud) -> None:
    """Links often name hosts that nobody reaches: of them the marker counts, the token goes to the endpoint alone.

    Things that are on two pages are there once.
    """
    small_cloud.things["flavors"] = {str(number): {"id": str(number), "name": "s"} for number in range(9)}
    proxy.faults.append(Fault(paged(2, twice=True), FLAVORS, times=-1))
    found = Api(proxy.cloud(small_cloud.cloud()).connect()).list("compute", "/flavors", "flavors")
    assert [flavor["id"] for flavor in found] == [str(number) for number in range(9)]


@given(st.one_of(st.none(), st.text(), st.integers().map(str), st.floats(0, 1e11).map(formatdate)))
def test_any_retry_after_is_understood(header: str | None) -> None:
    """Any header gives a non-negative number of seconds, and the pause is bounded."""
    seconds = asked_to_wait(header, 1e9)
    assert seconds >= 0
    assert 0 < pause(0, seconds, 0.5) <= 33


def test_retry_after_is_seconds_or_a_date() -> None:
    """Both forms of the header are understood."""
    assert asked_to_wait("7", 0) == 7
    assert asked_to_wait(formatdate(1000, usegmt=True), 990) == 10
    assert asked_to_wait(formatdate(1000, usegmt=True), 2000) == 0
    assert pause(0, 7, 0.0) == 7
    assert [pause(attempt, 0, 0.0) for attempt in range(4)] == [0.25, 0.5, 1, 2]


def test_a_handshake_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """An endless TLS handshake ends at the time limit."""
    monkeypatch.setenv("RALLYCROSS_API_PATIENCE", "0")
    monkeypatch.setenv("RALLYCROSS_REQUEST_LIMIT", "0.6")
    over = threading.Event()

    def drip(server: socket.socket) -> None:
        with suppress(OSError):
            client, _ = server.accept()
            with client:
                client.sendall(b"\x16\x03\x03\x40\x00")  # a part of a handshake begins, of 16,384 bytes
                while not over.wait(0.1):
                    client.sendall(b"\x02")

    with socket.create_server(("127.0.0.1", 0)) as server:
        dripping = threading.Thread(target=drip, args=(server,))
        dripping.start()
        try:
            url = f"https://127.0.0.1:{server.getsockname()[1]}/v3"
            with pytest.raises(ConnectTimeout, match=r"no complete answer within 0\.6 s \(RALLYCROSS_REQUEST"):
                CloudSession(verify=False).get(url, authenticated=False)
        finally:
            over.set()
            dripping.join(30)
    assert not dripping.is_alive()
