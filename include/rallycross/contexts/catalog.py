"""More services in the catalog, as a large cloud has them: each token, and each check of one, carries the catalog."""

from typing import Any

from rallycross.cloud.parallel import in_parallel
from rallycross.context.context import ContextAdmin, ContextData, context
from rallycross.context.resource_context import ResourceContext
from rallycross.task.bounds import COUNT
from rallycross.task.flaw import Schema
from rallycross.task.known import Needs

_SCHEMA: Schema = {"type": "object", "properties": {"services": COUNT}, "additionalProperties": False}
_SERVICES = 20
_INTERFACES = ("public", "internal", "admin")
_URL = "https://{name}.example.org/v1/$(project_id)s"  # nothing sends a request there


# Not shared: a workload beside it that does not ask for a large catalog would be measured with one.
@context("catalog", order=345, schema=_SCHEMA, needs=Needs(("identity",), administrator=True), own=True)
class Catalog(ResourceContext):
    """Adds `services` to the catalog, each of a type of its own and with three endpoints, and deletes them."""

    name = "catalog"

    def __init__(self, config: dict[str, int], context_data: ContextData, admin: ContextAdmin) -> None:
        super().__init__(context_data, admin)
        self._services = config.get("services", _SERVICES)

    def make_all(self) -> None:
        """Create the services and their endpoints, in the region of the cloud's entry."""
        in_parallel(lambda _: self._make(), range(self._services), threads=self.threads)

    def _make(self) -> None:
        api = self.admin.api()

        def create(name: str) -> dict[str, Any]:
            return dict(api.post("identity", "/services", {"service": {"name": name, "type": name}})["service"])

        service = self.make("keystone.service", create)
        region = self.context_data.cloud.config.get("region_name")
        for interface in _INTERFACES:  # keystone deletes them with their service
            endpoint = {
                "service_id": service["id"],
                "interface": interface,
                "url": _URL.format(name=service["name"]),
                **({"region_id": region} if region else {}),
            }
            api.post("identity", "/endpoints", {"endpoint": endpoint})
