"""Sends changes to where an Airflow connection says: a webhook, Slack, or SMTP."""

import html
import json
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from airflow.sdk import BaseHook

from rallycross.results.store import Store
from rallycross.settings import settings
from rallycross.views.changes import ChangeEntry

Send = Callable[[Any, ChangeEntry], None]


def notify(store: Store, connection_id: str, entries: Sequence[ChangeEntry]) -> Iterator[str]:
    """Send each change once to a connection ("" = none); yield what went wrong.

    A change that could not be sent is sent when the stage is tried again.
    """
    if not connection_id:
        return
    for entry in entries:
        if not store.changes.claim_notification(entry.id):
            continue
        try:
            _send(connection_id, entry)
        except Exception as error:  # noqa: BLE001 - of any provider; a run does not fail since nobody was notified
            store.changes.release_notification(entry.id)
            yield (
                f"connection {connection_id}: change {entry.id} could not be sent: {error}"
                " - correct the connection, or RALLYCROSS_NOTIFY, and clear this task"
            )
        except BaseException:  # the stage timed out, or is stopped: its next try sends the change
            store.changes.release_notification(entry.id)
            raise


def _send(connection_id: str, entry: ChangeEntry) -> None:
    connection = BaseHook.get_connection(connection_id)
    senders: dict[str, Send] = {"http": _webhook, "https": _webhook, "slackwebhook": _slack, "smtp": _smtp}
    if connection.conn_type not in senders:
        raise ValueError(f"its type {connection.conn_type!r} is not one of {', '.join(senders)}")
    senders[connection.conn_type](connection, entry)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Takes a redirect for a failure: the request that follows it has no body, and takes the password to any host."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Return no request."""


def _webhook(connection: Any, entry: ChangeEntry) -> None:
    """POST the change as JSON, with the headers that the connection's extra has."""
    body = {"text": subject(entry), **entry.as_document()}
    request = urllib.request.Request(  # noqa: S310 - the scheme is checked
        _url(connection),
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json", **_headers(connection)},
        method="POST",
    )
    with urllib.request.build_opener(_NoRedirect).open(request, timeout=settings().request_limit):
        pass


def _url(connection: Any) -> str:
    """Return the URL of an HTTP connection; its host may be a whole URL.

    No error shows it: its path may be a secret.
    """
    host = str(connection.host or "").strip()
    if "://" not in host:
        host = f"{connection.schema or connection.conn_type}://{host}"
    parts = urlsplit(host)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise ValueError("its host is not one of HTTP - write a host, or a URL such as https://host/path")
    if "@" in parts.netloc:
        raise ValueError('its host has a user - write {"headers": {"Authorization": "..."}} as its extra')
    if not host.isascii() or not host.isprintable() or " " in host:
        raise ValueError("its host has a character that a URL cannot have - percent-encode it")
    if connection.port and parts.port is None:
        parts = parts._replace(netloc=f"{parts.netloc}:{connection.port}")
    return parts.geturl()


def _headers(connection: Any) -> dict[str, str]:
    given = dict(connection.extra_dejson or {}).get("headers") or {}
    if not isinstance(given, dict):
        raise TypeError('the headers of its extra are not a mapping - write {"headers": {"X-Team": "cloud"}}')
    headers = {str(name): str(value).strip() for name, value in given.items()}
    if connection.password and "Authorization" not in headers:
        headers["Authorization"] = f"Bearer {connection.password.strip()}"
    for name, value in headers.items():
        # The error of the HTTP client would show the value, which may be a secret.
        if not value.isascii() or not value.isprintable():
            raise ValueError(f"its header {name!r} has a character that a header cannot have - remove it")
    return headers


def _slack(connection: Any, entry: ChangeEntry) -> None:
    try:
        from airflow.providers.slack.notifications.slack_webhook import SlackWebhookNotifier  # noqa: PLC0415
    except ImportError as error:
        raise ValueError("install apache-airflow-providers-slack") from error
    SlackWebhookNotifier(slack_webhook_conn_id=connection.conn_id, text=subject(entry)).notify({})


def _smtp(connection: Any, entry: ChangeEntry) -> None:
    """Send an e-mail to the addresses in `to` of the connection's extra."""
    try:
        from airflow.providers.smtp.notifications.smtp import SmtpNotifier  # noqa: PLC0415
    except ImportError as error:
        raise ValueError("install apache-airflow-providers-smtp") from error
    to = dict(connection.extra_dejson or {}).get("to")
    if not to:
        raise ValueError('its extra does not say to whom - write {"to": "a@example.org"}')
    lines = [subject(entry), f"./rallycross results changes --acknowledge {entry.id} notes that it is known."]
    text = "".join(f"<p>{html.escape(line)}</p>" for line in lines)
    SmtpNotifier(smtp_conn_id=connection.conn_id, to=to, subject=lines[0], html_content=text).notify({})


def subject(entry: ChangeEntry) -> str:
    """Return the change in a line, with its recipe and cloud."""
    kind = "Worse" if entry.worse else "Better"
    line = f"{kind}: recipe {entry.recipe} on cloud {entry.cloud}: {entry.sentence}"
    return " ".join(line.split())  # a name with a line break would be another header of a mail
