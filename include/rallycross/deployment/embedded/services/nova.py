"""nova: servers on fake hypervisors; everything above the hypervisors is real."""

from rallycross.deployment.embedded.layout import Layout
from rallycross.deployment.embedded.service import (
    ComputeNodePart,
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

# RAM in MB, disk in GB; tempest asks for two small ones.
FLAVORS = (("m1.nano", 128, 1), ("m1.micro", 192, 1), ("m1.tiny", 512, 1), ("m1.small", 2048, 20))

# nova's default filters, and one more, by which an aggregate's hosts get only the servers that match its metadata.
_FILTERS = (
    "ComputeFilter",
    "ComputeCapabilitiesFilter",
    "ImagePropertiesFilter",
    "ServerGroupAntiAffinityFilter",
    "ServerGroupAffinityFilter",
    "AggregateInstanceExtraSpecsFilter",
)

_FOLDERS = ("nova",)


def service(layout: Layout) -> OpenStackService:
    """Return nova: API, conductor, scheduler, and all compute services in one process."""
    folder = layout.path("etc", "nova")
    configured = f"--config-file {folder}/nova.conf"
    manage = f"{layout.bin('nova-manage')} {configured}"
    cell0 = layout.database_url("nova_cell0")
    hosts = (*layout.compute_hosts, *(host for node in layout.computes for host in node.compute_hosts))
    databases: dict[str, dict[str, object]] = {
        "api_database": {"connection": layout.database_url("nova_api")},
        "database": {"connection": layout.database_url("nova")},
    }
    return OpenStackService(
        name="nova",
        type="compute",
        endpoint=f"{layout.url('nova')}/v2.1",
        databases=("nova_api", "nova_cell0", "nova"),
        files={
            f"{folder}/nova.conf": conf(
                _options(layout) | databases | {"keystone_authtoken": token_check(layout, "nova")}
            ),
            _compute_file(layout): _compute_conf(layout),
            # Read after nova.conf, so that the three databases are created in parallel.
            f"{folder}/cell0.conf": conf({"database": {"connection": cell0}}),
        },
        schema=f"""
{manage} api_db sync & api=$!
{manage} db sync --local_cell & cell1=$!
{manage} --config-file {folder}/cell0.conf db sync --local_cell & cell0=$!
wait $api
wait $cell1
wait $cell0
{manage} cell_v2 map_cell0
{manage} cell_v2 list_cells | grep -q ' cell1 ' || {manage} cell_v2 create_cell --name cell1
""",
        programs=(
            api(layout, "nova", "nova.wsgi.osapi_compute:application", {"OS_NOVA_CONFIG_DIR": folder}),
            Program("nova-conductor", f"{layout.bin('nova-conductor')} {configured}"),
            Program("nova-scheduler", f"{layout.bin('nova-scheduler')} {configured}"),
            *_compute_programs(layout),
        ),
        shipped=("api-paste.ini",),
        folders=_FOLDERS,
        contents=tuple(
            Content("/flavors", {"name": name, "ram": ram, "vcpus": 1, "disk": disk}, "flavor")
            for name, ram, disk in FLAVORS
        ),
        reporting=(*(f"nova-compute on {host}" for host in hosts), "nova-conductor", "nova-scheduler"),
        # The hosts are listed only after they are mapped to their cell.
        ready=(RequiredList("/os-hypervisors", "hypervisors", "hypervisor_hostname", hosts, called="hypervisor"),),
        # New compute hosts get servers only after they are mapped to their cell.
        settle=f"{manage} cell_v2 discover_hosts\n",
    )


def _compute_programs(layout: Layout) -> tuple[Program, ...]:
    """Return the program that runs the compute hosts of this host; none if it has none."""
    if not layout.compute_hosts:
        return ()
    return (
        Program(
            "nova-compute",
            f"{layout.bin('python')} -m rallycross_drivers.compute --config-file {_compute_file(layout)}",
            {"RALLYCROSS_COMPUTE_HOSTS": " ".join(layout.compute_hosts)},
        ),
    )


def _compute_file(layout: Layout) -> str:
    """Return the path of nova-compute's configuration."""
    return layout.path("etc", "nova", "compute.conf")


def _compute_conf(layout: Layout) -> str:
    """Return nova-compute's configuration, without databases: it must not have access to any."""
    return conf(_options(layout))


def _on_computes(layout: Layout) -> ComputeNodePart:
    return ComputeNodePart("nova", _FOLDERS, {_compute_file(layout): _compute_conf(layout)}, _compute_programs(layout))


def _options(layout: Layout) -> dict[str, dict[str, object]]:
    return {
        "DEFAULT": {
            "use_stderr": True,
            "transport_url": layout.messages_url,
            "state_path": layout.path("nova"),
            "my_ip": layout.my_address,
            "compute_driver": "rallycross.Hypervisor",
            "allow_resize_to_same_host": False,
        },
        # As the fake hypervisor in all else, do not wait for neutron's agents, which would say that an interface is up.
        "compute": {"live_migration_wait_for_vif_plug": False},
        "conductor": {"workers": 1},
        "scheduler": {"workers": 1, "discover_hosts_in_cells_interval": 60},
        "filter_scheduler": {"enabled_filters": ",".join(_FILTERS)},
        "glance": {"api_servers": layout.url("glance")},
        "placement": sign_in(layout, "nova"),
        "neutron": {
            "service_metadata_proxy": True,
            "metadata_proxy_shared_secret": layout.secrets["metadata"],
            **sign_in(layout, "nova"),
        },
        "cinder": {"os_region_name": layout.options.region, **sign_in(layout, "nova")},
        "service_user": {"send_service_user_token": True, **sign_in(layout, "nova")},
        # A server has a console of each kind, as far as its address and its token; no proxy runs, and nobody answers.
        **{console: {"enabled": True} for console in ("vnc", "spice", "serial_console", "mks")},
        "quota": dict.fromkeys(("instances", "cores", "ram", "key_pairs", "server_groups", "server_group_members"), -1),
        "oslo_concurrency": {"lock_path": layout.path("lock", "nova")},
    }


offer(Deployable("nova", service, needs=("glance", "placement", "neutron"), on_computes=_on_computes))
