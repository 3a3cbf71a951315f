"""Fuel's counterpart: Nailgun and the keystone before it, over real HTTP, with what bites in the real one.

A task's progress is 100 while it still runs, a public address is known a while after the end, tokens run out, answers
are lost, nodes fail and go offline, an environment that is busy cannot be deleted, and nodes come back from one that is
gone with new ids. What it is at goes on by the clock, whoever looks.
"""

import itertools
import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from copy import deepcopy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

RELEASE = "Newton on Ubuntu 16.04"
_GB = 1 << 30
_TOKEN_USES = 6  # requests for which a token holds
_ACCESS = {"user": "admin", "password": "cloud-hush", "tenant": "admin", "email": "admin@localhost"}


class Refusal(Exception):  # noqa: N818
    """An answer that is an error."""

    def __init__(self, code: int, message: str, *, plain: bool = False) -> None:
        super().__init__(message)
        self.code, self.message, self.plain = code, message, plain


class FuelMaster:
    """Its nodes, its environments, its moods."""

    def __init__(self, *, nodes: int = 4, pace: float = 0.3) -> None:
        self.pace = pace  # seconds for a task that begins
        self.late = pace  # seconds after its deployment until an environment's public address is known
        self.fails: dict[str, str] = {}  # task -> message, once
        # The last digits of the macs of those that fail, and go offline, with a deployment that fails.
        self.broken_node, self.gone_node = "none", "none"
        self.lost: list[tuple[str, str]] = []  # methods and patterns of paths whose next answer is lost
        self.stays = False  # whether deployments can be stopped
        self.asked: list[tuple[str, str]] = []
        self.clusters: dict[int, dict[str, Any]] = {}
        self.tasks: dict[int, dict[str, Any]] = {}
        self.nodes: dict[int, dict[str, Any]] = {}
        self._ids = itertools.count(1)
        self._tokens: dict[str, int] = {}
        self._lock = threading.Lock()
        for number in range(1, nodes + 1):
            self._found(f"64:60:46:2e:8c:0{number}", cpus=number, ram=number * 2 * _GB)

    def __enter__(self) -> Self:
        master = self

        class Handler(_Handler):
            fuel = master

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/api/v1/"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def sent(self, method: str, pattern: str) -> int:
        """Return how often something was asked for."""
        return sum(asked == method and bool(re.search(pattern, path)) for asked, path in self.asked)

    def of(self, name: str) -> dict[str, Any]:
        """Return an environment."""
        return next(one for one in self.clusters.values() if one["name"] == name)

    def answer(self, method: str, path: str, body: Any, token: str) -> tuple[int, Any]:
        """Return code and content of an answer; raise `Refusal`."""
        url = urlsplit(path)
        query = dict(parse_qsl(url.query))
        with self._lock:
            self.asked.append((method, path))
            if url.path == "/keystone/v2.0/tokens":
                return 200, self._token(body)
            plain = url.path.removeprefix("/api/v1/")
            if plain == "version":
                return 200, {"release": "10.0", "auth_required": True, "api": "1"}
            if self._tokens.get(token, 0) < 1:
                raise Refusal(401, "", plain=True)
            self._tokens[token] -= 1
            for task in list(self.tasks.values()):
                self._advance(task)
            for pattern, act in _CALLS.items():
                if match := re.fullmatch(pattern, f"{method} {plain}"):
                    return act(self, *map(int, match.groups()), body=body, query=query)
            raise Refusal(404, f"no such call: {method} {plain}", plain=True)

    def _token(self, body: Any) -> Any:
        auth = body["auth"]
        if (auth["tenantName"], auth["passwordCredentials"]) != ("admin", {"username": "admin", "password": "hush"}):
            raise Refusal(401, "The request you have made requires authentication.")
        token = f"token-{next(self._ids)}"
        self._tokens[token] = _TOKEN_USES
        return {"access": {"token": {"id": token}}}

    def _found(self, mac: str, *, cpus: int, ram: int) -> None:
        number = next(self._ids)
        self.nodes[number] = {
            "id": number,
            "name": f"Untitled ({mac[-5:]})",
            "mac": mac,
            "status": "discover",
            "online": True,
            "cluster": None,
            "roles": [],
            "pending_roles": [],
            "pending_addition": False,
            "meta": {"memory": {"total": ram}, "cpu": {"total": cpus}, "disks": [{"size": 50 * _GB}] * cpus},
            "network_data": [],
        }

    def _begin(self, name: str, cluster: int, end: Callable[[str], None]) -> dict[str, Any]:
        """Begin a task; `end` is told "" or the failure when its time has come."""
        number = next(self._ids)
        task = {"id": number, "name": name, "cluster": cluster, "status": "pending", "progress": 0, "message": None}
        self.tasks[number] = {**task, "began": time.monotonic(), "takes": self.pace, "end": end}
        return task

    def _advance(self, task: dict[str, Any]) -> None:
        if task["status"] not in {"pending", "running"}:
            return
        share = (time.monotonic() - task["began"]) / task["takes"]
        task["status"], task["progress"] = "running", min(100, int(200 * share))  # 100 at half the time
        if share >= 1:
            failure = self.fails.pop(task["name"], "")
            task["status"], task["message"] = ("error", failure) if failure else ("ready", None)
            task["end"](failure)

    def _members(self, cluster: int) -> list[dict[str, Any]]:
        return [node for node in self.nodes.values() if node["cluster"] == cluster]

    def _cluster(self, number: int) -> dict[str, Any]:
        if number not in self.clusters:
            raise Refusal(404, "Cluster not found")
        return self.clusters[number]

    def _busy(self, cluster: int) -> bool:
        return any(task["cluster"] == cluster and task["status"] in {"pending", "running"} for task in self._real())

    def _real(self) -> list[dict[str, Any]]:
        return list(self.tasks.values())

    def list_tasks(self, *, query: Mapping[str, str], **_: Any) -> tuple[int, Any]:
        """GET tasks."""
        return 200, [_shown(task) for task in self._real() if str(task["cluster"]) == query.get("cluster_id")]

    def get_task(self, number: int, **_: Any) -> tuple[int, Any]:
        """GET tasks/N."""
        if number not in self.tasks:
            raise Refusal(404, "Task not found")
        return 200, _shown(self.tasks[number])

    def list_nodes(self, *, query: Mapping[str, str], **_: Any) -> tuple[int, Any]:
        """GET nodes."""
        wanted = query.get("cluster_id")
        return 200, [node for node in self.nodes.values() if wanted is None or str(node["cluster"]) == wanted]

    def put_nodes(self, *, body: Any, **_: Any) -> tuple[int, Any]:
        """PUT nodes: one environment may take what another has."""
        for one in body:
            node = self.nodes[one["id"]]
            node |= {"cluster": one["cluster_id"], "pending_roles": one["pending_roles"], "pending_addition": True}
        return 200, [self.nodes[one["id"]] for one in body]

    def list_releases(self, **_: Any) -> tuple[int, Any]:
        """GET releases."""
        kept = {"state": "unavailable", "is_deployable": True}
        return 200, [
            {"id": 1, "name": "Mitaka on Ubuntu 14.04", "version": "mitaka-9.0", **kept},
            {"id": 2, "name": RELEASE, "version": "newton-10.0", "state": "available", "is_deployable": True},
        ]

    def list_clusters(self, **_: Any) -> tuple[int, Any]:
        """GET clusters."""
        return 200, list(self.clusters.values())

    def get_cluster(self, number: int, **_: Any) -> tuple[int, Any]:
        """GET clusters/N."""
        return 200, self._cluster(number)

    def post_cluster(self, *, body: Any, **_: Any) -> tuple[int, Any]:
        """POST clusters."""
        if body["release"] != 2:
            raise Refusal(400, "Invalid release ID")
        if body["mode"] != "ha_compact":
            raise Refusal(
                400, f"Cannot deploy in {body['mode']} mode in current release. Need to be one of: ha_compact"
            )
        if any(one["name"] == body["name"] for one in self.clusters.values()):
            raise Refusal(409, "Environment with this name already exists")
        number = next(self._ids)
        keys = ("name", "mode", "net_provider", "net_segment_type")
        self.clusters[number] = {"id": number, "status": "new", **{key: body[key] for key in keys}}
        hidden = {"value": {"content": ""}}
        self.clusters[number]["hidden"] = {
            "deployed_at": None,
            "networks": {
                "networking_parameters": {"floating_ranges": [["172.16.0.130", "172.16.0.254"]], "dns_nameservers": []},
                "networks": [
                    _network(name) for name in ("fuelweb_admin", "public", "management", "storage", "private")
                ],
                "vips": {},
            },
            "attributes": {
                "access": {key: {"value": value, "type": "text"} for key, value in _ACCESS.items()},
                "common": {"libvirt_type": {"value": "kvm", "type": "radio"}},
                "public_ssl": {
                    "metadata": {"label": "Public TLS"},
                    "services": {"value": False},
                    "hostname": {"value": "public.fuel.local"},
                    "cert_data": hidden,
                },
            },
        }
        return 201, self.clusters[number]

    def get_attributes(self, number: int, **_: Any) -> tuple[int, Any]:
        """GET clusters/N/attributes."""
        return 200, {"editable": self._cluster(number)["hidden"]["attributes"]}

    def put_attributes(self, number: int, *, body: Any, **_: Any) -> tuple[int, Any]:
        """PUT clusters/N/attributes, which merges."""
        self._unlocked(number, "Environment attribute couldn't be changed after or during deployment.")
        self._cluster(number)["hidden"]["attributes"] |= body["editable"]
        return self.get_attributes(number)

    def get_networks(self, number: int, **_: Any) -> tuple[int, Any]:
        """GET the network configuration."""
        hidden = self._cluster(number)["hidden"]
        found = deepcopy(hidden["networks"])
        if hidden["deployed_at"] is not None and time.monotonic() > hidden["deployed_at"] + self.late:
            found["public_vip"] = "172.16.0.3"
        return 200, found

    def put_networks(self, number: int, *, body: Any, **_: Any) -> tuple[int, Any]:
        """PUT the network configuration."""
        self._unlocked(number, "Network configuration can't be changed after, or in deploy.")
        self._cluster(number)["hidden"]["networks"] = body
        return 200, body

    def verify(self, number: int, *, body: Any, **_: Any) -> tuple[int, Any]:
        """PUT .../verify."""
        assert body["networks"]
        return 202, self._begin("verify_networks", number, lambda _: None)

    def changes(self, number: int, **_: Any) -> tuple[int, Any]:
        """PUT clusters/N/changes."""
        cluster, members = self._cluster(number), self._members(number)
        if self._busy(number):
            raise Refusal(409, "Cannot perform the actions because there are running tasks")
        if not any(node["pending_addition"] or node["status"] == "error" for node in members):
            raise Refusal(400, "No changes to deploy")
        cluster["status"] = "deployment"
        for node in members:
            if node["pending_addition"]:
                node |= {"status": "provisioning", "roles": node["pending_roles"], "pending_roles": []}

        def end(failure: str) -> None:
            for node in members:
                broken = failure and node["mac"].endswith(self.broken_node)
                node.update(status="error" if broken else "ready", pending_addition=False, error_type=None)
                if failure and node["mac"].endswith(self.gone_node):
                    node.update(online=False, status="provisioned")
                if broken:
                    node.update(error_type="deploy", error_msg="puppet has died")
            cluster["status"] = "error" if failure else "operational"
            cluster["hidden"]["deployed_at"] = None if failure else time.monotonic()

        return 202, self._begin("deploy", number, end)

    def stop(self, number: int, **_: Any) -> tuple[int, Any]:
        """PUT clusters/N/stop_deployment."""
        if self.stays:
            raise Refusal(
                400, "Current deployment process is running on a pre-deployed cluster that does not support stop."
            )
        for task in self._real():
            if (task["cluster"], task["name"]) == (number, "deploy") and task["status"] in {"pending", "running"}:
                task |= {"status": "error", "message": "Deployment was stopped by user"}
        self._cluster(number)["status"] = "stopped"
        return 202, self._begin("stop_deployment", number, lambda _: None)

    def delete(self, number: int, **_: Any) -> tuple[int, Any]:
        """DELETE clusters/N."""
        cluster, members = self._cluster(number), self._members(number)
        if self._busy(number):
            raise Refusal(400, f"Can't delete environment '{number}' when running deployment task exists.")

        def end(failure: str) -> None:
            if failure:
                cluster["status"] = "error"
                return
            del self.clusters[number]
            for node in members:
                meta = self.nodes.pop(node["id"])["meta"]
                self._found(node["mac"], cpus=meta["cpu"]["total"], ram=meta["memory"]["total"])
            for task in self._real():
                if task["cluster"] == number:
                    del self.tasks[task["id"]]

        cluster["status"] = "remove"
        return 202, self._begin("cluster_deletion", number, end)

    def _unlocked(self, number: int, message: str) -> None:
        if self._cluster(number)["status"] not in {"new", "stopped"}:
            raise Refusal(403, message)


_NET = r"clusters/(\d+)/network_configuration/neutron"
_CALLS: dict[str, Callable[..., tuple[int, Any]]] = {
    r"GET tasks": FuelMaster.list_tasks,
    r"GET tasks/(\d+)": FuelMaster.get_task,
    r"GET nodes": FuelMaster.list_nodes,
    r"PUT nodes": FuelMaster.put_nodes,
    r"GET releases": FuelMaster.list_releases,
    r"GET clusters": FuelMaster.list_clusters,
    r"POST clusters": FuelMaster.post_cluster,
    r"GET clusters/(\d+)": FuelMaster.get_cluster,
    r"DELETE clusters/(\d+)": FuelMaster.delete,
    r"GET clusters/(\d+)/attributes": FuelMaster.get_attributes,
    r"PUT clusters/(\d+)/attributes": FuelMaster.put_attributes,
    rf"GET {_NET}": FuelMaster.get_networks,
    rf"PUT {_NET}": FuelMaster.put_networks,
    rf"PUT {_NET}/verify": FuelMaster.verify,
    r"PUT clusters/(\d+)/changes": FuelMaster.changes,
    r"PUT clusters/(\d+)/stop_deployment": FuelMaster.stop,
}


class _Handler(BaseHTTPRequestHandler):
    fuel: FuelMaster

    def _do(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        try:
            code, content = self.fuel.answer(self.command, self.path, body, self.headers.get("X-Auth-Token", ""))
            text = json.dumps(content, default=lambda _: None)
        except Refusal as error:
            code = error.code
            text = error.message if error.plain else json.dumps({"message": error.message, "errors": []})
        for one in self.fuel.lost:
            if one[0] == self.command and re.search(one[1], self.path) and code < 300:
                self.fuel.lost.remove(one)
                return  # done, and nothing said: the connection is closed
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    do_GET = do_PUT = do_POST = do_DELETE = _do  # noqa: N815

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def _network(name: str) -> dict[str, Any]:
    return {"name": name, "cidr": "10.0.0.0/24", "gateway": None, "ip_ranges": [], "vlan_start": None, "meta": {}}


def _shown(task: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in task.items() if key not in {"began", "takes", "end"}}
