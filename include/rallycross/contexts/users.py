"""Users in projects of their own, for the load to act as."""

import secrets
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from keystoneauth1.exceptions import ClientException
from openstack.connection import Connection
from openstack.exceptions import NotFoundException, SDKException

from rallycross.cloud.cloud import Cloud
from rallycross.cloud.scene import Actor, Tenant
from rallycross.contexts.cleaning import clean
from rallycross.contexts.context import Backstage, Scene, SetUpFailed, context
from rallycross.contexts.identity import identity
from rallycross.task.flaw import Schema

_COUNT: Schema = {"type": "integer", "minimum": 1}
_SCHEMA: Schema = {
    "type": "object",
    "properties": {
        "tenants": _COUNT,
        "users_per_tenant": _COUNT,
        "user_password": {"type": "string"},
        "resource_management_workers": _COUNT,  # threads that make and delete them
        "project_domain": {"type": "string"},
        "user_domain": {"type": "string"},
        "user_choice_method": {"enum": ["random", "round_robin"]},
    },
    "additionalProperties": False,
}
_ROLE = "member"  # what a user is in its project


@context("users", order=100, schema=_SCHEMA)
class Users:
    """`tenants` projects with `users_per_tenant` users each; they go with all that the load has left in them."""

    def __init__(self, config: dict[str, Any], scene: Scene, backstage: Backstage) -> None:
        self._scene = scene
        self._backstage = backstage
        self._tenants: int = config.get("tenants", 1)
        self._users_per_tenant: int = config.get("users_per_tenant", 1)
        self._password: str | None = config.get("user_password")
        self._threads: int = config.get("resource_management_workers", 20)
        self._domains = (config.get("project_domain", "default"), config.get("user_domain", "default"))
        self._choice: str = config.get("user_choice_method", "random")

    def set_up(self) -> None:
        """Make projects, then users, as many at a time as there are threads."""
        cloud = self._scene.cloud
        try:
            connection = self._backstage.connection
            project_domain, user_domain = (_domain(connection, name) for name in self._domains)
            role = _role(connection)
            with ThreadPoolExecutor(self._threads, thread_name_prefix="users") as pool:
                tenants = list(pool.map(lambda _: self._project(connection, project_domain), range(self._tenants)))
                self._scene.tenants = {tenant.id: tenant for tenant in tenants}
                # Tenants take turns in the list, so that "each user in turn" is also "each tenant in turn".
                seats = tenants * self._users_per_tenant
                users = pool.map(lambda tenant: self._user(connection, tenant, user_domain, role), seats)
                self._scene.users = list(users)
        except (SDKException, ClientException) as error:
            raise SetUpFailed(f"cloud {cloud.name}: users cannot be made: {error}") from error
        self._scene.choose_at_random = self._choice == "random"

    def clean_up(self) -> None:
        """Delete the users, then the projects with what is in them."""
        clean(self._backstage.connection, self._backstage.ledger, threads=self._threads)

    def _project(self, connection: Connection, domain: str) -> Tenant:
        """Make a project."""
        name = self._backstage.name()
        row = self._backstage.ledger.remember("keystone.project", name)
        project = identity(connection).create_project(name=name, domain_id=domain)
        self._backstage.ledger.learned(row, project.id)
        return Tenant(str(project.id), name)

    def _user(self, connection: Connection, tenant: Tenant, domain: str, role: str) -> Actor:
        """Make a user who is a member of the project."""
        name, password = self._backstage.name(), self._password or secrets.token_urlsafe(16)
        row = self._backstage.ledger.remember("keystone.user", name)
        user = identity(connection).create_user(
            name=name, password=password, domain_id=domain, default_project_id=tenant.id
        )
        self._backstage.ledger.learned(row, user.id)
        identity(connection).assign_project_role_to_user(tenant.id, user.id, role)
        cloud = self._scene.cloud
        auth = {
            "auth_url": connection.config.auth["auth_url"],
            "username": name,
            "password": password,
            "user_domain_id": domain,
            "project_id": tenant.id,
        }
        entry = Cloud(cloud.name, {**cloud.config, "auth_type": "password", "auth": auth})
        return Actor(entry, tenant, str(user.id))


def _domain(connection: Connection, name: str) -> str:
    try:
        return str(identity(connection).find_domain(name, ignore_missing=False).id)
    except NotFoundException as error:
        remedy = "mend `project_domain` and `user_domain` of the context users"
        raise SetUpFailed(f"there is no domain '{name}' - {remedy}") from error


def _role(connection: Connection) -> str:
    try:
        return str(identity(connection).find_role(_ROLE, ignore_missing=False).id)
    except NotFoundException as error:
        raise SetUpFailed(f"there is no role '{_ROLE}' - create it: `openstack role create {_ROLE}`") from error
