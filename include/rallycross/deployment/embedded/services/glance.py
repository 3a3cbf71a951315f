"""glance: images, kept as files."""

from rallycross.deployment.embedded.layout import Layout
from rallycross.deployment.embedded.service import (
    Content,
    Deployable,
    OpenStackService,
    RequiredList,
    api,
    conf,
    offer,
    token_check,
)

# Two of the thirty in glance: loading all of them takes a dozen seconds.
METADEFS = ("compute-hypervisor.json", "operating-system.json")
STORES = ("images", "images-2")  # two, so that an image can be copied to another
IMAGES = ("cirros", "cirros-alt")  # tempest needs two
IMAGE_BYTES = 1_000_000


def service(layout: Layout) -> OpenStackService:
    """Return glance with two file stores."""
    folder = layout.path("etc", "glance")
    manage = f"{layout.bin('glance-manage')} --config-file {folder}/glance-api.conf"
    metadefs = " ".join(layout.path("venv", "etc", "glance", "metadefs", name) for name in METADEFS)
    store: dict[str, dict[str, object]] = {
        name: {"filesystem_store_datadir": layout.path("glance", name)} for name in (*STORES, "staging", "tasks")
    }
    return OpenStackService(
        name="glance",
        type="image",
        endpoint=layout.url("glance"),
        databases=("glance",),
        files={
            f"{folder}/glance-api.conf": conf(
                {
                    "DEFAULT": {
                        "use_stderr": True,
                        "enabled_backends": ",".join(f"{name}:file" for name in STORES),
                        "enabled_import_methods": "[glance-direct,web-download,copy-image]",
                    },
                    "database": {"connection": layout.database_url("glance")},
                    "glance_store": {"default_backend": STORES[0]},
                    **{name: store[name] for name in STORES},
                    "os_glance_staging_store": store["staging"],
                    "os_glance_tasks_store": store["tasks"],
                    # An empty list of ports allows all. An empty list of hosts allows all but this machine's loopback.
                    "import_filtering_opts": {
                        "allowed_ports": "[]",
                        "allowed_hosts": f"[{','.join(layout.options.image_hosts)}]",
                    },
                    # The drivers of cinder and nova upload one zero byte, whatever the format.
                    "image_format": {"require_image_format_match": False},
                    "paste_deploy": {"flavor": "keystone", "config_file": f"{folder}/glance-api-paste.ini"},
                    "oslo_concurrency": {"lock_path": layout.path("lock", "glance")},
                    "keystone_authtoken": token_check(layout, "glance"),
                }
            )
        },
        schema=f"""
{manage} db_sync
mkdir -p {layout.path("glance")}/metadefs
cp {metadefs} {layout.path("glance")}/metadefs/
{manage} db_load_metadefs {layout.path("glance")}/metadefs
""",
        programs=(
            api(
                layout,
                "glance",
                "glance.wsgi.api:application",
                {"OS_GLANCE_CONFIG_DIR": folder, "OS_GLANCE_CONFIG_FILES": "glance-api.conf"},
                workers=1,
            ),
        ),
        shipped=("glance-api-paste.ini",),
        folders=tuple(f"glance/{name}" for name in store),
        contents=tuple(_image(name) for name in IMAGES),
        ready=(RequiredList("/v2/images?limit=1"),),
    )


def _image(name: str) -> Content:
    body = {
        "name": name,
        "visibility": "public",
        "disk_format": "raw",
        "container_format": "bare",
        "hw_rng_model": "virtio",
    }
    return Content("/v2/images", body, query=f"?name={name}", upload=IMAGE_BYTES)


offer(Deployable("glance", service))
