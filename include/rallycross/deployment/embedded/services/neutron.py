"""neutron: networks. Its API and database are real; ports, trunks and firewall groups are active without an agent."""

from rallycross.deployment.embedded.layout import Layout
from rallycross.deployment.embedded.service import (
    Content,
    Deployable,
    OpenStackService,
    Program,
    RequiredList,
    api,
    conf,
    offer,
    sign_in,
    token_check,
)

PUBLIC_CIDR = "172.24.4.0/22"
# Drivers that keep everything in the database: networking-bgpvpn's own, and ours.
_PROVIDERS = (
    "BGPVPN:dummy:networking_bgpvpn.neutron.services.service_drivers.driver_api.BGPVPNDriver:default",
    "FIREWALL_V2:rallycross:rallycross_drivers.firewalls.FirewallDriver:default",
)


def service(layout: Layout) -> OpenStackService:
    """Return neutron with ML2 and the mechanism driver of `drivers`."""
    folder = layout.path("etc", "neutron")
    drivers = layout.path("drivers", "rallycross_drivers-1.dist-info")
    hosts = (*layout.compute_hosts, *(host for node in layout.computes for host in node.compute_hosts))
    return OpenStackService(
        name="neutron",
        type="network",
        endpoint=layout.url("neutron"),
        databases=("neutron",),
        files={
            # As a package installer would write it: neutron finds its driver by an entry point.
            f"{drivers}/METADATA": "Metadata-Version: 2.1\nName: rallycross-drivers\nVersion: 1\n",
            f"{drivers}/entry_points.txt": (
                "[neutron.ml2.mechanism_drivers]\nrallycross = rallycross_drivers.network:AgentlessDriver\n"
            ),
            f"{folder}/neutron.conf": conf(
                {
                    "DEFAULT": {
                        "use_stderr": True,
                        "transport_url": layout.messages_url,
                        "state_path": layout.path("neutron"),
                        "api_paste_config": f"{folder}/api-paste.ini",
                        "core_plugin": "ml2",
                        "service_plugins": "router,qos,segments,port_forwarding,trunk,bgpvpn,firewall_v2",
                        "rpc_workers": 1,
                        # nova's fake hypervisor does not wait for ports; but nova shows a new floating IP at once only
                        # if neutron tells it.
                        "notify_nova_on_port_status_changes": False,
                        "notify_nova_on_port_data_changes": True,
                        "dhcp_agent_notification": False,
                    },
                    "database": {"connection": layout.database_url("neutron")},
                    "ml2": {
                        "type_drivers": "flat,vlan,vxlan",
                        "tenant_network_types": "vxlan",
                        "mechanism_drivers": "rallycross",
                        # The qos plug-in requires its extension driver.
                        "extension_drivers": "port_security,qos",
                    },
                    "ml2_type_flat": {"flat_networks": "public"},
                    "ml2_type_vxlan": {"vni_ranges": "1:50000"},
                    "service_providers": {"service_provider": _PROVIDERS},
                    "quotas": {
                        "default_quota": -1,
                        "quota_network": -1,
                        "quota_subnet": -1,
                        "quota_port": -1,
                        "quota_router": -1,
                        "quota_floatingip": -1,
                        "quota_security_group": -1,
                        "quota_security_group_rule": -1,
                        "quota_firewall_group": -1,
                        "quota_firewall_policy": -1,
                        "quota_firewall_rule": -1,
                    },
                    "nova": sign_in(layout, "neutron"),
                    "placement": sign_in(layout, "neutron"),
                    "keystone_authtoken": token_check(layout, "neutron"),
                    "oslo_concurrency": {"lock_path": layout.path("lock", "neutron")},
                }
            ),
        },
        schema=f"{layout.bin('neutron-db-manage')} --config-file {folder}/neutron.conf upgrade heads",
        programs=(
            api(
                layout,
                "neutron",
                "rallycross_drivers.neutron_api:application",
                {"OS_NEUTRON_CONFIG_DIR": folder, "OS_NEUTRON_CONFIG_FILES": "neutron.conf"},
            ),
            # Under uWSGI the API process serves no RPC.
            Program("neutron-rpc-server", f"{layout.bin('neutron-rpc-server')} --config-file {folder}/neutron.conf"),
        ),
        shipped=("api-paste.ini",),
        folders=("neutron",),
        contents=_CONTENTS,
        ready=(
            RequiredList("/v2.0/networks?limit=1"),
            *([RequiredList("/v2.0/agents", "agents", "host", hosts, called="neutron's agent")] if hosts else []),
        ),
    )


_CONTENTS = (
    Content(
        "/v2.0/networks",
        {
            "name": "public",
            "router:external": True,
            "is_default": True,
            "provider:network_type": "flat",
            "provider:physical_network": "public",
        },
        "network",
        query="?name=public",
    ),
    Content(
        "/v2.0/subnets",
        {"name": "public", "ip_version": 4, "cidr": PUBLIC_CIDR, "enable_dhcp": False},
        "subnet",
        query="?name=public",
        within="network",
    ),
    # With a default external network and a default subnet pool, nova can allocate a network automatically.
    Content(
        "/v2.0/subnetpools",
        {
            "name": "default",
            "prefixes": ["10.128.0.0/9"],
            "default_prefixlen": 24,
            "shared": True,
            "is_default": True,
        },
        "subnetpool",
        query="?name=default",
    ),
)

offer(Deployable("neutron", service))
