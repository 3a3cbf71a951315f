"""Users in projects of their own, for the load to act as."""

import random
import secrets
import string
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from keystoneauth1.exceptions import ClientException
from openstack.connection import Connection
from openstack.exceptions import NotFoundException, SDKException

from rallycross.cloud.cloud import Cloud
from rallycross.contexts.cleaning import clean
from rallycross.contexts.context import Scene, context
from rallycross.contexts.identity import identity
from rallycross.errors import RallycrossError
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
_ALPHABET = string.ascii_letters + string.digits


class SetUpFailed(RallycrossError):  # noqa: N818 - reads as what it says
    """A context could not be set up."""


@context("users", order=100, schema=_SCHEMA)
class Users:
    """`tenants` projects with `users_per_tenant` users each; they go with all that the load has left in them."""

    def __init__(self, config: dict[str, Any], scene: Scene) -> None:
        self._scene = scene
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
            connection = self._scene.connection
            project_domain, user_domain = (_domain(connection, name) for name in self._domains)
            role = _role(connection)
            with ThreadPoolExecutor(self._threads, thread_name_prefix="users") as pool:
                projects = list(pool.map(lambda _: self._project(connection, project_domain), range(self._tenants)))
                # Tenants take turns in the list, so that "each user in turn" is also "each tenant in turn".
                seats = projects * self._users_per_tenant
                users = pool.map(lambda project: self._user(connection, project, user_domain, role), seats)
                self._scene.users = list(users)
        except (SDKException, ClientException) as error:
            raise SetUpFailed(f"cloud {cloud.name}: users cannot be made: {error}") from error
        self._scene.choose_at_random = self._choice == "random"

    def clean_up(self) -> None:
        """Delete the users, then the projects with what is in them."""
        clean(self._scene.connection, self._scene.ledger, threads=self._threads)

    def _project(self, connection: Connection, domain: str) -> str:
        """Make a project and return its id."""
        name = self._name()
        row = self._scene.ledger.remember("keystone.project", name)
        project = identity(connection).create_project(name=name, domain_id=domain)
        self._scene.ledger.learned(row, project.id)
        return str(project.id)

    def _user(self, connection: Connection, project: str, domain: str, role: str) -> Cloud:
        """Make a user who is a member of the project, and return the cloud as that user signs in to it."""
        name, password = self._name(), self._password or secrets.token_urlsafe(16)
        row = self._scene.ledger.remember("keystone.user", name)
        user = identity(connection).create_user(
            name=name, password=password, domain_id=domain, default_project_id=project
        )
        self._scene.ledger.learned(row, user.id)
        identity(connection).assign_project_role_to_user(project, user.id, role)
        cloud = self._scene.cloud
        auth = {
            "auth_url": connection.config.auth["auth_url"],
            "username": name,
            "password": password,
            "user_domain_id": domain,
            "project_id": project,
        }
        return Cloud(cloud.name, {**cloud.config, "auth_type": "password", "auth": auth})

    def _name(self) -> str:
        """Return a new name in Rally's form for what contexts make."""
        tail = "".join(random.choices(_ALPHABET, k=8))  # noqa: S311 - a name, no secret
        return f"c_rally_{self._scene.workload[:8]}_{tail}"


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
