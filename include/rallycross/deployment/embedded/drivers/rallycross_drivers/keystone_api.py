"""keystone's API, with its policy loaded before the first request: see `neutron_api`."""

from keystone.common.rbac_enforcer.enforcer import RBACEnforcer
from keystone.wsgi.api import application

__all__ = ["application"]

# Not policy.get_enforcer(), which sets up the configuration again without this process's files.
RBACEnforcer()._enforcer.load_rules()  # noqa: SLF001 - there is no public way
