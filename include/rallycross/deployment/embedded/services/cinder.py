"""cinder: volumes that have a size, a state and a history, but next to no bytes."""

import hashlib

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

HOST = "storage-1"
BACKENDS = ("memory", "memory-2")  # two, so that volumes can migrate
VOLUME_TYPE = "standard"
# Those of one backend make a change of the type a migration.
TYPES = {
    VOLUME_TYPE: {},
    "multiattach": {"multiattach": "<is> True"},
    **{backend: {"volume_backend_name": backend} for backend in BACKENDS},
}
UNLIMITED = ("volumes", "snapshots", "gigabytes", "backups", "backup_gigabytes", "groups")


def service(layout: Layout) -> OpenStackService:
    """Return cinder with the volume driver of `drivers`."""
    folder = layout.path("etc", "cinder")
    configured = f"--config-file {folder}/cinder.conf"
    storage = f"{layout.bin('python')} -m rallycross_drivers.storage"
    pools = tuple(f"{HOST}@{backend}#{backend}" for backend in BACKENDS)
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
                        "host": HOST,
                        "enabled_backends": ",".join(BACKENDS),
                        "default_volume_type": VOLUME_TYPE,
                        "glance_api_servers": layout.url("glance"),
                        **{f"quota_{name}": -1 for name in UNLIMITED},
                        "backup_driver": "cinder.backup.drivers.posix.PosixBackupDriver",
                        "backup_posix_path": layout.path("cinder", "backups"),
                        # It is also the size of the buffer. By default, each backup would reserve 2 GB of memory.
                        "backup_file_size": 1_048_576,
                    },
                    **{
                        backend: {
                            "volume_driver": "rallycross_drivers.volume.MemoryDriver",
                            "volume_backend_name": backend,
                        }
                        for backend in BACKENDS
                    },
                    # Without barbican, all encrypted volumes have the same key.
                    "key_manager": {
                        "backend": "cinder.keymgr.conf_key_mgr.ConfKeyManager",
                        "fixed_key": hashlib.sha256(layout.secrets["service"].encode()).hexdigest(),
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
            Program("cinder-volume", f"{storage} volume {configured}"),
            Program("cinder-backup", f"{storage} backup {configured}"),
        ),
        shipped=("api-paste.ini", "resource_filters.json"),
        folders=("cinder/coordination", "cinder/backups"),
        contents=tuple(
            Content("/types", {"name": name, "extra_specs": specs}, "volume_type", many="volume_types")
            for name, specs in TYPES.items()
        ),
        reporting=(
            "cinder-scheduler",
            "cinder-backup",
            *(f"cinder-volume on {HOST}@{backend}" for backend in BACKENDS),
        ),
        # The scheduler places volumes in a pool only after it has received the pool's report.
        ready=(RequiredList("/scheduler-stats/get_pools", "pools", names=pools, called="cinder's pool"),),
    )


offer(Deployable("cinder", service))
