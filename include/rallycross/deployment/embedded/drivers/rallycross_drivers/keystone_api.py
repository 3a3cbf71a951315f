"""keystone's API, its policy read before the first request: see `neutron_api`."""

from keystone.common.rbac_enforcer.enforcer import RBACEnforcer
from keystone.wsgi.api import application

__all__ = ["application"]

# Not policy.get_enforcer(), which sets up the configuration anew, without the files that this process was given.
RBACEnforcer()._enforcer.load_rules()  # noqa: SLF001 - it has no other
