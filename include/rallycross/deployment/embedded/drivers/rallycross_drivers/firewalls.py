"""A driver for neutron's firewall groups that filters nothing: what an agent would report is set at once."""

from typing import Any

from neutron_fwaas.services.firewall.service_drivers import driver_api
from neutron_lib import constants


class FirewallDriver(driver_api.FirewallDriverDB):
    """Keeps groups, policies and rules in neutron's database.

    Only ports of routers can have a group. Otherwise neutron would put each port of a server into its project's default
    group, and so make that in every project.
    """

    def is_supported_l3_port(self, _port: dict[str, Any]) -> bool:
        """All ports of routers are supported."""
        return True

    def create_firewall_group_precommit(self, _context: Any, firewall_group: dict[str, Any]) -> None:
        """Set the status of a new group."""
        firewall_group["status"] = _status(firewall_group)

    def update_firewall_group_precommit(
        self, _context: Any, _old_firewall_group: dict[str, Any], new_firewall_group: dict[str, Any]
    ) -> None:
        """Set the status of a changed group."""
        new_firewall_group["status"] = _status(new_firewall_group)


def _status(group: dict[str, Any]) -> str:
    """Return the status of a group: inactive as long as it has no ports, or no policy for them."""
    if not group["ports"] or not (group["ingress_firewall_policy_id"] or group["egress_firewall_policy_id"]):
        return str(constants.INACTIVE)
    return str(constants.ACTIVE if group["admin_state_up"] else constants.DOWN)
