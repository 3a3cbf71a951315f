"""The async client and signing in, against a small cloud."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from small_cloud import SmallCloud

from rallycross.cloud.access import SignIn
from rallycross.cloud.answers import message_of
from rallycross.cloud.client import Client, open_http
from rallycross.cloud.cloud import Cloud
from rallycross.cloud.errors import ApiError, SignInFailed, Unreachable


def with_client(cloud: Cloud, use: Callable[[Client], Awaitable[Any]]) -> Any:
    """Return what `use` returns of a client of the cloud."""

    async def main() -> Any:
        with ThreadPoolExecutor(4) as threads:
            async with open_http(cloud) as http:
                return await use(Client(SignIn(cloud), http, threads))

    return asyncio.run(main())


def test_many_requests_sign_in_once(small_cloud: SmallCloud) -> None:
    """Requests that begin at the same time share one sign-in, and all get their answers."""

    async def use(client: Client) -> list[Any]:
        return await asyncio.gather(*(client.request("GET", "compute", "/servers") for _ in range(10)))

    assert with_client(small_cloud.cloud(), use) == [{"servers": []}] * 10
    assert small_cloud.sent() == {"POST identity": 1, "GET compute": 10}


def test_a_token_that_is_no_longer_known_is_replaced_once(small_cloud: SmallCloud) -> None:
    """After a 401 the user signs in again and the request is sent again; a second 401 is the answer."""

    async def use(client: Client) -> Any:
        await client.access()
        small_cloud.tokens.clear()
        answers = await asyncio.gather(*(client.request("GET", "compute", "/servers") for _ in range(3)))
        small_cloud.refuse["GET compute"] = 401
        with pytest.raises(ApiError, match="401"):
            await client.request("GET", "compute", "/servers")
        return answers

    assert with_client(small_cloud.cloud(), use) == [{"servers": []}] * 3
    assert small_cloud.sent()["POST identity"] == 3  # at first; for all three together; after the refusal


def test_an_error_says_what_was_asked_and_what_the_cloud_said(small_cloud: SmallCloud) -> None:
    """The error of a refused request has method, URL, status, message and request id."""
    small_cloud.refuse["POST compute"] = 409

    async def use(client: Client) -> ApiError:
        with pytest.raises(ApiError) as caught:
            await client.request("POST", "compute", "/servers", body={"server": {}})
        return caught.value

    error = with_client(small_cloud.cloud(), use)
    assert (error.method, error.status, error.message) == ("POST", 409, "as you wish")
    assert error.request_id.startswith("req-")
    assert str(error) == f"POST {small_cloud.url}/compute/v2.1/servers: 409 as you wish"


def test_a_cloud_that_does_not_answer_is_unreachable(small_cloud: SmallCloud) -> None:
    """A refused connection is an error with method and URL."""

    async def use(client: Client) -> None:
        access = await client.access()
        access.endpoints["compute"] = "http://127.0.0.1:9"
        with pytest.raises(Unreachable, match=r"GET http://127\.0\.0\.1:9/servers"):
            await client.request("GET", "compute", "/servers")

    with_client(small_cloud.cloud(), use)


def test_a_service_that_the_catalog_lacks_is_told(small_cloud: SmallCloud) -> None:
    """The error names the missing service and the services in the catalog."""

    async def use(client: Client) -> None:
        with pytest.raises(SignInFailed, match="'dns' - it has: block-storage, compute, identity"):
            await client.request("GET", "dns", "/zones")

    with_client(small_cloud.cloud(), use)


def test_a_wrong_password_names_user_and_place(small_cloud: SmallCloud) -> None:
    """The error of a failed sign-in names the user and the address, and not the password."""
    with pytest.raises(SignInFailed, match=f"admin cannot sign in at {small_cloud.url}") as caught:
        SignIn(small_cloud.cloud(password="wr0ng-one"))()
    assert "wr0ng-one" not in str(caught.value)


@pytest.mark.parametrize(
    "config",
    [{"auth_type": "nonesuch", "auth": {}}, {"auth_type": "none", "auth": {"endpoint": "http://127.0.0.1:9"}}],
)
def test_an_entry_that_cannot_be_used_is_told(config: dict[str, Any]) -> None:
    """An unknown or unusable auth type is an error that names the cloud."""
    with pytest.raises(SignInFailed, match="cloud C: its "):
        SignIn(Cloud("C", config))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"itemNotFound": {"message": "no server", "code": 404}}', "no server"),
        (b'{"NeutronError": {"type": "X", "message": "in use", "detail": ""}}', "in use"),
        (b'{"error": {"code": 401, "message": "who?", "title": "Unauthorized"}}', "who?"),
        (b'{"message": "plain"}', "plain"),
        (b'{"badRequest": "short"}', "short"),
        (b"<html>nginx</html>", "Bad Gateway"),
        (b"just text", "just text"),
        (b"", "Bad Gateway"),
        (b"[]", "Bad Gateway"),
        (b'{"a": {}}', "Bad Gateway"),
        (b"\xff\xfe", "\ufffd\ufffd"),
    ],
)
def test_every_services_message_is_found(body: bytes, message: str) -> None:
    """The message of each service's error format is found; without a body there is a default message."""
    assert message_of(body, "Bad Gateway") == message


def test_a_write_that_was_cut_short_is_answered_before_the_cleaning(
    small_cloud: SmallCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cancelled write returns at once; after `answered` the thing exists and can be deleted."""
    monkeypatch.setenv("RALLYCROSS_LATE_PATIENCE", "30")
    small_cloud.delay["POST network"] = 0.5

    async def use(client: Client) -> list[int]:
        await client.access()
        body = {"network": {"name": "n"}}
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.request("POST", "network", "/networks", body=body), 0.1)
        counts = [small_cloud.count("networks")]
        await client.answered()
        return [*counts, small_cloud.count("networks")]

    assert with_client(small_cloud.cloud(), use) == [0, 1]


def test_an_answer_that_does_not_come_is_not_waited_for_long(
    small_cloud: SmallCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wait for the answers to cancelled writes has a limit."""
    monkeypatch.setenv("RALLYCROSS_CUT_PATIENCE", "0.2")
    small_cloud.delay["POST network"] = 3600

    async def use(client: Client) -> None:
        await client.access()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.request("POST", "network", "/networks", body={"network": {}}), 0.1)
        await asyncio.wait_for(client.answered(), 60)

    with_client(small_cloud.cloud(), use)
