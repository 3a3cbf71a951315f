"""Volumes in every project."""

from typing import Any

from rallycross.cloud.context_data import Actor, Tenant
from rallycross.cloud.parallel import in_parallel
from rallycross.cloud.resource import Thing
from rallycross.cloud.service import resource
from rallycross.context.context import ContextAdmin, ContextData, context
from rallycross.context.resource_context import ResourceContext, wait_for_all
from rallycross.task.bounds import COUNT, GIBIBYTES
from rallycross.task.flaw import Schema
from rallycross.task.known import Needs

_SCHEMA: Schema = {
    "type": "object",
    "properties": {
        "size": {"type": "integer", "minimum": 1, "maximum": GIBIBYTES},
        "type": {"type": ["string", "null"]},
        "volumes_per_tenant": COUNT,
    },
    "required": ["size"],
    "additionalProperties": False,
}
_LIMIT = 600.0  # seconds until all volumes of a project must be available; Rally's default


@context("volumes", order=420, schema=_SCHEMA, needs=Needs(("block-storage",), things={"type": "volume_type"}))
class Volumes(ResourceContext):
    """Makes empty volumes of `size` GiB in every project."""

    name = "volumes"

    def __init__(self, config: dict[str, Any], context_data: ContextData, admin: ContextAdmin) -> None:
        super().__init__(context_data, admin)
        self._count: int = config.get("volumes_per_tenant", 1)
        self._body = {"size": config["size"]} | ({"volume_type": config["type"]} if config.get("type") else {})

    def make_all(self) -> None:
        """Create the volumes, and wait until they are available."""
        project_users = self.project_users()
        made = in_parallel(self._make, [project_user for project_user in project_users for _ in range(self._count)])

        def wait(project_user: tuple[Tenant, Actor]) -> None:
            tenant, user = project_user
            ids = [volume["id"] for owner, volume in made if owner is tenant]
            api = self.admin.api(user)
            tenant.resources["volumes"] = wait_for_all(api, resource("cinder.volumes"), ids, "available", limit=_LIMIT)

        in_parallel(wait, project_users)

    def _make(self, project_user: tuple[Tenant, Actor]) -> tuple[Tenant, Thing]:
        tenant, user = project_user

        def create(name: str) -> Thing:
            body = {"volume": {"name": name, **self._body}}
            return dict(self.admin.api(user).post("block-storage", "/volumes", body)["volume"])

        return tenant, self.make("cinder.volumes", create, within=tenant)
