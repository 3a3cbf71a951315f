"""Volume types for the duration of the load."""

from collections.abc import Iterator

from rallycross.cloud.facts import NamedResource
from rallycross.cloud.parallel import in_parallel
from rallycross.cloud.resource import Thing
from rallycross.context.context import ContextAdmin, ContextData, context
from rallycross.context.resource_context import ResourceContext
from rallycross.task.known import Needs


def _makes(config: list[str]) -> Iterator[tuple[str, NamedResource]]:
    for name in config:
        yield "volume_type", NamedResource("", str(name))


@context(
    "volume_types",
    order=410,
    schema={"type": "array", "items": {"type": "string"}},
    needs=Needs(("block-storage",), administrator=True),
    makes=_makes,
)
class VolumeTypes(ResourceContext):
    """Creates volume types with given names, which the cloud must not have yet."""

    name = "volume_types"

    def __init__(self, config: list[str], context_data: ContextData, admin: ContextAdmin) -> None:
        super().__init__(context_data, admin)
        self._names = config

    def make_all(self) -> None:
        """Create the volume types."""
        self.context_data.shared["volume_types"] = in_parallel(self._make, self._names)

    def _make(self, name: str) -> Thing:
        """Create a type with our mark, so that after a crash no other type of that name is deleted."""
        mark = self.admin.name()
        row = self.note("cinder.volume_types", name, mark=mark)
        body = {"name": name, "description": mark}

        def create() -> Thing:
            return dict(self.admin.api().post("block-storage", "/types", {"volume_type": body})["volume_type"])

        made = self.make_known(row, create, lambda: self.found(row))
        self.admin.ledger.learned(row, str(made["id"]))
        return {"id": made["id"], "name": name}
