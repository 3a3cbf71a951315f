"""Fill and check a cloud through its APIs. It runs in the cloud's own environment, and uses its keystoneauth.

Usage: cloud.py identity|contents|check CONTENT_FILE
The content file (JSON) has the users, the catalog and the initial resources; those that exist are not changed.
"""

import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from control import supervisor
from keystoneauth1.adapter import Adapter
from keystoneauth1.identity.v3 import Password
from keystoneauth1.session import Session
from movement import Movement

_ANSWER = 120.0  # seconds to wait for a service's answer


class Cloud:
    """The cloud's APIs, as its administrator."""

    def __init__(self, wanted: dict[str, Any]) -> None:
        self.wanted = wanted
        domains = {"user_domain_name": "Default", "project_domain_name": "Default"}
        auth = Password(
            wanted["auth_url"], username="admin", password=wanted["admin_password"], project_name="admin", **domains
        )
        self.session = Session(auth, timeout=_ANSWER)
        self.started: dict[str, float] = {}  # when each process began, in seconds since the epoch
        self.began = time.time()
        kept = json.loads(Path(wanted["root"], "cloud.json").read_text())
        self.control = supervisor(wanted["root"], kept["secrets"]["supervisor"]).supervisor

    def api(self, service_type: str, **headers: str) -> Adapter:
        """Return the adapter of one service, without version discovery: the catalog has the full URL."""
        return Adapter(self.session, service_type=service_type, additional_headers=headers)

    def one(self, api: Adapter, path: str, key: str, body: dict[str, Any], **query: str) -> dict[str, Any]:
        """Return the resource that has the name in `body`, creating it if it does not exist."""
        many = f"{key}s" if not key.endswith("y") else f"{key[:-1]}ies"
        for thing in api.get(path, params=query or {"name": body["name"]}).json()[many]:
            if thing["name"] == body["name"]:
                return thing
        return api.post(path, json={key: body}).json()[key]

    def identity(self) -> None:
        """Create the service users, the unprivileged project, and the catalog."""
        keystone = self.api("identity")
        roles = {role["name"]: role["id"] for role in keystone.get("/roles").json()["roles"]}
        for name in ("service",):
            roles.setdefault(name, self.one(keystone, "/roles", "role", {"name": name})["id"])
        projects = {
            name: self.one(keystone, "/projects", "project", {"name": name, "domain_id": "default"})["id"]
            for name in ("service", "demo")
        }
        for user in self.wanted["users"]:
            made = self.one(
                keystone, "/users", "user", {"name": user["name"], "password": user["password"], "domain_id": "default"}
            )
            for role in user["roles"]:
                keystone.put(f"/projects/{projects[user['project']]}/users/{made['id']}/roles/{roles[role]}")
        known = {service["type"]: service["id"] for service in keystone.get("/services").json()["services"]}
        for entry in self.wanted["catalog"]:
            service = known.get(entry["type"])
            if not service:
                body = {"service": {"type": entry["type"], "name": entry["name"]}}
                service = keystone.post("/services", json=body).json()["service"]["id"]
            there = keystone.get("/endpoints", params={"service_id": service}).json()["endpoints"]
            for interface in {"public", "internal", "admin"} - {endpoint["interface"] for endpoint in there}:
                body = {
                    "service_id": service,
                    "interface": interface,
                    "url": entry["url"],
                    "region_id": self.wanted["region"],
                }
                keystone.post("/endpoints", json={"endpoint": body})

    def contents(self) -> None:
        """Create the initial resources of each service, then wait until the services' processes have reported."""
        with ThreadPoolExecutor(4) as pool:
            for one in [pool.submit(self._fill, service) for service in self.wanted["services"]]:
                one.result()
        self._until_up(self._silent)

    def _fill(self, service: dict[str, Any]) -> None:
        """Create a service's initial resources, unless those names exist."""
        api, made = self.api(service["type"]), {}
        for content in service["contents"]:
            key, path, body = content["key"], content["path"], dict(content["body"])
            if content["within"]:
                body[f"{content['within']}_id"] = made[content["within"]]
            there = api.get(path + content["query"]).json()[content["many"] or path.rpartition("/")[2]]
            thing = next((one for one in there if one["name"] == body["name"]), None)
            if thing is None:
                answer = api.post(path, json={key: body} if key else body).json()
                thing = answer[key] if key else answer
            made[key] = thing["id"]
            if content["upload"] and thing["status"] == "queued":
                # Bytes that format inspection can only take for a raw image.
                data = b"rallycross" * (content["upload"] // 10)
                headers = {"Content-Type": "application/octet-stream"}
                api.put(f"{path}/{thing['id']}/file", data=data, headers=headers)

    def check(self) -> None:
        """Wait until every service answers, has reported, and lists what it must."""
        self._until_up(self._down)

    def _until_up(self, find_down: Callable[[], list[str]]) -> None:
        movement = Movement(self.wanted["patience_s"], self.wanted["limit_s"])
        while True:
            rows: Any = self.control.getAllProcessInfo()
            self.started = {row["name"]: float(row["start"]) for row in rows}
            if not (down := find_down()):
                return
            groups = {row["name"]: row["pid"] for row in rows if row["pid"] and row["name"] in " ".join(down)}
            if given_up := movement.look(down, groups):
                sys.exit(given_up)
            time.sleep(0.5)

    def _silent(self) -> list[str]:
        """Return the names of processes that have not reported to their service since they were started."""
        down: list[str] = []
        for service in self.wanted["services"]:
            if service["reporting"]:
                rows = self.api(service["type"]).get("/os-services").json()["services"]
                up = [row for row in rows if self._heard_of(row)]
                names = {row["binary"] for row in up} | {f"{row['binary']} on {row['host']}" for row in up}
                down += [name for name in service["reporting"] if name not in names]
        return down

    def _heard_of(self, service: dict[str, Any]) -> bool:
        """Return whether a process has reported since it was started: an older report is of its predecessor.

        Messages to a process that does not listen yet are lost. The start time of a process on another host is not
        known, so it must report after this program began.
        """
        reported = service["updated_at"] and datetime.fromisoformat(service["updated_at"]).replace(tzinfo=UTC)
        return (
            service["state"] == "up"
            and reported
            and reported.timestamp() >= self.started.get(service["binary"], self.began)
        )

    def _down(self) -> list[str]:
        down = self._silent()
        for service in () if down else self.wanted["services"]:
            for listed in service["ready"]:
                answer = self.api(service["type"]).get(listed["path"]).json()
                if listed["key"]:
                    names = {one[listed["field"]] for one in answer[listed["key"]]}
                    down += [f"{listed['called']} {name}" for name in listed["names"] if name not in names]
                    down += [listed["called"]] if not names else []
        return down


def main() -> None:
    """Run the command in the first argument."""
    cloud = Cloud(json.loads(Path(sys.argv[2]).read_text()))
    {"identity": cloud.identity, "contents": cloud.contents, "check": cloud.check}[sys.argv[1]]()


main()
