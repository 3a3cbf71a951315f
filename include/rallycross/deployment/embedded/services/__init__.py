"""The services of the embedded cloud: one module each, which read alike."""

from collections.abc import Callable

from rallycross.deployment.embedded.layout import Layout
from rallycross.deployment.embedded.service import OpenStackService
from rallycross.deployment.embedded.services import cinder, glance, keystone, neutron, nova, placement

# keystone first: all others sign in to it.
SERVICES: tuple[Callable[[Layout], OpenStackService], ...] = (
    keystone.service,
    glance.service,
    placement.service,
    nova.service,
    neutron.service,
    cinder.service,
)


def services(layout: Layout) -> tuple[OpenStackService, ...]:
    """Return all services of a cloud."""
    return tuple(service(layout) for service in SERVICES)
