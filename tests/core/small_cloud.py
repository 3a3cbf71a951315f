"""A small OpenStack in one process: real HTTP, just the calls that contexts, cleaning and scenarios send.

It remembers every request, and can be told to be slow or to refuse.
"""

import asyncio
import itertools
import threading
import time
import uuid
from collections import Counter
from collections.abc import Mapping
from typing import Any, Self

from aiohttp import web

from rallycross.cloud.cloud import Cloud

ADMIN = {"username": "admin", "password": "secret", "project_id": "admin-project", "user_domain_id": "default"}
_COLLECTIONS = {
    "compute": {"servers": "server"},
    "network": {
        name: name[:-1]
        for name in (
            "networks",
            "ports",
            "routers",
            "subnets",
            "subnetpools",
            "floatingips",
            "security_groups",
            "security_group_rules",
            "trunks",
            "agents",
        )
    },
    "block-storage": {
        "volumes": "volume",
        "snapshots": "snapshot",
        "backups": "backup",
        "volume_types": "volume_type",
        "transfers": "transfer",
        "qos_specs": "qos_spec",
    },
    "identity": {name: name[:-1] for name in ("users", "projects", "roles", "domains", "services", "endpoints")},
}
_COLLECTIONS["compute"] |= {
    "flavors": "flavor",
    "keypairs": "keypair",
    "aggregates": "aggregate",
    "server_groups": "server_group",
}
_PATHS = {  # what stands in a path, where it is not what stands in the answer
    "os-server-groups": "server_groups",
    "os-keypairs": "keypairs",
    "os-services": "services",
    "os-aggregates": "aggregates",
    "os-volume-transfer": "transfers",
    "types": "volume_types",
    "qos-specs": "qos_specs",
    "security-groups": "security_groups",
    "security-group-rules": "security_group_rules",
}
_OWNERS = {  # how a thing says whose it is, where it is not by `project_id`
    "servers": "tenant_id",
    "volumes": "os-vol-tenant-attr:tenant_id",
    "snapshots": "os-extended-snapshot-attributes:project_id",
    "backups": "os-backup-project-attr:project_id",
}
_BEGUN = {"servers": ("BUILD", "ACTIVE"), "volumes": ("creating", "available")}


class SmallCloud:
    """The cloud: its things, its requests, its moods."""

    def __init__(self) -> None:
        self.url = ""
        self.things: dict[str, dict[str, dict[str, Any]]] = {
            "roles": {"r1": {"id": "r1", "name": "member"}},
            "domains": {"default": {"id": "default", "name": "Default"}},
            "flavors": {"f1": {"id": "f1", "name": "m1.nano", "ram": 64, "disk": 1}},
            "images": {"i1": {"id": "i1", "name": "cirros", "visibility": "public", "status": "active"}},
        }
        self.requests: list[str] = []  # "METHOD service /path"
        self.versions: list[tuple[str, str]] = []  # the same, with the microversion that was asked for, or ""
        self.by_whom: list[tuple[str, str]] = []  # the same, of those who had signed in, with the user's id
        self.newest: dict[str, str] = {}  # microversions of services that have some
        self.tokens: dict[str, tuple[str, str]] = {}  # token -> user, project
        self.ready_after = 0.0  # seconds until a server or a volume has become what it should
        self.refuse: dict[str, int] = {}  # "METHOD service" or "METHOD service /path" -> status to answer with
        self.delay: dict[str, float] = {}  # the same -> seconds
        self.lingers = 0.0  # seconds that a server is there still when it has been deleted
        self.fails: set[str] = set()  # collections of which all that is made ends in an error state
        self.administrators = {"admin"}  # ids of users who have the role
        self.quotas: dict[tuple[str, str], dict[str, int]] = {}  # service, project -> those that were set
        self.grants: set[tuple[str, str, str]] = set()  # project, user, role
        self.addresses: dict[
            str, str
        ] = {}  # "fixed" -> what servers get, with a port, and ports; "floating" -> such addresses
        self.catalog: list[dict[str, Any]] = []  # what those who sign in get; none: all services, under one region
        self.overlooks_filters = False  # lists everybody's things, whoever's were asked for
        self.federation = "/OS-FEDERATION/identity_providers/idp/protocols/openid/auth"  # the one that there is
        self.bearers: Mapping[str, str] | None = None  # access tokens, and whose they are: all of them administrators
        self.hides: dict[str, int] = {}  # id -> how many more lists leave it out, though it is there
        self.hides_what_goes = False  # lists leave out what lingers
        self._numbers = itertools.count(1)
        self._loop = asyncio.new_event_loop()
        self._up = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._up.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def cloud(self, **auth: str) -> Cloud:
        """Return the cloud as its administrator signs in to it."""
        return Cloud("small", {"auth": {"auth_url": f"{self.url}/identity/v3", **ADMIN, **auth}, "region_name": "R"})

    def count(self, kind: str) -> int:
        """Return how many things of a kind stand."""
        return len(self.things.get(kind, {}))

    def sent(self) -> Counter[str]:
        """Return how often each request was sent, ids left out."""
        return Counter(" ".join(request.split(" ")[:2]) for request in self.requests)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        app = web.Application()
        app.router.add_route("GET", "/identity{slash:/?}", self._versions)
        app.router.add_route("*", "/{service}/{version}", self._version)
        app.router.add_route("*", "/{service}/{version}/", self._version)
        app.router.add_route("*", "/{service}/{version}/{path:.*}", self._answer)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        self._loop.run_until_complete(runner.setup())
        site = web.TCPSite(runner, "127.0.0.1", 0)
        self._loop.run_until_complete(site.start())
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        self._up.set()
        self._loop.run_forever()
        self._loop.run_until_complete(runner.cleanup())
        late = asyncio.all_tasks(self._loop)  # answers that nobody waits for any more
        for task in late:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*late, return_exceptions=True))
        self._loop.close()

    async def _version(self, request: web.Request) -> web.Response:
        version = request.match_info["version"]
        if (request.match_info["service"], version) == ("identity", "v2.0"):  # gone since long
            return web.json_response({"error": {"message": "not found"}}, status=404)
        link = {"rel": "self", "href": str(request.url)}
        newest = self.newest.get(request.match_info["service"])
        micro = {"min_version": "2.1", "version": newest} if newest else {}
        return web.json_response({"version": {"id": version, "status": "CURRENT", "links": [link], **micro}})

    async def _versions(self, _: web.Request) -> web.Response:
        """Answer what keystone does at its root."""
        version = {"id": "v3.14", "status": "stable", "links": [{"rel": "self", "href": f"{self.url}/identity/v3/"}]}
        return web.json_response({"versions": {"values": [version]}}, status=300)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        service, path = request.match_info["service"], "/" + request.match_info["path"]
        names = (f"{request.method} {service}", f"{request.method} {service} {path}")
        self.requests.append(names[1])
        self.versions.append((names[1], request.headers.get("OpenStack-API-Version", "")))
        # Before the work, as OpenStack does, which goes on also when the one who has asked is gone.
        who = self.tokens.get(request.headers.get("X-Auth-Token", ""))
        await request.read()
        await asyncio.sleep(max(self.delay.get(name, 0) for name in names))
        headers = {"x-openstack-request-id": f"req-{len(self.requests)}"}
        status = next((self.refuse[name] for name in names if name in self.refuse), 0)
        if status:
            return web.json_response({"error": {"message": "as you wish"}}, status=status, headers=headers)
        if path == "/auth/tokens":
            return await self._token(request)
        if path.startswith("/OS-FEDERATION/"):
            return self._federated(request, path)
        if who is None:
            return web.json_response({"error": {"message": "who is there?"}}, status=401, headers=headers)
        self.by_whom.append((names[1], who[0]))
        answer = await self._act(request, service, path, who[1])
        answer.headers.update(headers)
        return answer

    async def _token(self, request: web.Request) -> web.Response:
        auth = (await request.json())["auth"]
        user = self._who(auth["identity"])
        if user is None:
            return web.json_response({"error": {"message": "not you"}}, status=401)
        scope = auth.get("scope", {}).get("project", {})
        return self._signed_in(user, auth["identity"]["methods"], scope.get("id") or scope.get("name"))

    def _who(self, identity: dict[str, Any]) -> dict[str, Any] | None:
        """Return the user who has shown a password, or a token that is known."""
        users = [{"id": "admin", **ADMIN, "name": ADMIN["username"]}, *self.things.get("users", {}).values()]
        if "token" in identity:
            owner = self.tokens.get(identity["token"]["id"], ("", ""))[0]
            return next((user for user in users if user["id"] == owner), None)
        given = identity["password"]["user"]
        wanted = (given["name"], given["password"])
        return next((user for user in users if (user["name"], user["password"]) == wanted), None)

    def _federated(self, request: web.Request, path: str) -> web.Response:
        """Answer as keystone behind a module that has looked at an access token: a token without a project."""
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if path != self.federation:
            return web.json_response({"error": {"message": "Could not find Identity Provider"}}, status=404)
        if self.bearers is None or bearer not in self.bearers:
            return web.json_response({"error": {"message": "who is there?"}}, status=401)
        return self._signed_in({"id": "admin", "name": self.bearers[bearer]}, ["mapped"], None)

    def _signed_in(self, user: dict[str, Any], methods: list[str], project: str | None) -> web.Response:
        token = uuid.uuid4().hex
        self.tokens[token] = (user["id"], project or "")
        catalog = self.catalog or [
            {"type": kind, "name": kind, "endpoints": [{"interface": "public", "region_id": "R", "url": url}]}
            for kind, url in {
                "identity": f"{self.url}/identity/v3",
                "compute": f"{self.url}/compute/v2.1",
                "image": f"{self.url}/image/v2",
                "network": f"{self.url}/network/v2.0",
                "volumev3": f"{self.url}/block-storage/v3",
            }.items()
        ]
        body = {
            "user": {"id": user["id"], "name": user["name"], "domain": {"id": "default"}},
            "expires_at": "2100-01-01T00:00:00.000000Z",
            "issued_at": "2026-01-01T00:00:00.000000Z",
            "methods": methods,
        }
        if project:
            body |= {
                "project": {"id": project, "name": project, "domain": {"id": "default"}},
                "roles": [{"id": "a", "name": "admin"}] if user["id"] in self.administrators else [],
                "catalog": catalog,
            }
        return web.json_response({"token": body}, status=201, headers={"X-Subject-Token": token})

    async def _act(  # noqa: C901, PLR0911, PLR0912 - one case a kind of request
        self, request: web.Request, service: str, path: str, project: str
    ) -> web.Response:
        if (special := await self._special(request, service, path)) is not None:
            return special
        collection, _, rest = path.lstrip("/").partition("/")
        collection = _PATHS.get(collection, collection)
        identifier, _, more = rest.partition("/")
        things = self.things.setdefault(collection, {})
        for gone in [key for key, thing in things.items() if self._is_gone(thing)]:
            del things[gone]
        single = _COLLECTIONS.get(service, {}).get(collection)
        if more:  # a role granted, an image's data, a server's action
            await request.read()
            if more == "file":
                things[identifier]["status"] = "active"
            if more == "action":
                things.pop(identifier, None)
            return web.Response(status=204)
        if request.method == "POST":
            body = await request.json()
            if collection in body:  # many at a time
                made = [self._new(collection, one, project) for one in body[collection]]
                things.update({thing["id"]: thing for thing in made})
                return web.json_response({collection: made}, status=201)
            if collection in {"flavors", "volume_types"} and body[single]["name"] in self._names(collection):
                return web.json_response({"conflict": {"message": "there is one"}}, status=409)
            thing = self._new(collection, body[single] if single else body, project)
            things[thing["id"]] = thing
            return web.json_response({single: thing} if single else thing, status=201)
        if identifier and identifier != "detail":
            if identifier not in things:
                return web.json_response({"itemNotFound": {"message": f"no {identifier}"}}, status=404)
            if request.method == "DELETE":
                if collection == "routers" and any(port["device_id"] == identifier for port in self._interfaces()):
                    return web.json_response({"NeutronError": {"message": "it has interfaces"}}, status=409)
                if collection == "services":
                    ends = self.things.get("endpoints", {})
                    for end in [key for key, end in ends.items() if end["service_id"] == identifier]:
                        del ends[end]
                if collection == "servers" and self.lingers:
                    things[identifier].setdefault("deleted", time.monotonic())
                else:
                    del things[identifier]
                return web.Response(status=204)
            thing = self._now(collection, things[identifier])
            return web.json_response({single: thing} if single else thing)
        return web.json_response({collection: self._list(request, collection, project)})

    async def _special(  # noqa: C901, PLR0911 - one case a path
        self, request: web.Request, service: str, path: str
    ) -> web.Response | None:
        """Answer what is no thing with a path of its own: quotas, roles given, routers' interfaces."""
        match path.lstrip("/").split("/"):
            case ["os-quota-sets" | "quotas" as collection, project]:
                key = "quota" if collection == "quotas" else "quota_set"
                if request.method == "PUT":
                    self.quotas[service, project] = (await request.json())[key]
                if request.method == "DELETE":
                    self.quotas.pop((service, project), None)
                    return web.Response(status=204)
                now = {"instances": 10, "volumes": 10, "network": 10} | self.quotas.get((service, project), {})
                return web.json_response({key: now})
            case ["projects", project, "users", user, "roles", *role]:
                if not role:
                    given = [{"id": one[2]} for one in self.grants if one[:2] == (project, user)]
                    return web.json_response({"roles": given})
                change = self.grants.add if request.method == "PUT" else self.grants.discard
                change((project, user, role[0]))
                return web.Response(status=204)
            case ["routers", router, "add_router_interface"]:
                subnet = (await request.json())["subnet_id"]
                port = {"id": f"port-{next(self._numbers)}", "device_id": router, "project_id": "p", "subnet": subnet}
                port["device_owner"] = "network:router_interface"
                self.things.setdefault("ports", {})[port["id"]] = port
                return web.json_response({})
            case ["routers", _, "remove_router_interface"]:
                del self.things["ports"][(await request.json())["port_id"]]
                return web.json_response({})
            case ["users", user, "credentials", "OS-EC2", *one] | ["users", user, "application_credentials", *one]:
                collection = "credentials" if "/credentials/" in path else "application_credentials"
                there = self.things.setdefault(collection, {})
                if request.method == "DELETE":
                    del there[one[0]]
                    return web.Response(status=204)
                return web.json_response({collection: [own for own in there.values() if own["user_id"] == user]})
            case ["extensions", alias]:
                return web.json_response({"extension": {"alias": alias}})
            case ["flavors", flavor, "os-extra_specs"]:
                self.things["flavors"][flavor]["extra_specs"] = (await request.json())["extra_specs"]
                return web.json_response({})
        return None

    def _is_gone(self, thing: dict[str, Any]) -> bool:
        return "deleted" in thing and time.monotonic() - thing["deleted"] >= self.lingers

    def _names(self, collection: str) -> set[str]:
        return {thing["name"] for thing in self.things.get(collection, {}).values()}

    def _interfaces(self) -> list[dict[str, Any]]:
        return [port for port in self.things.get("ports", {}).values() if port["device_owner"].startswith("network:")]

    def _new(self, collection: str, wanted: dict[str, Any], project: str) -> dict[str, Any]:
        begun = _BEGUN.get(collection, ("queued", ""))[0]
        identifier = f"{collection}-{next(self._numbers)}"
        owner = "owner" if collection == "images" else _OWNERS.get(collection, "project_id")
        made = {"id": identifier, "status": begun, owner: project, "made": time.monotonic()}
        if collection == "keypairs":
            made |= {"id": wanted["name"], "private_key": "private", "public_key": "public"}
        if "id" in wanted:
            made["id"] = wanted["id"]
        if collection == "servers" and "fixed" in self.addresses:
            made["addresses"] = {"net": [{"addr": self.addresses["fixed"], "version": 4}]}
            port = {"id": f"port-{identifier}", "device_id": identifier, "device_owner": "compute:nova"}
            port["fixed_ips"] = [{"ip_address": self.addresses["fixed"]}]
            self.things.setdefault("ports", {})[port["id"]] = port
        if collection == "ports":
            made |= {"device_id": wanted.get("device_id", ""), "device_owner": wanted.get("device_owner", "")}
        if collection == "ports" and "fixed" in self.addresses:
            made["fixed_ips"] = [{"ip_address": self.addresses["fixed"]}]
        if collection == "floatingips":
            made["floating_ip_address"] = self.addresses.get("floating", "")
        return {**wanted, **made}

    def _now(self, collection: str, thing: dict[str, Any]) -> dict[str, Any]:
        if collection in _BEGUN and time.monotonic() - thing["made"] >= self.ready_after:
            thing["status"] = "error" if collection in self.fails else _BEGUN[collection][1]
        return thing

    def _list(self, request: web.Request, collection: str, project: str) -> list[dict[str, Any]]:
        wanted = request.query
        owned = {wanted.get("project_id"), wanted.get("owner")} - {None}
        if collection == "servers" and "all_tenants" not in wanted:
            owned = {project}
        owner = "owner" if collection == "images" else _OWNERS.get(collection, "project_id")
        if collection == "security_groups" and "project_id" in wanted:  # neutron's way: there is always a default one
            group = {"id": f"default-{wanted['project_id']}", "name": "default", "project_id": wanted["project_id"]}
            self.things[collection].setdefault(group["id"], group)
        return [
            {"keypair": thing} if collection == "keypairs" else self._now(collection, thing)
            for thing in self.things[collection].values()
            if (not owned or self.overlooks_filters or thing.get(owner) in owned)
            and ("name" not in wanted or thing.get("name") == wanted["name"].strip("^$"))
            and ("device_id" not in wanted or thing.get("device_id") == wanted["device_id"])
            and (collection != "roles" or thing.get("domain_id") == wanted.get("domain_id"))
            and thing.get("name", "").startswith(wanted.get("name__startswith", ""))
            and not self._hides(thing)
        ]

    def _hides(self, thing: dict[str, Any]) -> bool:
        left = self.hides.get(thing["id"], 0)
        self.hides[thing["id"]] = max(left - 1, 0)
        return left > 0 or (self.hides_what_goes and "deleted" in thing)
