"""cinder: volumes that have a size, a state and a history, but no bytes."""

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

VOLUME_TYPE = "standard"


def service(layout: Layout) -> OpenStackService:
    """Return cinder with the volume driver of `drivers`."""
    folder = layout.path("etc", "cinder")
    configured = f"--config-file {folder}/cinder.conf"
    return OpenStackService(
        name="cinder",
        type="block-storage",
        endpoint=f"{layout.url('cinder')}/v3",
        databases=("cinder",),
        files={
            f"{folder}/cinder.conf": conf(
                {
                    "DEFAULT": {
                        "use_stderr": True,
                        "transport_url": layout.messages_url,
                        "state_path": layout.path("cinder"),
                        "api_paste_config": f"{folder}/api-paste.ini",
                        "resource_query_filters_file": f"{folder}/resource_filters.json",
                        "host": "storage-1",
                        "enabled_backends": "memory",
                        "default_volume_type": VOLUME_TYPE,
                        "glance_api_servers": layout.url("glance"),
                        "quota_volumes": -1,
                        "quota_snapshots": -1,
                        "quota_gigabytes": -1,
                    },
                    "memory": {
                        "volume_driver": "rallycross_drivers.volume.MemoryDriver",
                        "volume_backend_name": "memory",
                    },
                    "database": {"connection": layout.database_url("cinder")},
                    "nova": {"interface": "internal", **sign_in(layout, "cinder")},
                    "service_user": {"send_service_user_token": True, **sign_in(layout, "cinder")},
                    "keystone_authtoken": token_check(layout, "cinder"),
                    "oslo_concurrency": {"lock_path": layout.path("lock", "cinder")},
                    "coordination": {"backend_url": f"file://{layout.path('cinder', 'coordination')}"},
                }
            )
        },
        schema=f"{layout.bin('cinder-manage')} {configured} db sync",
        programs=(
            # cinder's WSGI module takes its configuration files only from the command line.
            api(layout, "cinder", "rallycross_drivers.cinder_api:application", {}, workers=1, arguments=configured),
            Program("cinder-scheduler", f"{layout.bin('cinder-scheduler')} {configured}"),
            Program("cinder-volume", f"{layout.bin('cinder-volume')} {configured}"),
        ),
        shipped=("api-paste.ini", "resource_filters.json"),
        folders=("cinder/coordination",),
        contents=(Content("/types", {"name": VOLUME_TYPE}, "volume_type", many="volume_types"),),
        reporting=("cinder-scheduler", "cinder-volume"),
        # The scheduler places volumes in the pool only after it has received the pool's report.
        ready=(RequiredList("/scheduler-stats/get_pools", "pools", called="the pool of cinder-volume"),),
    )


offer(Deployable("cinder", service))
