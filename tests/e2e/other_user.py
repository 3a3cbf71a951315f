"""What another local user tries: runs as that user, with the standard library, and says what it got.

Reads {"files": [path], "sockets": [path], "processes": [pid], "ports": {"HOST:PORT": guard}} as JSON from standard
input; prints {"tried": n, "got": [sentence]}.
"""

import json
import os
import socket
import struct
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

_LIMIT = 60


def main() -> None:
    """Try everything."""
    wanted: dict[str, Any] = json.load(sys.stdin)
    got: list[str] = []
    for path in wanted["files"]:
        got += [f"{path}: opened to {how}" for how, flags in _WAYS.items() if _opens(path, flags)]
    got += [f"{path}: connected" for path in wanted["sockets"] if _connects(path)]
    for pid in wanted["processes"]:
        got += [f"process {pid}: its {name} was read" for name in ("environ", "mem", "maps") if _reads(pid, name)]
    for place, guard in wanted["ports"].items():
        host, _, port = place.rpartition(":")
        said = _GUARDS[guard]((host.strip("[]"), int(port)))
        got += [f"{place} ({guard}): {said}"] if said else []
    tried = sum(len(wanted[kind]) for kind in ("files", "sockets", "processes", "ports"))
    print(json.dumps({"uid": os.getuid(), "tried": tried, "got": got}))  # noqa: T201


_WAYS = {"read": os.O_RDONLY | os.O_NONBLOCK, "write": os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK}


def _opens(path: str, flags: int) -> bool:
    try:
        os.close(os.open(path, flags))
    except OSError:
        return False
    return True


def _connects(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(path)
        except OSError as error:
            return not isinstance(error, PermissionError | FileNotFoundError)
    return True


def _reads(pid: int, name: str) -> bool:
    try:
        with open(f"/proc/{pid}/{name}", "rb") as file:  # noqa: PTH123 - what it cannot open it cannot stat
            return name == "mem" or bool(file.read(1))
    except OSError:
        return False


# Each guard returns what was got without sign-in; "" = nothing.


def _http(paths: tuple[str, ...], refusals: tuple[int, ...] = (401,)) -> Callable[[tuple[str, int]], str]:
    def ask(place: tuple[str, int]) -> str:
        for asked in paths:
            method, _, path = asked.rpartition(" ")
            url = f"http://{place[0]}:{place[1]}{path}"
            request = urllib.request.Request(url, method=method or "GET", data=b"{}" if method == "POST" else None)
            if method == "POST":
                request.add_header("Content-Type", "application/json")
            try:
                with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
                    request, timeout=_LIMIT
                ) as answer:
                    return f"{path} answered {answer.status}"
            except urllib.error.HTTPError as error:
                if error.code not in refusals:
                    return f"{path} answered {error.code}"
        return ""

    return ask


def _mariadb(place: tuple[str, int]) -> str:
    for user in (b"root", b"openstack", b"", b"mysql"):
        with socket.create_connection(place, timeout=_LIMIT) as client:
            if not _packet(client):
                return "no greeting"
            # Protocol 4.1, secure connection, native password: an empty one.
            body = struct.pack("<IIB23x", 0x00088200, 1 << 24, 45) + user + b"\0\0mysql_native_password\0"
            client.sendall(struct.pack("<I", len(body) | 1 << 24) + body)
            answer = _packet(client)
            if answer[:1] == b"\xfe":  # another method: still no password
                client.sendall(struct.pack("<I", 3 << 24))
                answer = _packet(client)
            if answer[:1] != b"\xff":
                return f"{user!r} without a password got {answer[:40]!r}"
    return ""


def _packet(client: socket.socket) -> bytes:
    head = _exactly(client, 4)
    return _exactly(client, int.from_bytes(head[:3], "little")) if len(head) == 4 else b""


def _amqp(place: tuple[str, int]) -> str:
    for mechanism, response in ((b"PLAIN", b"\0guest\0guest"), (b"ANONYMOUS", b""), (b"PLAIN", b"\0openstack\0")):
        with socket.create_connection(place, timeout=_LIMIT) as client:
            client.sendall(b"AMQP\0\0\x09\x01")
            if _frame(client)[:4] != b"\0\x0a\0\x0a":
                return "no connection.start"
            body = struct.pack(">HHI", 10, 11, 0) + bytes([len(mechanism)]) + mechanism
            body += struct.pack(">I", len(response)) + response + b"\x05en_US"
            client.sendall(struct.pack(">BHI", 1, 0, len(body)) + body + b"\xce")
            answer = _frame(client)
            if answer[:4] == b"\0\x0a\0\x1e":  # connection.tune: signed in
                return f"{mechanism!r} {response!r} was let in"
    return ""


def _frame(client: socket.socket) -> bytes:
    head = _exactly(client, 7)
    return _exactly(client, struct.unpack(">I", head[3:])[0] + 1) if len(head) == 7 else b""


def _erlang(place: tuple[str, int]) -> str:
    """Shake hands as a node that does not know the cookie."""
    name, flags = b"other@localhost", 0x0D07DF7FBD | 1 << 26
    with socket.create_connection(place, timeout=_LIMIT) as client:
        body = b"N" + struct.pack(">QIH", flags, 1, len(name)) + name
        client.sendall(struct.pack(">H", len(body)) + body)
        status = _short(client)
        if status != b"sok":
            return "" if not status or status.startswith(b"sn") else f"no handshake: {status!r}"
        if not _short(client).startswith(b"N"):  # its challenge
            return "no challenge"
        body = b"r" + struct.pack(">I", 1) + bytes(16)
        client.sendall(struct.pack(">H", len(body)) + body)
        answer = _short(client)
        return f"a node without the cookie got {answer!r}" if answer else ""


def _short(client: socket.socket) -> bytes:
    head = _exactly(client, 2)
    return _exactly(client, int.from_bytes(head, "big")) if len(head) == 2 else b""


def _exactly(client: socket.socket, count: int) -> bytes:
    data = b""
    try:
        while len(data) < count and (more := client.recv(count - len(data))):
            data += more
    except ConnectionError:
        pass
    return data


_GUARDS: dict[str, Callable[[tuple[str, int]], str]] = {
    "mariadb": _mariadb,
    "amqp": _amqp,
    "erlang": _erlang,
    # 400: keystone looks at what it is to make before it looks at who asks.
    "keystone": _http(("/v3/users", "/v3/projects", "POST /v3/users", "DELETE /v3/users/x"), (400, 401)),
    "glance": _http(("/v2/images", "POST /v2/images")),
    "placement": _http(("/resource_providers", "/usages")),
    "nova": _http(("/v2.1/servers", "/v2.1/os-services", "POST /v2.1/servers")),
    "neutron": _http(("/v2.0/networks", "/v2.0/ports", "POST /v2.0/networks")),
    "cinder": _http(("/v3/volumes", "/v3/os-services", "POST /v3/volumes")),
    # 403 and 405: no such way in without a token.
    "airflow": _http(
        (
            "/api/v2/dags",
            "/api/v2/connections",
            "POST /api/v2/dags/cloud_lifecycle/dagRuns",
            "/execution/variables/x",
            "/rallycross/dags/cloud_lifecycle/runs/x/report/html",
            "/auth/token",
        ),
        (401, 403, 405),
    ),
}

if __name__ == "__main__":
    main()
