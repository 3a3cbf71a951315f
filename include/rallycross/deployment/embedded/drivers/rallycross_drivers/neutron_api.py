"""neutron's API, ready before its first request.

Left to itself, neutron reads its policy in the first request. A second request at that moment, on another thread, meets
a policy without rules, and is refused as forbidden.
"""

from neutron import policy
from neutron.wsgi.api import application

__all__ = ["application"]

policy.init()
