"""An image that is downloaded: its limits are settings, and what has taken too long is said with their names."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from rallycross.context.context import SetUpFailed
from rallycross.contexts.images import _local

IMAGE = b"image" * 1000


class Handler(BaseHTTPRequestHandler):
    """Sends an image: whole, byte by byte, or not at all."""

    over = threading.Event()

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(200)
        self.send_header("Content-Length", str(len(IMAGE)))
        self.end_headers()
        for byte in IMAGE if self.path != "/whole" else ():
            if self.over.wait(0.05 if self.path == "/drips" else 60):
                return
            self.wfile.write(bytes([byte]))
        self.wfile.write(IMAGE if self.path == "/whole" else b"")

    def log_message(self, *_: object) -> None:
        """Keep the tests' output clean."""


@pytest.fixture(name="url")
def _url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(Handler, "over", threading.Event())
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
    """As it was sent; afterwards the file is gone."""
    with _local(f"{url}/whole") as path:
        assert path.read_bytes() == IMAGE
    assert not path.exists()


@pytest.mark.parametrize(
    ("path", "setting", "said"),
    [
        ("drips", "RALLYCROSS_DOWNLOAD_LIMIT", "the download is not done after 0.5 s, with"),
        ("silent", "RALLYCROSS_DOWNLOAD_PATIENCE", "no byte of the download within 0.5 s"),
    ],
)
def test_a_download_has_an_end(url: str, path: str, setting: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """However slowly it drips; it is said what was waited for, and which setting changes it."""
    monkeypatch.setenv(setting, "0.5")
    with pytest.raises(SetUpFailed, match=f"{url}/{path}: {said}.*{setting}"), _local(f"{url}/{path}"):
        pytest.fail("it never comes whole")
