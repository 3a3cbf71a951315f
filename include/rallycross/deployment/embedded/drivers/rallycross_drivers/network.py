"""A mechanism driver for neutron's ML2 that binds every port at once, for networks without agents and packets."""

from neutron_lib import constants
from neutron_lib.api.definitions import portbindings
from neutron_lib.plugins import directory
from neutron_lib.plugins.ml2 import api

from rallycross_drivers.qos import QosDriver
from rallycross_drivers.trunks import TrunkDriver

ROUTER_PORTS = {*constants.ROUTER_INTERFACE_OWNERS, constants.DEVICE_OWNER_ROUTER_GW}


class AgentlessDriver(api.MechanismDriver):
    """Binds a port to the first segment that is offered, as ACTIVE."""

    def initialize(self) -> None:
        """Have the plugins of trunks and QoS find their drivers: they ask for them when they start."""
        self._of_plugins = (TrunkDriver(), QosDriver())

    @property
    def connectivity(self) -> str:
        """Ports are on layer 2."""
        return portbindings.CONNECTIVITY_L2

    def bind_port(self, context: api.PortContext) -> None:
        """Bind the port, and make it active."""
        segment = context.segments_to_bind[0]
        details = {portbindings.CAP_PORT_FILTER: True}
        context.set_binding(segment[api.ID], portbindings.VIF_TYPE_OVS, details, status=constants.PORT_STATUS_ACTIVE)

    def create_port_postcommit(self, context: api.PortContext) -> None:
        """Make a router's port active, as there is no agent that would do so."""
        if (
            context.current["device_owner"] in ROUTER_PORTS
            and context.current["status"] != constants.PORT_STATUS_ACTIVE
        ):
            self._activate(context)

    def update_port_postcommit(self, context: api.PortContext) -> None:
        """Make a port active that has been attached to a router, or whose server has migrated live."""
        if context.original["device_owner"] != context.current["device_owner"]:
            self.create_port_postcommit(context)
        elif context.current["status"] == constants.PORT_STATUS_DOWN and context.vif_type == portbindings.VIF_TYPE_OVS:
            # neutron has activated the binding to another host, and waits for that host's agent.
            self._activate(context)

    def _activate(self, context: api.PortContext) -> None:
        directory.get_plugin().update_port_status(
            context.plugin_context, context.current["id"], constants.PORT_STATUS_ACTIVE
        )
