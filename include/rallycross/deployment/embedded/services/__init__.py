"""The services of the embedded cloud: one module each, which read alike."""

from collections.abc import Callable

from rallycross.deployment.embedded.layout import Layout
from rallycross.deployment.embedded.options import SERVICES
from rallycross.deployment.embedded.service import OpenStackService
from rallycross.deployment.embedded.services import cinder, glance, keystone, neutron, nova, placement

_MADE: dict[str, Callable[[Layout], OpenStackService]] = {
    "keystone": keystone.service,
    "glance": glance.service,
    "placement": placement.service,
    "nova": nova.service,
    "neutron": neutron.service,
    "cinder": cinder.service,
}


def services(layout: Layout) -> tuple[OpenStackService, ...]:
    """Return the services of a cloud, keystone first: all others sign in to it."""
    return tuple(_MADE[name](layout) for name in SERVICES if name in layout.options.services)
