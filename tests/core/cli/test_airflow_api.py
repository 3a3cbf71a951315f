"""The REST client signs in, stays signed in, and reports errors; tested with a real HTTP server."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from rallycross.cli.airflow.api import AirflowAPI, AirflowDidNotAnswer, quoted


class Server(ThreadingHTTPServer):
    """A server that answers from a list of (status, JSON), and records the requests."""

    def __init__(self, answers: list[tuple[int, Any]]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = answers
        self.asked: list[tuple[str, str, str | None, Any]] = []

    @property
    def url(self) -> str:
        """The address that it listens on."""
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    """Gives the next answer of the server's list."""

    server: Server

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        self.server.asked.append((self.command, self.path, self.headers.get("Authorization"), body))
        status, answer = self.server.answers.pop(0)
        data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PATCH = _answer  # noqa: N815 - the names that http.server looks for

    def log_message(self, *_: Any) -> None:
        """Keep the tests' output clean."""


@contextmanager
def serving(*answers: tuple[int, Any]) -> Iterator[Server]:
    """Run a server in a thread."""
    server = Server(list(answers))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_signs_in_once() -> None:
    """The first call fetches a token by name and password; further calls use it."""
    with serving((201, {"access_token": "T"}), (200, {"a": 1}), (200, {"b": 2})) as server:
        api = AirflowAPI(server.url, "admin", "secret")

        assert (api.get("/x"), api.post("/y", {"z": 1})) == ({"a": 1}, {"b": 2})
        assert server.asked == [
            ("POST", "/auth/token", None, {"username": "admin", "password": "secret"}),
            ("GET", "/api/v2/x", "Bearer T", None),
            ("POST", "/api/v2/y", "Bearer T", {"z": 1}),
        ]


def test_signs_in_again_when_its_token_has_run_out() -> None:
    """A 401 leads to a new token and a second try."""
    with serving((201, {"access_token": "old"}), (401, {}), (201, {"access_token": "new"}), (200, {"a": 1})) as server:
        assert AirflowAPI(server.url, "admin", "secret").get("/x") == {"a": 1}
        assert [asked[2] for asked in server.asked] == [None, "Bearer old", None, "Bearer new"]


def test_gives_up_when_a_new_token_is_refused_too() -> None:
    """A server that never accepts its own tokens is named, with a remedy."""
    answers = ((201, {"access_token": "a"}), (401, {}), (201, {"access_token": "b"}), (401, {}))
    with serving(*answers) as server, pytest.raises(AirflowDidNotAnswer, match=r"rallycross down"):
        AirflowAPI(server.url, "admin", "secret").get("/x")


def test_passes_on_what_the_server_complains_about() -> None:
    """An error has the status and the server's own message."""
    answers = ((201, {"access_token": "T"}), (404, {"detail": "no such DAG"}))
    with serving(*answers) as server, pytest.raises(AirflowDidNotAnswer, match=r"404 no such DAG") as raised:
        AirflowAPI(server.url, "admin", "secret").get("/dags/x")

    assert raised.value.code == 404


def test_survives_an_answer_that_is_no_json() -> None:
    """A web page instead of JSON raises a Rallycross error."""
    with serving((200, b"<html>")) as server, pytest.raises(AirflowDidNotAnswer):
        AirflowAPI(server.url, "admin", "secret").health()


def test_says_when_nobody_answers() -> None:
    """A port without a server is an error with the code 0."""
    with serving() as server:
        url = server.url

    with pytest.raises(AirflowDidNotAnswer, match="logs api-server") as raised:
        AirflowAPI(url, "admin", "secret").health()
    assert raised.value.code == 0


def test_loopback_needs_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy in the user's environment is not used."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")

    with serving((200, {"scheduler": {}})) as server:
        assert AirflowAPI(server.url, "admin", "secret").health() == {"scheduler": {}}


def test_a_part_of_a_path_is_quoted() -> None:
    """A run's id may contain characters that have a meaning in URLs."""
    assert quoted("manual__2026-11-23T01:00:00+00:00/x") == "manual__2026-11-23T01%3A00%3A00%2B00%3A00%2Fx"


def test_a_silent_server_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message has the request, the time waited, and the setting that changes it."""
    monkeypatch.setenv("RALLYCROSS_AIRFLOW_LIMIT", "0.3")
    with socket.create_server(("127.0.0.1", 0)) as server:  # the system takes connections; nobody answers
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(AirflowDidNotAnswer, match=r"health: no answer within 0.3 s \(RALLYCROSS_AIRFLOW_LIMIT\)"):
            AirflowAPI(url, "admin", "secret").health()
