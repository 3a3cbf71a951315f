"""Flavors for the duration of the load."""

import uuid
from collections.abc import Iterator
from typing import Any

from rallycross.cloud.errors import ApiError
from rallycross.cloud.facts import NamedResource
from rallycross.cloud.parallel import in_parallel
from rallycross.cloud.resource import Thing
from rallycross.cloud.service import resource
from rallycross.context.context import ContextAdmin, ContextData, context
from rallycross.context.resource_context import ResourceContext
from rallycross.leftovers.draining import show
from rallycross.task.flaw import Schema
from rallycross.task.known import Needs

_COUNT: Schema = {"type": "integer", "minimum": 1}
_SIZE: Schema = {"type": "integer", "minimum": 0}
_SCHEMA: Schema = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "ram": _COUNT,  # MiB
            "vcpus": _COUNT,
            "disk": _SIZE,  # GiB
            "swap": _SIZE,  # MiB
            "ephemeral": _SIZE,  # GiB
            "extra_specs": {"type": "object", "additionalProperties": {"type": "string"}},
        },
        "required": ["name", "ram"],
        "additionalProperties": False,
    },
}
_CONFLICT = 409


def _makes(config: list[dict[str, Any]]) -> Iterator[tuple[str, NamedResource]]:
    for one in config:
        yield "flavor", NamedResource("", one["name"], {"ram": one["ram"], "disk": one.get("disk", 0)})


@context("flavors", order=340, schema=_SCHEMA, needs=Needs(("compute",), administrator=True), makes=_makes)
class Flavors(ResourceContext):
    """Creates flavors with given names. A flavor that the cloud already has is used as it is and kept."""

    name = "flavors"

    def __init__(self, config: list[dict[str, Any]], context_data: ContextData, admin: ContextAdmin) -> None:
        super().__init__(context_data, admin)
        self._flavors = config

    def make_all(self) -> None:
        """Create the flavors."""
        made = in_parallel(self._make, self._flavors)
        self.context_data.shared["flavors"] = {flavor["name"]: flavor for flavor in made if flavor}

    def _make(self, wanted: dict[str, Any]) -> Thing | None:
        """Create a flavor with an id of our own, so that after a crash no other flavor of that name is deleted."""
        sizes = {"ram": wanted["ram"], "vcpus": wanted.get("vcpus", 1), "disk": wanted.get("disk", 0)}
        more = {"swap": wanted.get("swap", 0), "OS-FLV-EXT-DATA:ephemeral": wanted.get("ephemeral", 0)}
        identifier, api = str(uuid.uuid4()), self.admin.api()
        row = self.note("nova.flavors", wanted["name"])
        self.admin.ledger.learned(row, identifier)
        body = {"name": wanted["name"], "id": identifier, **sizes, **more}

        def create() -> Thing:
            return dict(api.post("compute", "/flavors", {"flavor": body})["flavor"])

        try:
            flavor = self.make_known(row, create, lambda: show(resource("nova.flavors"), api, identifier))
        except ApiError as error:
            if error.status != _CONFLICT:
                raise
            self.admin.ledger.forgotten(row)
            return None
        if specs := wanted.get("extra_specs"):
            api.post("compute", f"/flavors/{identifier}/os-extra_specs", {"extra_specs": specs}, repeat=True)
            return {**flavor, "extra_specs": specs}
        return flavor
