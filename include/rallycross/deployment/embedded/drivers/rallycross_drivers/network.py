"""A mechanism driver for neutron's ML2 that binds every port at once: a network without agents and packets."""

from neutron_lib import constants
from neutron_lib.api.definitions import portbindings
from neutron_lib.plugins.ml2 import api


class AgentlessDriver(api.MechanismDriver):
    """Binds a port to the first segment that is offered, as ACTIVE."""

    def initialize(self) -> None:
        """Nothing to start."""

    @property
    def connectivity(self) -> str:
        """Ports are on layer 2."""
        return portbindings.CONNECTIVITY_L2

    def bind_port(self, context: api.PortContext) -> None:
        """Bind the port, and say that it is active."""
        segment = context.segments_to_bind[0]
        details = {portbindings.CAP_PORT_FILTER: True}
        context.set_binding(segment[api.ID], portbindings.VIF_TYPE_OVS, details, status=constants.PORT_STATUS_ACTIVE)
