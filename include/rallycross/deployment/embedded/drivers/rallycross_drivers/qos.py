"""A driver for neutron's QoS that accepts every rule that Open vSwitch does, and shapes nothing."""

from neutron.services.qos.drivers.openvswitch.driver import SUPPORTED_RULES
from neutron_lib.api.definitions import portbindings
from neutron_lib.services.qos import base


class QosDriver(base.DriverBase):
    """Says which rules the ports can have that `network` binds."""

    def __init__(self) -> None:
        super().__init__("rallycross", [portbindings.VIF_TYPE_OVS], [portbindings.VNIC_NORMAL], SUPPORTED_RULES)
