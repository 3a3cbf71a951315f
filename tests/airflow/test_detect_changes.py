"""The stage that detects changes stores and logs them, and notifies of each once."""

import json
import logging
import socketserver
import threading
from collections.abc import Iterator
from email import message_from_string, policy
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowSkipException
from recipe_history import add_run, durations, figures

from hooks.results import store
from operators.detect import DetectChangesOperator

FIRST, RUNS = 30, 38


class Webhook(BaseHTTPRequestHandler):
    """Keeps what is posted; answers with `status`."""

    posted: ClassVar[list[tuple[str, dict[str, str], dict[str, Any]]]] = []
    status: ClassVar[int] = 200

    def do_POST(self) -> None:
        """Keep a document."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        Webhook.posted.append((self.path, dict(self.headers), json.loads(body)))
        self.send_response(self.status)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def do_GET(self) -> None:
        """Answer what follows a redirect."""
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(name="webhook")
def _webhook() -> Iterator[str]:
    """Start a server that webhooks are sent to; return its URL."""
    Webhook.posted.clear()
    Webhook.status = 200
    server = HTTPServer(("127.0.0.1", 0), Webhook)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook"
    server.shutdown()
    thread.join()
    server.server_close()


class Mailbox(socketserver.StreamRequestHandler):
    """Speaks enough SMTP to keep what is mailed."""

    mails: ClassVar[list[tuple[str, str]]] = []  # the receiver and the mail

    def handle(self) -> None:
        """Answer the commands of one mail."""
        self.wfile.write(b"220 mailbox\r\n")
        receiver = ""
        while line := self.rfile.readline().decode().strip():
            command = line.split()[0].upper()
            if command == "RCPT":
                receiver = line
            if command == "DATA":
                self.wfile.write(b"354 go on\r\n")
                text = b"".join(iter(self.rfile.readline, b".\r\n"))
                Mailbox.mails.append((receiver, text.decode()))
            self.wfile.write(b"221 bye\r\n" if command == "QUIT" else b"250 ok\r\n")


@pytest.fixture(name="mail_port")
def _mail_port() -> Iterator[int]:
    """Start a server for mails; return its port."""
    Mailbox.mails.clear()
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mailbox) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@pytest.fixture(name="runs", autouse=True)
def _runs(home: Path) -> list[str]:  # noqa: ARG001 - the results are in it
    """Store runs of a recipe that gets slower, as the DAG `made` has them."""
    values = durations(RUNS, step_at=FIRST, factor=1.3)
    return [add_run(store(), str(number), figures(seconds)) for number, seconds in enumerate(values)]


@pytest.fixture(name="said")
def _said(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Have the stage log where a test can read it."""
    monkeypatch.setattr(DetectChangesOperator, "log", logging.getLogger("detect"))
    caplog.set_level(logging.INFO)
    return caplog


def _detect(number: int) -> dict[str, Any]:
    """Run the stage in a run of the DAG."""
    context: Any = {"dag": SimpleNamespace(dag_id="made"), "run_id": str(number), "ti": None}
    return DetectChangesOperator(task_id="detect").execute(context)


def test_a_change_is_suspected_confirmed_and_told(said: pytest.LogCaptureFixture) -> None:
    """The XCom asks for a confirmation run, then has the changes; the log says them in sentences."""
    results = [_detect(number) for number in range(FIRST - 1, RUNS)]
    confirmed = next(number for number, one in enumerate(results) if one["events"])

    assert results[0] == {"confirm": False, "events": []}
    assert results[confirmed - 1] == {"confirm": True, "events": []}
    assert json.loads(json.dumps(results[confirmed])) == results[confirmed]
    assert "median is slower by" in said.text


def test_a_webhook_is_sent_each_change_once(webhook: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A retry sends nothing again; what the webhook refused is sent by the retry."""
    monkeypatch.setenv("RALLYCROSS_NOTIFY", "alerts")
    extra = {"headers": {"X-Team": "cloud"}}
    monkeypatch.setenv(
        "AIRFLOW_CONN_ALERTS",
        json.dumps({"conn_type": "http", "host": webhook, "password": "token", "extra": extra}),
    )
    Webhook.status = 503
    confirmed = next(number for number in range(FIRST - 1, RUNS) if _detect(number)["events"])
    refused = len(Webhook.posted)
    Webhook.status = 200
    events = _detect(confirmed)["events"]
    _detect(confirmed)

    assert refused == len(events)
    sent = Webhook.posted[refused:]
    assert [body["id"] for _, _, body in sent] == [event["id"] for event in events]
    assert {path for path, _, _ in sent} == {"/hook"}
    assert all(body["text"].startswith("Worse: recipe nightly on cloud c: ") for _, _, body in sent)
    assert {(headers["X-Team"], headers["Authorization"]) for _, headers, _ in sent} == {("cloud", "Bearer token")}


@pytest.mark.parametrize("status", [301, 302, 307, 404, 500])
def test_a_change_that_did_not_arrive_is_sent_again(
    status: int, webhook: str, monkeypatch: pytest.MonkeyPatch, said: pytest.LogCaptureFixture
) -> None:
    """A redirect is a failure like any other: what follows it would not have the change, but the password."""
    monkeypatch.setenv("RALLYCROSS_NOTIFY", "alerts")
    monkeypatch.setenv("AIRFLOW_CONN_ALERTS", json.dumps({"conn_type": "http", "host": webhook}))
    Webhook.status = status
    next(number for number in range(FIRST - 1, RUNS) if _detect(number)["events"])

    assert f"HTTP Error {status}" in said.text
    assert all(change.notified_at is None for change in store().changes.latest())


def test_a_change_is_sent_by_the_next_try_if_this_one_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stage that is ended while it sends, by a time-out or a stop, leaves the change to its next try."""
    monkeypatch.setenv("RALLYCROSS_NOTIFY", "alerts")

    def ended(_: str) -> Any:
        raise SystemExit  # as the end of a worker does

    monkeypatch.setattr(BaseHook, "get_connection", ended)
    numbers = range(FIRST - 1, RUNS)
    with pytest.raises(SystemExit):
        next(number for number in numbers if _detect(number)["events"])
    assert [change.notified_at for change in store().changes.latest()] == [None] * 5


@pytest.mark.parametrize("port_of", ["host", "connection"])
def test_a_path_does_not_lose_the_port(port_of: str, webhook: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The port of a connection counts if its host has none, also if the host has a path."""
    place, path = webhook.removeprefix("http://").split("/")
    name, port = place.split(":")
    parts = {"host": {"host": f"{place}/{path}"}, "connection": {"host": f"{name}/{path}", "port": int(port)}}
    monkeypatch.setenv("RALLYCROSS_NOTIFY", "alerts")
    monkeypatch.setenv("AIRFLOW_CONN_ALERTS", json.dumps({"conn_type": "http", **parts[port_of]}))
    next(number for number in range(FIRST - 1, RUNS) if _detect(number)["events"])

    assert {path for path, _, _ in Webhook.posted} == {"/hook"}


@pytest.mark.parametrize(
    ("connection", "problem"),
    [
        ({"host": "127.0.0.1:1", "password": "s3cr3t\nx"}, "its header 'Authorization' has a character"),
        ({"host": "127.0.0.1:1", "extra": {"headers": {"X-Key": "s3cr3t\r\nx"}}}, "its header 'X-Key' has a character"),
        ({"host": "127.0.0.1:1", "extra": {"headers": {"X-Key": "s3cr3t…"}}}, "its header 'X-Key' has a character"),
        ({"host": "http://127.0.0.1:1/s3cr3t\u0001x"}, "its host has a character"),
        ({"host": "http://127.0.0.1:1/s3cr3t x"}, "its host has a character"),
        ({"host": "http://me:s3cr3t@127.0.0.1:1/"}, "its host has a user"),
        ({"host": "127.0.0.1:1", "extra": {"headers": ["s3cr3t"]}}, "the headers of its extra are not a mapping"),
    ],
)
def test_what_is_wrong_with_a_webhook_is_told_without_its_secrets(
    connection: dict[str, Any], problem: str, monkeypatch: pytest.MonkeyPatch, said: pytest.LogCaptureFixture
) -> None:
    """The warning says what is wrong, and shows no password, header, or path of the connection."""
    monkeypatch.setenv("RALLYCROSS_NOTIFY", "alerts")
    monkeypatch.setenv("AIRFLOW_CONN_ALERTS", json.dumps({"conn_type": "http", **connection}))
    next(number for number in range(FIRST - 1, RUNS) if _detect(number)["events"])

    assert problem in said.text
    assert "s3cr3t" not in said.text


def test_changes_are_mailed(mail_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection of type SMTP sends each change as a mail to the addresses in its extra."""
    extra = {"to": "team@example.org", "from_email": "rc@example.org", "disable_ssl": True, "disable_tls": True}
    connection = {"conn_type": "smtp", "host": "127.0.0.1", "port": mail_port, "extra": extra}
    monkeypatch.setenv("RALLYCROSS_NOTIFY", "alerts")
    monkeypatch.setenv("AIRFLOW_CONN_ALERTS", json.dumps(connection))
    events = next(events for number in range(FIRST - 1, RUNS) if (events := _detect(number)["events"]))

    assert len(Mailbox.mails) == len(events)
    for receiver, mail in Mailbox.mails:
        message = message_from_string(mail, policy=policy.default)
        assert "team@example.org" in receiver
        assert str(message["subject"]).startswith("Worse: recipe nightly on cloud c: ")
        assert "results changes --acknowledge" in message.get_body(("html",)).get_content()


@pytest.mark.parametrize(
    ("connection", "problem"),
    [
        ({"conn_type": "ssh", "host": "h"}, "its type 'ssh' is not one of http"),
        ({"conn_type": "http", "host": "ftp://h"}, "its host is not one of HTTP"),
        ({"conn_type": "smtp", "host": "127.0.0.1"}, "its extra does not say to whom"),
        ({"conn_type": "slackwebhook"}, "install apache-airflow-providers-slack"),
        (None, "alerts"),
    ],
)
def test_a_connection_that_cannot_be_used_is_told(
    connection: dict[str, str] | None,
    problem: str,
    monkeypatch: pytest.MonkeyPatch,
    said: pytest.LogCaptureFixture,
) -> None:
    """The stage succeeds, and warns of what is wrong with the connection."""
    monkeypatch.setenv("RALLYCROSS_NOTIFY", "alerts")
    if connection:
        monkeypatch.setenv("AIRFLOW_CONN_ALERTS", json.dumps(connection))
    next(number for number in range(FIRST - 1, RUNS) if _detect(number)["events"])

    assert problem in said.text
    assert "and clear this task" in said.text


def test_a_run_without_a_load_has_nothing_to_detect() -> None:
    """The stage is skipped if the load never began."""
    with pytest.raises(AirflowSkipException):
        _detect(RUNS)
