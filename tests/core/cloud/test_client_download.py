"""Downloads of data by the async client, against a small cloud."""

import asyncio
import tracemalloc
from typing import Any

import pytest
from aiohttp import web
from small_cloud import SmallCloud

from rallycross.cloud.access import SignIn
from rallycross.cloud.client import Client, open_http
from rallycross.cloud.errors import ApiError, BadAnswer, Unreachable

MB = 1_000_000


@pytest.fixture
def cloud(small_cloud: SmallCloud) -> SmallCloud:
    """Return a cloud whose image `i1` has 60 MB of data; those of `cut` end too early, of `hung` never come."""

    async def data(request: web.Request, _: str, path: str) -> web.StreamResponse | None:
        image = path.removeprefix("/images/").removesuffix("/file")
        answer = web.StreamResponse(headers={"Content-Type": "application/octet-stream"})
        if image == "cut":
            answer.content_length = 2 * MB
        if image == "moved":
            return web.Response(status=302, headers={"Location": "http://elsewhere.invalid/"})
        if image not in {"i1", "cut", "hung"}:
            return web.json_response({"message": "no such image"}, status=404)
        await answer.prepare(request)
        if image == "hung":
            await asyncio.sleep(10)
        chunk = bytes(MB)
        for _number in range(60 if image == "i1" else 1):
            await answer.write(chunk)
        if image == "cut":
            assert request.transport
            request.transport.close()
        return answer

    small_cloud._special = data  # type: ignore[assignment,method-assign]
    return small_cloud


def download(cloud: SmallCloud, image: str, *, stale: bool = False) -> int:
    """Download the data of an image; with `stale`, by a token that the cloud no longer knows."""

    async def main() -> int:
        async with open_http(cloud.cloud()) as http:
            client = Client(SignIn(cloud.cloud()), http)
            await client.access()
            if stale:
                cloud.tokens.clear()
            return await client.download("image", f"/images/{image}/file")

    return asyncio.run(main())


def test_downloaded_data_are_not_kept_in_memory(cloud: SmallCloud) -> None:
    """The memory for a download does not grow with the size of the data."""
    tracemalloc.start()
    try:
        assert download(cloud, "i1") == 60 * MB
        assert tracemalloc.get_traced_memory()[1] < 20 * MB
    finally:
        tracemalloc.stop()


def test_a_download_signs_in_again(cloud: SmallCloud) -> None:
    """After a 401 the user signs in again, and the data are requested again."""
    assert download(cloud, "i1", stale=True) == 60 * MB
    assert cloud.sent() == {"POST identity": 2, "GET image": 2}


@pytest.mark.parametrize(
    ("image", "error", "said"),
    [
        ("none", ApiError, "404 no such image"),
        ("cut", BadAnswer, "is incomplete"),
        ("moved", BadAnswer, "is a redirect"),
    ],
)
def test_a_download_that_fails_says_why(image: str, error: Any, said: str, cloud: SmallCloud) -> None:
    """A refusal, data that end too early and a redirect are errors, each with its reason."""
    with pytest.raises(error, match=said):
        download(cloud, image)


def test_a_download_without_data_ends(cloud: SmallCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """A download is given up if no data come for some time."""
    monkeypatch.setenv("RALLYCROSS_DOWNLOAD_PATIENCE", "0.2")
    with pytest.raises(Unreachable, match=r"GET .*/images/hung/file: "):
        download(cloud, "hung")
