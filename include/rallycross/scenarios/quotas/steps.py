"""Steps with the quotas that a service has for a project. An administrator changes them."""

import random
from typing import Any

from rallycross.cloud.service import ServiceQuotas, of_type
from rallycross.scenario.scenario import step
from rallycross.scenario.user import User

# The quotas that are changed, by the service's type; Rally's choice.
_CHANGED = {
    "compute": (
        "metadata_items",
        "key_pairs",
        "injected_file_content_bytes",
        "injected_file_path_bytes",
        "ram",
        "instances",
        "injected_files",
        "cores",
    ),
    "block-storage": ("volumes", "snapshots", "gigabytes"),
    "network": ("network", "subnet", "port", "router", "floatingip", "security_group", "security_group_rule"),
}


@step("quotas.update_quotas")
async def update_quotas(admin: User, service: str, project: str, max_quota: int) -> None:
    """Set quotas of a project to random values of at most `max_quota`; -1 is no limit."""
    quotas = _quotas(service)
    values = {name: random.randint(-1, max_quota) for name in _CHANGED[service]}  # noqa: S311 - no secret
    await admin.put(service, quotas.path(project), {quotas.key: values})


@step("quotas.get_quotas")
async def get_quotas(admin: User, service: str, project: str) -> dict[str, Any]:
    """Return the quotas of a project."""
    quotas = _quotas(service)
    found: dict[str, Any] = (await admin.get(service, quotas.path(project)))[quotas.key]
    return found


@step("quotas.delete_quotas")
async def delete_quotas(admin: User, service: str, project: str) -> None:
    """Give a project the default quotas again."""
    await admin.delete(service, _quotas(service).path(project))


def _quotas(service: str) -> ServiceQuotas:
    found = of_type(service).quotas
    if found is None:
        raise LookupError(f"the service '{service}' has no quotas")
    return found
