"""neutron: networks. Its API and database are real; a port is bound, and active, without an agent."""

from rallycross.deployment.embedded.layout import Layout
from rallycross.deployment.embedded.service import OpenStackService, Program, api, conf, sign_in, token_check


def service(layout: Layout) -> OpenStackService:
    """Return neutron with ML2 and the mechanism driver of `drivers`."""
    folder = layout.path("etc", "neutron")
    return OpenStackService(
        name="neutron",
        type="network",
        endpoint=layout.url("neutron"),
        databases=("neutron",),
        files={
            f"{folder}/neutron.conf": conf(
                {
                    "DEFAULT": {
                        "use_stderr": True,
                        "transport_url": layout.messages_url,
                        "state_path": layout.path("neutron"),
                        "api_paste_config": f"{folder}/api-paste.ini",
                        "core_plugin": "ml2",
                        "service_plugins": "router,qos,segments,port_forwarding",
                        "rpc_workers": 1,
                        # nova's fake hypervisor waits for no word of neutron's.
                        "notify_nova_on_port_status_changes": False,
                        "notify_nova_on_port_data_changes": False,
                        "dhcp_agent_notification": False,
                    },
                    "database": {"connection": layout.database_url("neutron")},
                    "ml2": {
                        "type_drivers": "flat,vlan,vxlan",
                        "tenant_network_types": "vxlan",
                        "mechanism_drivers": "rallycross",
                        # The qos plug-in wants its extension driver.
                        "extension_drivers": "port_security,qos",
                    },
                    "ml2_type_flat": {"flat_networks": "public"},
                    "ml2_type_vxlan": {"vni_ranges": "1:50000"},
                    "quotas": {
                        "default_quota": -1,
                        "quota_network": -1,
                        "quota_subnet": -1,
                        "quota_port": -1,
                        "quota_router": -1,
                        "quota_floatingip": -1,
                        "quota_security_group": -1,
                        "quota_security_group_rule": -1,
                    },
                    "nova": sign_in(layout, "neutron"),
                    "placement": sign_in(layout, "neutron"),
                    "keystone_authtoken": token_check(layout, "neutron"),
                    "oslo_concurrency": {"lock_path": layout.path("lock", "neutron")},
                }
            )
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
    )
