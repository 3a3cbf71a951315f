"""Additional roles of the load's users."""

from collections.abc import Iterator

from rallycross.cloud.context_data import Actor
from rallycross.cloud.parallel import in_parallel
from rallycross.context.cleaning import GRANT, grant_path
from rallycross.context.context import ContextAdmin, ContextData, SetUpFailed, context
from rallycross.context.resource_context import ResourceContext
from rallycross.task.cloud_references import CloudReference
from rallycross.task.known import Needs


def _references(config: list[str]) -> Iterator[CloudReference]:
    for number, role in enumerate(config):
        yield CloudReference("role", f"[{number}]", str(role))


@context(
    "roles",
    order=330,
    schema={"type": "array", "items": {"type": "string"}},
    needs=Needs(("identity",), administrator=True, references=_references),
)
class Roles(ResourceContext):
    """Grants roles to every user in its project, and revokes afterwards those that it did not have before."""

    name = "roles"
    threads = 30  # Rally's

    def __init__(self, config: list[str], context_data: ContextData, admin: ContextAdmin) -> None:
        super().__init__(context_data, admin)
        self._names = config

    def make_all(self) -> None:
        """Grant the roles, then make users sign in again."""
        self.project_users()
        there = {role["name"]: role["id"] for role in self.admin.api().get("identity", "/roles")["roles"]}
        for name in self._names:
            if name not in there:
                raise SetUpFailed(f"roles: there is no role '{name}' - create it, or correct the name")
        wanted = {name: there[name] for name in self._names}
        in_parallel(lambda user: self._give(user, wanted), self.context_data.users, threads=self.threads)
        self.context_data.shared["roles"] = {identifier: name for name, identifier in wanted.items()}
        self.admin.renew()

    def _give(self, user: Actor, roles: dict[str, str]) -> None:
        api = self.admin.api()
        has = api.get("identity", f"/projects/{user.tenant.id}/users/{user.id}/roles")["roles"]
        for name, role in roles.items():
            if role not in {one["id"] for one in has}:
                detail = {"project": user.tenant.id, "user": user.id, "role": role}
                self.note(GRANT, f"{name} of {user.id}", **detail)
                api.put("identity", grant_path(detail))
