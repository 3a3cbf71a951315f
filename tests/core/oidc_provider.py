"""A small OpenID Connect provider: real HTTP on loopback, with the grants that a program can ask for by itself."""

import base64
import json
import secrets
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs

CLIENT = ("rallycross", "a client's secret")
PERSON = ("ada", "a person's password")


class OidcProvider:
    """It gives access tokens for the client's secret, or for a person's password beside it, and knows them again."""

    def __init__(self) -> None:
        self.subjects: dict[str, str] = {}  # access token -> who it is
        self.answers: dict[str, tuple[int, Any]] = {}  # path -> what is said in its place
        self.asked: list[str] = []  # "METHOD /path"
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider._answer(self)

            def do_POST(self) -> None:
                provider._answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.discovery = f"{self.url}/.well-known/openid-configuration"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def access_token(self, subject: str) -> str:
        """Give an access token, as to somebody who has signed in by a browser."""
        token = secrets.token_urlsafe(24)
        self.subjects[token] = subject
        return token

    def auth(self, kind: str) -> dict[str, str]:
        """Return what an entry's `auth` says of this provider, for an auth type."""
        if kind == "v3oidcaccesstoken":
            return {"access_token": self.access_token(PERSON[0])}
        found = {"client_id": CLIENT[0], "client_secret": CLIENT[1], "discovery_endpoint": self.discovery}
        if kind == "v3oidcpassword":
            found |= {"username": PERSON[0], "password": PERSON[1]}
        return found

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        self.asked.append(f"{request.command} {request.path}")
        body = request.rfile.read(int(request.headers.get("Content-Length", 0))).decode()
        given = {key: values[0] for key, values in parse_qs(body).items()}
        status, said = self.answers.get(request.path) or self._said(request, given)
        text = json.dumps(said).encode()
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(text)))
        request.end_headers()
        request.wfile.write(text)

    def _said(self, request: BaseHTTPRequestHandler, given: dict[str, str]) -> tuple[int, Any]:
        if request.path == "/.well-known/openid-configuration":
            grants = ["client_credentials", "password"]
            return 200, {"issuer": self.url, "token_endpoint": f"{self.url}/token", "grant_types_supported": grants}
        if request.path != "/token":
            return 404, {"error": "not_found"}
        client = base64.b64decode(request.headers.get("Authorization", "").removeprefix("Basic ")).decode()
        if client != ":".join(CLIENT):
            return 401, {"error": "invalid_client"}
        if given["grant_type"] == "password" and (given["username"], given["password"]) != PERSON:
            return 400, {"error": "invalid_grant"}
        subject = given.get("username", CLIENT[0])
        return 200, {"access_token": self.access_token(subject), "token_type": "Bearer", "expires_in": 300}
