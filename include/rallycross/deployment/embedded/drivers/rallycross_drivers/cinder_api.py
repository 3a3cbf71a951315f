"""cinder's API, with its policy loaded before the first request: see `neutron_api`."""

from cinder import policy
from cinder.wsgi.api import application

__all__ = ["application"]

policy.init()
