"""placement: the resources of each host, and their use."""

from rallycross.deployment.embedded.layout import Layout
from rallycross.deployment.embedded.service import (
    Deployable,
    OpenStackService,
    RequiredList,
    api,
    conf,
    offer,
    token_check,
)


def service(layout: Layout) -> OpenStackService:
    """Return placement."""
    folder = layout.path("etc", "placement")
    return OpenStackService(
        name="placement",
        type="placement",
        package="openstack-placement",
        endpoint=layout.url("placement"),
        databases=("placement",),
        files={
            f"{folder}/placement.conf": conf(
                {
                    "DEFAULT": {"use_stderr": True},
                    "placement_database": {"connection": layout.database_url("placement")},
                    "keystone_authtoken": token_check(layout, "placement"),
                }
            )
        },
        schema=f"{layout.bin('placement-manage')} --config-file {folder}/placement.conf db sync",
        programs=(
            api(layout, "placement", "placement.wsgi.api:application", {"OS_PLACEMENT_CONFIG_DIR": folder}, workers=1),
        ),
        ready=(RequiredList("/resource_providers"),),
    )


offer(Deployable("placement", service))
