"""Users for the load to act as: new users in new projects, or the cloud's own users."""

import secrets
from collections.abc import Iterator
from typing import Any

from rallycross.cloud.api import Api
from rallycross.cloud.cloud import Cloud
from rallycross.cloud.context_data import Actor, Tenant
from rallycross.cloud.entry import acting_as
from rallycross.cloud.errors import ApiError
from rallycross.cloud.parallel import THREADS, in_parallel
from rallycross.context.context import ContextAdmin, ContextData, SetUpFailed, context
from rallycross.context.resource_context import ResourceContext
from rallycross.task.bounds import COUNT, USERS
from rallycross.task.cloud_references import CloudReference
from rallycross.task.flaw import Flaw, Schema
from rallycross.task.known import Needs

_SCHEMA: Schema = {
    "type": "object",
    "properties": {
        "tenants": COUNT,
        "users_per_tenant": COUNT,
        "user_password": {"type": "string"},
        "resource_management_workers": COUNT,  # threads that create and delete users and projects
        "project_domain": {"type": "string"},
        "user_domain": {"type": "string"},
        "user_choice_method": {"enum": ["random", "round_robin"]},
    },
    "additionalProperties": False,
}
_ROLE = "member"  # role of a user in its project
_DOMAIN = "default"  # their domain, unless the task file or the cloud's entry names another
_NOT_FOUND = 404


def _takes_own(config: dict[str, Any]) -> bool:
    """Return whether the cloud's own users, if it has any, meet a configuration."""
    return config.keys() <= {"user_choice_method"}


def _references(config: dict[str, Any]) -> Iterator[CloudReference]:
    for key in ("project_domain", "user_domain"):
        if key in config:
            yield CloudReference("domain", key, str(config[key]))


def _check(config: dict[str, Any]) -> Iterator[Flaw]:
    if (many := config.get("tenants", 1) * config.get("users_per_tenant", 1)) > USERS:
        yield Flaw(
            ("users_per_tenant",),
            f"asks for {many} users, and the maximum is {USERS}",
            "ask for fewer users or tenants",
        )


@context(
    "users",
    order=100,
    schema=_SCHEMA,
    check=_check,
    needs=Needs(("identity",), administrator=True, own_users_do=_takes_own, references=_references),
)
class Users(ResourceContext):
    """Creates `tenants` projects with `users_per_tenant` users each; deletes them with everything left in them.

    If the cloud has its own users and the configuration has only `user_choice_method`, these are used, and nothing of
    theirs is changed or deleted.
    """

    name = "users"

    def __init__(self, config: dict[str, Any], context_data: ContextData, admin: ContextAdmin) -> None:
        super().__init__(context_data, admin)
        self._existing = context_data.cloud.users if _takes_own(config) else ()
        self._tenants: int = config.get("tenants", 1)
        self._users_per_tenant: int = config.get("users_per_tenant", 1)
        self._password: str | None = config.get("user_password")
        self.threads: int = config.get("resource_management_workers", THREADS)
        self._project_domain, self._user_domain = (
            config.get(f"{whose}_domain") or _domain_of(context_data.cloud, whose) for whose in ("project", "user")
        )
        self._choice: str = config.get("user_choice_method", "random")

    def make_all(self) -> None:
        """Create projects, then users, in parallel; or use the cloud's own users."""
        self.context_data.choose_at_random = self._choice == "random"
        if self._existing:
            self._take()
            return
        api = self.admin.api()
        project_domain, user_domain = (_domain(api, name) for name in (self._project_domain, self._user_domain))
        role = _role(api)
        made = in_parallel(lambda _: self._project(api, project_domain), range(self._tenants), threads=self.threads)
        self.context_data.tenants = {tenant.id: tenant for tenant in made}
        # Tenants take turns in the list, so that "each user in turn" is also "each tenant in turn".
        members = made * self._users_per_tenant
        self.context_data.users = in_parallel(
            lambda one: self._user(api, one, user_domain, role), members, threads=self.threads
        )

    def _take(self) -> None:
        """Sign in the cloud's own users, and use them and their projects."""

        def sign_in(cloud: Cloud) -> Actor:
            api = Api(cloud.connect())
            return Actor(cloud, Tenant(api.project, api.project_name, existing=True), api.user)

        users = in_parallel(sign_in, self._existing, threads=self.threads)
        for user in users:
            user.tenant = self.context_data.tenants.setdefault(user.tenant.id, user.tenant)
        self.context_data.users = users

    def _project(self, api: Api, domain: str) -> Tenant:
        """Create a project."""

        def create(name: str) -> dict[str, Any]:
            project: dict[str, Any] = api.post(
                "identity", "/projects", {"project": {"name": name, "domain_id": domain}}
            )
            return dict(project["project"])

        project = self.make("keystone.project", create)
        return Tenant(str(project["id"]), str(project["name"]))

    def _user(self, api: Api, tenant: Tenant, domain: str, role: str) -> Actor:
        """Create a user who is a member of the project."""
        password = self._password or secrets.token_urlsafe(16)

        def create(name: str) -> dict[str, Any]:
            body = {"name": name, "password": password, "domain_id": domain, "default_project_id": tenant.id}
            return dict(api.post("identity", "/users", {"user": body})["user"])

        user = self.make("keystone.user", create)
        api.put("identity", f"/projects/{tenant.id}/users/{user['id']}/roles/{role}")
        cloud = self.context_data.cloud
        auth = {
            "auth_url": self.admin.connection.config.auth["auth_url"],
            "username": user["name"],
            "password": password,
            "user_domain_id": domain,
            "project_id": tenant.id,
        }
        return Actor(Cloud(cloud.name, acting_as(cloud.config, auth)), tenant, str(user["id"]))


def _domain_of(cloud: Cloud, whose: str) -> str:
    """Return the name or id of the domain of the administrator's project or user."""
    auth = cloud.config.get("auth", {})
    return str(auth.get(f"{whose}_domain_name") or auth.get(f"{whose}_domain_id") or _DOMAIN)


def _domain(api: Api, name: str) -> str:
    """Return the id of a domain; `name` is its id or name."""
    try:
        return str(api.get("identity", f"/domains/{name}")["domain"]["id"])
    except ApiError as error:
        if error.status != _NOT_FOUND:
            raise
    for domain in api.get("identity", "/domains", {"name": name})["domains"]:
        return str(domain["id"])
    remedy = "correct `project_domain` and `user_domain`"
    raise SetUpFailed(f"users: there is no domain '{name}' - {remedy}")


def _role(api: Api) -> str:
    for role in api.get("identity", "/roles", {"name": _ROLE})["roles"]:
        return str(role["id"])
    raise SetUpFailed(f"users: there is no role '{_ROLE}' - create it: `openstack role create {_ROLE}`")
