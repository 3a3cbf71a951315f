"""neutron's API, with its policy loaded before the first request.

By default, neutron loads its policy in the first request. Meanwhile another thread has a policy without rules, and
refuses its request as forbidden.
"""

from neutron import policy
from neutron.wsgi.api import application

__all__ = ["application"]

policy.init()
