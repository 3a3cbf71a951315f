"""Schemas that several contexts have in their own."""

from rallycross.task.flaw import Schema

GATEWAY: Schema = {  # of a router, as neutron takes it
    "type": "object",
    "properties": {"network_id": {"type": "string"}, "enable_snat": {"type": "boolean"}},
    "additionalProperties": False,
}
