"""Steps with projects, which Rally's scenarios also call tenants."""

from typing import Any, TypedDict

from rallycross.scenario.scenario import step
from rallycross.scenario.user import User
from rallycross.scenarios.keystone.steps.domains import DomainName, domain_id

Project = dict[str, Any]


class ProjectOptions(TypedDict, total=False):
    """Options of a new project, by Rally's names."""

    domain_name: DomainName


@step("keystone.create_project")
async def create_project(admin: User, *, domain_name: str = "Default") -> Project:
    """Create a project with a random name."""
    body = {"name": admin.name(), "domain_id": await domain_id(admin, domain_name)}
    created: Project = (await admin.post("identity", "/projects", {"project": body}))["project"]
    return created


@step("keystone.update_project")
async def update_project(admin: User, project: Project, *, name: str, description: str) -> None:
    """Give a project another name and description."""
    body = {"name": name, "description": description}
    await admin.patch("identity", f"/projects/{project['id']}", {"project": body})


@step("keystone.get_project")
async def get_project(admin: User, project: Project) -> Project:
    """Get a project by its id."""
    found: Project = (await admin.get("identity", f"/projects/{project['id']}"))["project"]
    return found


@step("keystone.list_projects")
async def list_projects(admin: User) -> list[Project]:
    """List all projects."""
    found: list[Project] = (await admin.get("identity", "/projects"))["projects"]
    return found


@step("keystone.delete_project")
async def delete_project(admin: User, project: Project) -> None:
    """Delete a project."""
    await admin.delete("identity", f"/projects/{project['id']}")
