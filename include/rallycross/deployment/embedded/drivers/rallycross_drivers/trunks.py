"""A driver for neutron's trunks, without wires: a trunk is active while its parent port is on a host.

As with Open vSwitch, the parent must become a trunk before a server uses it, and subports follow it to its host.
"""

from typing import Any

from neutron.objects.trunk import Trunk
from neutron.services.trunk.drivers import base
from neutron_lib import constants
from neutron_lib.api.definitions import portbindings
from neutron_lib.callbacks import events, registry, resources
from neutron_lib.plugins import directory
from neutron_lib.services.trunk import constants as trunks


@registry.has_registry_receivers
class TrunkDriver(base.DriverBase):
    """Binds subports where their trunk is, and sets the trunk's status."""

    def __init__(self) -> None:
        # It claims no kind of interface: neutron's own driver for Open vSwitch, which is always registered, does, and
        # neutron refuses to choose between two.
        super().__init__("rallycross", (), (trunks.SEGMENTATION_TYPE_VLAN,))

    @property
    def is_loaded(self) -> bool:
        """It is, as `network` made it."""
        return True

    @registry.receives(resources.PORT, [events.AFTER_UPDATE])
    def parent_changed(self, _resource: str, _event: str, _trigger: Any, payload: Any) -> None:
        """Bring a trunk up whose parent port has become active."""
        port, before = payload.latest_state, payload.states[0]
        active = constants.PORT_STATUS_ACTIVE
        if port.get("trunk_details") and port["status"] == active and before["status"] != active:
            _bring_up(payload.context, port["trunk_details"]["trunk_id"])

    @registry.receives(resources.SUBPORTS, [events.AFTER_CREATE, events.AFTER_DELETE])
    def subports_changed(self, _resource: str, _event: str, _trigger: Any, payload: Any) -> None:
        """Bring a trunk up again, which neutron takes down for each change of its subports."""
        _bring_up(payload.context, payload.resource_id)


def _bring_up(context: Any, identifier: str) -> None:
    """Bind the subports of a trunk to the host of its parent, if that is on one, and make the trunk active."""
    ports, trunk = directory.get_plugin(), Trunk.get_object(context, id=identifier)
    host = ports.get_port(context, trunk.port_id)[portbindings.HOST_ID]
    if not host:
        return
    place = {portbindings.HOST_ID: host, "device_owner": trunks.TRUNK_SUBPORT_OWNER}
    for subport in trunk.sub_ports:
        ports.update_port(context, subport.port_id, {"port": dict(place)})
    trunk.update(status=trunks.TRUNK_ACTIVE_STATUS)
