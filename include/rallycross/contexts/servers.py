"""Servers in every project."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from rallycross.cloud.api import Api
from rallycross.cloud.context_data import Actor, Tenant
from rallycross.cloud.facts import NamedResource
from rallycross.cloud.parallel import in_parallel
from rallycross.cloud.resource import Thing
from rallycross.cloud.service import resource
from rallycross.context.context import ContextAdmin, ContextData, SetUpFailed, context
from rallycross.context.resource_context import ResourceContext, wait_for_all
from rallycross.task.bounds import COUNT
from rallycross.task.cloud_references import CloudReference, networks_of
from rallycross.task.flaw import Schema
from rallycross.task.known import Needs
from rallycross.task.resources import NotFound, find

_NAMED: Schema = {"type": "object", "properties": {"name": {"type": "string"}}, "additionalProperties": False}
_SCHEMA: Schema = {
    "type": "object",
    "properties": {
        "image": _NAMED,
        "flavor": _NAMED,
        "servers_per_tenant": COUNT,
        "auto_assign_nic": {"type": "boolean"},
        "nics": {
            "type": "array",
            "items": {
                "anyOf": [
                    {"type": "object", "properties": {"net-id": {"type": "string"}}, "additionalProperties": False},
                    {"type": "string"},
                ]
            },
            "minItems": 1,
        },
    },
    "required": ["image", "flavor"],
    "additionalProperties": False,
}
_LIMIT = 300.0  # seconds until all servers of a project must be active; Rally's default for one server

ProjectUser = tuple[Tenant, Actor]


def _references(config: dict[str, Any]) -> Iterator[CloudReference]:
    for reference in networks_of(config.get("nics")):
        yield replace(reference, key=f"nics{reference.key}")


@context(
    "servers",
    order=430,
    schema=_SCHEMA,
    needs=Needs(("compute", "image"), things={"image": "image", "flavor": "flavor"}, references=_references),
)
class Servers(ResourceContext):
    """Boots servers in every project."""

    name = "servers"

    def __init__(self, config: dict[str, Any], context_data: ContextData, admin: ContextAdmin) -> None:
        super().__init__(context_data, admin)
        self._image: dict[str, str] = config["image"]
        self._flavor: dict[str, str] = config["flavor"]
        self._count: int = config.get("servers_per_tenant", 5)
        self._spread: bool = config.get("auto_assign_nic", False)
        self._nics = [{"uuid": nic if isinstance(nic, str) else nic.get("net-id")} for nic in config.get("nics", ())]

    def make_all(self) -> None:
        """Boot the servers, and wait until they are active."""
        project_users = self.project_users()
        bodies = in_parallel(self._body, project_users)
        wanted = [
            (project_user, body, turn)
            for project_user, body in zip(project_users, bodies, strict=True)
            for turn in range(self._count)
        ]
        made = in_parallel(self._make, wanted)

        def wait(project_user: ProjectUser) -> None:
            tenant, user = project_user
            ids = [server["id"] for owner, server in made if owner is tenant]
            api = self.admin.api(user)
            tenant.resources["servers"] = wait_for_all(api, resource("nova.servers"), ids, "ACTIVE", limit=_LIMIT)

        in_parallel(wait, project_users)

    def _make(self, one: tuple[ProjectUser, dict[str, Any], int]) -> tuple[Tenant, Thing]:
        (tenant, user), body, turn = one
        networks = self._networks(tenant, turn)
        asked = {**body, "networks": networks} if networks else body

        def create(name: str) -> Thing:
            server = {"server": {"name": name, **asked}}
            return dict(self.admin.api(user).post("compute", "/servers", server)["server"])

        return tenant, self.make("nova.servers", create, within=tenant)

    def _networks(self, tenant: Tenant, turn: int) -> list[dict[str, str]]:
        """Return the networks of a project's `turn`th server: the configured ones, or one that the contexts made."""
        if self._nics:
            return self._nics
        networks = tenant.resources.get("networks", ())
        return [{"uuid": networks[turn % len(networks) if self._spread else 0]["id"]}] if networks else []

    def _body(self, project_user: ProjectUser) -> dict[str, Any]:
        api = self.admin.api(project_user[1])
        try:
            image = find("image", self._image, _named(api, "image", "images"))
            flavor = find("flavor", self._flavor, _named(api, "compute", "flavors"))
        except NotFound as error:
            raise SetUpFailed(f"servers: {error} in {self.context_data.cloud.name}") from error
        return {"imageRef": image.id, "flavorRef": flavor.id}


def _named(api: Api, service: str, what: str) -> list[NamedResource]:
    """Return the images or flavors that a user can boot from."""
    return [
        NamedResource(
            str(thing["id"]), str(thing["name"] or ""), {"status": thing["status"]} if "status" in thing else {}
        )
        for thing in api.list(service, f"/{what}", what)
    ]
