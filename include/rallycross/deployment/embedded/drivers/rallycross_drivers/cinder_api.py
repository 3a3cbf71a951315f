"""cinder's API, its policy read before the first request: see `neutron_api`."""

from cinder import policy
from cinder.wsgi.api import application

__all__ = ["application"]

policy.init()
