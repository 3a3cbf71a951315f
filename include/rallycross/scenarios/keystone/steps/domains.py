"""Domains by their names, and options that name one."""

from collections.abc import Iterator
from typing import Annotated, Any

from rallycross.scenario.arguments import Argument
from rallycross.scenario.user import User
from rallycross.task.cloud_references import CloudReference

# The id and name of keystone's initial domain.
_INITIAL = {"Default": "default", "default": "default"}


def domain_in(options: Any) -> Iterator[CloudReference]:
    """Yield the domain that some options name."""
    if isinstance(options, dict) and "domain_name" in options:
        yield CloudReference("domain", ".domain_name", str(options["domain_name"]))


# The name or the id of a domain, as in Rally.
DomainName = Annotated[
    str, Argument({"type": "string"}, references=lambda name: [CloudReference("domain", "", str(name))])
]


async def domain_id(admin: User, name: str) -> str:
    """Return the id of a domain; a name that no domain has is taken for an id."""
    if name in _INITIAL:
        return _INITIAL[name]
    found = (await admin.get("identity", "/domains", name=name))["domains"]
    return str(found[0]["id"]) if found else name
