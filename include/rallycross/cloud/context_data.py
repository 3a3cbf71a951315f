"""What contexts have made for a load, as data: the users, their projects, and the resources in them.

Contexts write it, the load processes get a copy, scenarios read it by `user.tenant` and `user.context_data`.
"""

from dataclasses import dataclass, field
from typing import Any

from rallycross.cloud.cloud import Cloud


@dataclass
class Tenant:
    """A project that the load acts in.

    `resources` has what contexts have made or found in it, by the context's name, as the API shows it:
    "networks" (each with "router_id"), "subnets", "routers", "volumes", "servers", "images"; see docs/contexts.md.
    """

    id: str
    name: str
    resources: dict[str, Any] = field(default_factory=dict)
    existing: bool = False  # it was there before: nothing in it is ours but what our names say


@dataclass
class Actor:
    """A user that the load acts as."""

    cloud: Cloud  # as this user signs in to it
    tenant: Tenant
    id: str = ""
    keypair: dict[str, str] = field(default_factory=dict, repr=False)  # name, private, public; of the context keypair
    secgroup: dict[str, Any] = field(default_factory=dict)  # the security group of the context allow_ssh


@dataclass
class ContextData:
    """All that the contexts of a workload have made."""

    cloud: Cloud  # as its administrator signs in to it
    users: list[Actor] = field(default_factory=list)  # tenants take turns
    tenants: dict[str, Tenant] = field(default_factory=dict)  # by id
    choose_at_random: bool = True  # which user an iteration acts as: any, or each in turn
    shared: dict[str, Any] = field(default_factory=dict)  # what belongs to no project, by the context's name
    api_versions: dict[str, dict[str, str]] = field(default_factory=dict)  # client -> Rally's keys
