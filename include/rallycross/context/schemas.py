"""Schemas that several contexts use."""

from rallycross.task.flaw import Schema

GATEWAY: Schema = {  # the gateway of a router, as neutron takes it
    "type": "object",
    "properties": {"network_id": {"type": "string"}, "enable_snat": {"type": "boolean"}},
    "additionalProperties": False,
}
