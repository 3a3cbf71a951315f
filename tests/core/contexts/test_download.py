"""Downloading an image: its limits are settings, which errors name."""

import base64
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import quote, unquote

import pytest

from rallycross.context.context import SetUpFailed
from rallycross.contexts.images import _local

IMAGE = b"image" * 1000
PASSWORD = "Canary/7:Xk@9"
SIGNED_IN = "Basic " + base64.b64encode(f"me:{PASSWORD}".encode()).decode()


class Handler(BaseHTTPRequestHandler):
    """Sends an image: whole, byte by byte, or not at all."""

    over = threading.Event()
    asked: ClassVar[list[tuple[str, str]]] = []  # paths, each with what was said to sign in

    def do_GET(self) -> None:
        """Answer."""
        self.asked.append((self.path, self.headers.get("Authorization", "")))
        if self.path == "/closed" and self.headers.get("Authorization") != SIGNED_IN:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="images"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", unquote(self.path.removeprefix("/to/")))
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(IMAGE)))
        self.end_headers()
        for byte in IMAGE if self.path in {"/drips", "/silent"} else ():
            if self.over.wait(0.05 if self.path == "/drips" else 60):
                return
            self.wfile.write(bytes([byte]))
        self.wfile.write(b"" if self.path in {"/drips", "/silent"} else IMAGE)

    def log_message(self, *_: object) -> None:
        """Keep the tests' output clean."""


@pytest.fixture(name="url")
def _url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(Handler, "over", threading.Event())
    monkeypatch.setattr(Handler, "asked", [])
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            Handler.over.set()
            server.shutdown()
            thread.join(30)


def test_an_image_comes_whole(url: str) -> None:
    """The downloaded file has the right content, and is deleted afterwards."""
    with _local(f"{url}/whole") as path:
        assert path.read_bytes() == IMAGE
    assert not path.exists()


@pytest.mark.parametrize(
    ("path", "setting", "said"),
    [
        ("drips", "RALLYCROSS_DOWNLOAD_LIMIT", "the download is not finished after 0.5 s, with"),
        ("silent", "RALLYCROSS_DOWNLOAD_PATIENCE", "the download received no data for 0.5 s"),
    ],
)
def test_a_download_has_an_end(url: str, path: str, setting: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow download ends at a limit, and the error names the setting."""
    monkeypatch.setenv(setting, "0.5")
    with pytest.raises(SetUpFailed, match=f"{url}/{path}: {said}.*{setting}"), _local(f"{url}/{path}"):
        pytest.fail("it never comes whole")


def signed(url: str, path: str, password: str = PASSWORD) -> str:
    """Return a URL with user and password."""
    return url.replace("://", f"://me:{quote(password, safe='')}@") + path


def test_user_and_password_of_a_url_sign_in(url: str) -> None:
    """User and password of a URL are sent by basic auth, also after a redirect within the host."""
    for path in ("/closed", f"/to/{quote('/closed', safe='')}"):
        with _local(signed(url, path)) as file:
            assert file.read_bytes() == IMAGE
    assert {said for _, said in Handler.asked} == {SIGNED_IN}
    assert len(Handler.asked) == 3


def test_another_host_is_not_told_the_password(url: str) -> None:
    """After a redirect to another host no password is sent."""
    there = url.replace("127.0.0.1", "localhost")
    with _local(signed(url, f"/to/{quote(there + '/whole', safe='')}")) as file:
        assert file.read_bytes() == IMAGE
    assert [said for _, said in Handler.asked] == [SIGNED_IN, ""]


def test_no_password_is_shown_where_a_download_fails(url: str) -> None:
    """The errors of failed downloads have a remedy and no password."""
    host = url.rpartition("/")[2]
    for source, said in {
        signed(url, "/closed", "Canary-1"): f"images: http://***@{host}/closed cannot be downloaded: HTTP Error 401",
        f"{url}/closed": f"images: {url}/closed cannot be downloaded: HTTP Error 401",
        "http://me:Canary-2@host.invalid/i": "images: http://***@host.invalid/i cannot be downloaded: ",
        "http://me:Canary-3/x@host/i": "images: a URL cannot be read - write it as https://user:password@host/path",
        f"http://Canary-4@{host}/closed": f"images: http://***@{host}/closed cannot be downloaded: HTTP Error 401",
    }.items():
        with pytest.raises(SetUpFailed) as raised, _local(source):
            pytest.fail("it cannot be had")
        assert str(raised.value).replace("me:***", "***").startswith(said)
        assert " - " in str(raised.value)
        assert "Canary" not in str(raised.value)
