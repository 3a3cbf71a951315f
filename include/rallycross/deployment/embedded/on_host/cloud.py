"""Fill and check a cloud through its APIs. Runs in the cloud's own environment, whose keystoneauth signs in.

Usage: cloud.py identity|contents|check CONTENT_FILE
The content file (JSON) says who is there and what is wanted; everything that exists already is left as it is.
"""

import json
import sys
import time
import xmlrpc.client
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from keystoneauth1.adapter import Adapter
from keystoneauth1.identity.v3 import Password
from keystoneauth1.session import Session
from movement import Movement

_ANSWER = 120.0  # seconds that a service may be silent when it is asked something


class Cloud:
    """The cloud's APIs as their administrator."""

    def __init__(self, wanted: dict[str, Any]) -> None:
        self.wanted = wanted
        self.there = {entry["type"] for entry in wanted["catalog"]}  # beside identity
        domains = {"user_domain_name": "Default", "project_domain_name": "Default"}
        auth = Password(
            wanted["auth_url"], username="admin", password=wanted["admin_password"], project_name="admin", **domains
        )
        self.session = Session(auth, timeout=_ANSWER)
        self.started: dict[str, float] = {}  # when each process began, in seconds since the epoch
        self.began = time.time()
        self.control = supervisor(Path(wanted["root"]))

    def api(self, service_type: str, **headers: str) -> Adapter:
        """Return one service's API. Version discovery is left out: the catalog says where."""
        return Adapter(self.session, service_type=service_type, additional_headers=headers)

    def one(self, api: Adapter, path: str, key: str, body: dict[str, Any], **query: str) -> dict[str, Any]:
        """Return the thing named as `body` says; make it when there is none."""
        many = f"{key}s" if not key.endswith("y") else f"{key[:-1]}ies"
        for thing in api.get(path, params=query or {"name": body["name"]}).json()[many]:
            if thing["name"] == body["name"]:
                return thing
        return api.post(path, json={key: body}).json()[key]

    def identity(self) -> None:
        """Make the service users, the unprivileged project, and the catalog."""
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
        """Make images, flavors, the external network and the volume type; wait for the compute hosts."""
        by_type = {
            "image": self._images,
            "compute": self._flavors,
            "network": self._network,
            "block-storage": self._volume_type,
        }
        with ThreadPoolExecutor(4) as pool:
            work = [pool.submit(make) for kind, make in by_type.items() if kind in self.there]
            for one in work:
                one.result()
        self._until_up(self._computes_down)

    def _images(self) -> None:
        glance = self.api("image")
        for image in self.wanted["images"]:
            body = {
                "name": image["name"],
                "visibility": "public",
                "disk_format": "raw",
                "container_format": "bare",
                "hw_rng_model": "virtio",
            }
            there = glance.get("/v2/images", params={"name": image["name"]}).json()["images"]
            made = there[0] if there else glance.post("/v2/images", json=body).json()
            if made["status"] == "queued":
                # Bytes that no format inspection takes for anything but raw.
                data = b"rallycross" * (image["bytes"] // 10)
                headers = {"Content-Type": "application/octet-stream"}
                glance.put(f"/v2/images/{made['id']}/file", data=data, headers=headers)

    def _flavors(self) -> None:
        nova = self.api("compute")
        there = {flavor["name"] for flavor in nova.get("/flavors").json()["flavors"]}
        for flavor in self.wanted["flavors"]:
            if flavor["name"] not in there:
                nova.post("/flavors", json={"flavor": flavor})

    def _network(self) -> None:
        neutron = self.api("network")
        external = {
            "name": "public",
            "router:external": True,
            "is_default": True,
            "provider:network_type": "flat",
            "provider:physical_network": "public",
        }
        network = self.one(neutron, "/v2.0/networks", "network", external)
        subnet = {
            "name": "public",
            "network_id": network["id"],
            "ip_version": 4,
            "cidr": self.wanted["public_cidr"],
            "enable_dhcp": False,
        }
        self.one(neutron, "/v2.0/subnets", "subnet", subnet)
        # With a default way out, and a default pool, nova can be asked for a server with whatever network.
        pool = {
            "name": "default",
            "prefixes": ["10.128.0.0/9"],
            "default_prefixlen": 24,
            "shared": True,
            "is_default": True,
        }
        self.one(neutron, "/v2.0/subnetpools", "subnetpool", pool)

    def _volume_type(self) -> None:
        cinder = self.api("block-storage")
        name = self.wanted["volume_type"]
        there = {one["name"] for one in cinder.get("/types").json()["volume_types"]}
        if name not in there:
            cinder.post("/types", json={"volume_type": {"name": name}})

    def check(self) -> None:
        """Wait until every compute host and volume service is up, and say what each service answers with."""
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

    def _computes_down(self) -> list[str]:
        if "compute" not in self.there:
            return []
        services = self.api("compute").get("/os-services").json()["services"]
        up = {(one["binary"], one["host"]) for one in services if self._heard_of(one)}
        down = [f"nova-compute on {host}" for host in self.wanted["compute_hosts"] if ("nova-compute", host) not in up]
        return down + list({"nova-conductor", "nova-scheduler"} - {binary for binary, _ in up})

    def _heard_of(self, service: dict[str, Any]) -> bool:
        """Tell whether a service has reported since it was started: an older word is that of its predecessor.

        What is sent to a service that does not listen yet is lost. Of one that runs on another host it is not known
        when it was started: it has to report now.
        """
        reported = service["updated_at"] and datetime.fromisoformat(service["updated_at"]).replace(tzinfo=UTC)
        return (
            service["state"] == "up"
            and reported
            and reported.timestamp() >= self.started.get(service["binary"], self.began)
        )

    def _down(self) -> list[str]:
        down = self._computes_down()
        if not down and "compute" in self.there:
            # A host takes servers only once it is mapped to its cell.
            hypervisors = self.api("compute").get("/os-hypervisors").json()["hypervisors"]
            names = {one["hypervisor_hostname"] for one in hypervisors}
            down += [f"hypervisor {host}" for host in self.wanted["compute_hosts"] if host not in names]
        if "block-storage" in self.there:
            volumes = self.api("block-storage").get("/os-services").json()["services"]
            up = {one["binary"] for one in volumes if self._heard_of(one)}
            down += {"cinder-scheduler", "cinder-volume"} - up
            if not self.api("block-storage").get("/scheduler-stats/get_pools").json()["pools"]:
                down.append("the pool of cinder-volume")  # the scheduler has not heard of it yet
        asked = {"network": "/v2.0/networks?limit=1", "image": "/v2/images?limit=1", "placement": "/resource_providers"}
        for kind, path in asked.items():
            if kind in self.there:
                self.api(kind).get(path)
        return down


def supervisor(root: Path) -> Any:
    """Return the supervisor of the cloud's processes."""
    kept = json.loads((root / "cloud.json").read_text())
    address = f"http://rallycross:{kept['secrets']['supervisor']}@127.0.0.1:{kept['ports']['supervisor']}/RPC2"
    return xmlrpc.client.ServerProxy(address).supervisor


def main() -> None:
    """Do what the first argument says."""
    cloud = Cloud(json.loads(Path(sys.argv[2]).read_text()))
    {"identity": cloud.identity, "contents": cloud.contents, "check": cloud.check}[sys.argv[1]]()


main()
