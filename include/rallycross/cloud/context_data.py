"""The result of a workload's contexts, as data: users, their projects, and the resources in them.

Contexts write it, load processes get a copy, and scenarios read it as `user.tenant` and `user.context_data`.
"""

from dataclasses import dataclass, field
from typing import Any

from rallycross.cloud.cloud import Cloud


@dataclass
class Tenant:
    """A project of the load.

    `resources` has what contexts have made or found in it, as the API shows it: "networks" (each with "router_id"),
    "subnets", "routers", "volumes", "servers", "images"; see docs/contexts.md.
    """

    id: str
    name: str
    resources: dict[str, Any] = field(default_factory=dict)
    existing: bool = False  # it existed before: only things with our names in it are ours


@dataclass
class Actor:
    """A user of the load."""

    cloud: Cloud  # with this user's credentials
    tenant: Tenant
    id: str = ""
    keypair: dict[str, str] = field(default_factory=dict, repr=False)  # name, private, public
    secgroup: dict[str, Any] = field(default_factory=dict)  # the security group from the context `allow_ssh`


@dataclass
class ContextData:
    """The data of all contexts of a workload."""

    cloud: Cloud  # with its administrator's credentials
    users: list[Actor] = field(default_factory=list)  # ordered so that tenants take turns
    tenants: dict[str, Tenant] = field(default_factory=dict)  # by id
    choose_at_random: bool = True  # whether iterations choose users at random, or else in turn
    shared: dict[str, Any] = field(default_factory=dict)  # things outside of projects, by the context's name
    api_versions: dict[str, dict[str, str]] = field(default_factory=dict)  # client -> Rally's keys
