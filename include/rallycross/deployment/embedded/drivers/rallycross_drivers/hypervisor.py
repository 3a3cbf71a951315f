"""nova's fake hypervisor, with a persistent identity and with its servers restored after a restart."""

import io
from collections.abc import Callable
from typing import Any

import nova.context
from nova import objects
from nova.image import glance
from nova.virt import fake


class Hypervisor(fake.PredictableNodeUUIDDriver):
    """nova's own fake driver, with its servers restored from nova's database."""

    def init_host(self, host: str) -> None:
        """Restore the servers that nova's database has on this host."""
        super().init_host(host)
        for server in objects.InstanceList.get_by_host(nova.context.get_admin_context(), host):
            self.instances[server.uuid] = fake.FakeInstance(server.name, server.power_state, server.uuid)
            self.resources.claim(vcpus=server.flavor.vcpus, mem=server.flavor.memory_mb, disk=server.flavor.root_gb)

    def snapshot(self, context: Any, instance: Any, image_id: str, update_task_state: Callable[..., None]) -> None:
        """Upload one zero byte as the disk: an image needs data to become active."""
        super().snapshot(context, instance, image_id, update_task_state)
        formats = {"disk_format": "raw", "container_format": "bare"}
        glance.API().update(context, image_id, formats, data=io.BytesIO(b"\0"), purge_props=False)

    def get_console_output(self, context: Any, instance: Any) -> str:
        """Return a hundred lines, so that a request for fewer gets fewer."""
        return "\n".join(f"line {number}" for number in range(1, 101))

    def get_host_uptime(self) -> Any:
        """Return text as from `uptime`."""
        return " 00:00:00 up 1 day,  0 users,  load average: 0.00, 0.00, 0.00"
