"""The API versions of services that the load uses."""

from collections.abc import Iterator
from typing import Any

from rallycross.cloud.catalog import official
from rallycross.cloud.service import SERVICES, known_services
from rallycross.cloud.versions import is_microversion
from rallycross.context.context import ContextAdmin, ContextData, SetUpFailed, context
from rallycross.context.resource_context import ResourceContext
from rallycross.task.cloud_references import CloudReference
from rallycross.task.flaw import Schema
from rallycross.task.known import Needs


def _client(version: Schema) -> Schema:
    return {
        "type": "object",
        "properties": {
            "version": {"type": ["string", "number"], **version},
            "service_name": {"type": "string"},
            "service_type": {"type": "string"},
        },
        "minProperties": 1,
        "additionalProperties": False,
    }


def _spoken(version: int) -> Schema:
    """Return the schema of a major version: a text or a number, optionally with a microversion."""
    return {"minimum": version, "exclusiveMaximum": version + 1, "pattern": rf"^{version}(\.\d+)?$"}


_SCHEMA: Schema = {
    "type": "object",
    "properties": {service.name: _client(_spoken(service.major)) for service in known_services() if service.major},
    "patternProperties": {"^[a-z]+$": _client({})},
    "minProperties": 1,
    "additionalProperties": False,
}


def _references(config: dict[str, dict[str, Any]]) -> Iterator[CloudReference]:
    for client, asked in config.items():
        service = SERVICES.all.get(client)
        if service and service.microversion and is_microversion(str(asked.get("version", ""))):
            yield CloudReference(service.microversion_fact, f"{client}.version", str(asked["version"]))
        if "service_type" in asked:  # the catalog may have it under another of its names
            yield CloudReference("service_type", f"{client}.service_type", official(str(asked["service_type"])))
        if "service_name" in asked:
            yield CloudReference("service_name", f"{client}.service_name", str(asked["service_name"]))


@context("api_versions", order=150, schema=_SCHEMA, needs=Needs(references=_references))
class ApiVersions(ResourceContext):
    """Makes the load ask for versions (microversions of nova and cinder) and service types, by client ("nova")."""

    name = "api_versions"

    def __init__(self, config: dict[str, dict[str, Any]], context_data: ContextData, admin: ContextAdmin) -> None:
        super().__init__(context_data, admin)
        self._clients = config

    def make_all(self) -> None:
        """Check the versions against the catalog; create nothing."""
        api = self.admin.api()
        types: dict[str, str] = {}
        # Only an administrator may list the services.
        if any("service_name" in asked for asked in self._clients.values()):
            types = {
                service.get("name", ""): service["type"] for service in api.get("identity", "/services")["services"]
            }
        for client, asked in self._clients.items():
            found: dict[str, str] = {key: str(asked[key]) for key in ("version", "service_type") if key in asked}
            if "service_name" in asked:
                if "service_type" in asked:
                    raise SetUpFailed(f"api_versions: {client}: give `service_name` or `service_type`, not both")
                if asked["service_name"] not in types:
                    raise SetUpFailed(
                        f"api_versions: {client}: the cloud has no service named '{asked['service_name']}'"
                    )
                found["service_type"] = types[asked["service_name"]]
            if "service_type" in found and not api.has(found["service_type"]):
                raise SetUpFailed(
                    f"api_versions: {client}: the catalog has no service of type '{found['service_type']}'"
                )
            self.context_data.api_versions[client] = found
