"""nova's fake hypervisor, with a persistent identity and with its servers restored after a restart."""

import io
import uuid
from collections.abc import Callable
from typing import Any

import nova.context
from nova import objects
from nova.compute import power_state
from nova.image import glance
from nova.virt import fake


class Hypervisor(fake.PredictableNodeUUIDDriver):
    """nova's own fake driver, which knows the power state of its servers, and forgets those that migrate away."""

    capabilities = {**fake.FakeDriver.capabilities, "supports_bfv_rescue": True}  # noqa: RUF012 - nova's type

    # As much as a small data centre has, so that the control plane is what limits a load.
    vcpus = 256
    memory_mb = 1_048_576
    local_gb = 100_000

    def init_host(self, host: str) -> None:
        """Restore the servers that nova's database has on this host."""
        super().init_host(host)
        for server in objects.InstanceList.get_by_host(nova.context.get_admin_context(), host):
            self.instances[server.uuid] = fake.FakeInstance(server.name, server.power_state, server.uuid)
            self.resources.claim(vcpus=server.flavor.vcpus, mem=server.flavor.memory_mb, disk=server.flavor.root_gb)

    def get_nodenames_by_uuid(self, refresh: bool = False) -> dict[str, str]:
        """Return the node under the UUID that it reports.

        With another one, as the fake driver has, nova would not clean up a host after an evacuation.
        """
        return {str(uuid.uuid5(uuid.NAMESPACE_DNS, node)): node for node in self.get_available_nodes(refresh)}

    def pause(self, instance: Any) -> None:
        """Keep the server as paused."""
        self._power(instance, power_state.PAUSED)

    def unpause(self, instance: Any) -> None:
        """Keep the server as running."""
        self._power(instance, power_state.RUNNING)

    def suspend(self, context: Any, instance: Any) -> None:
        """Keep the server as suspended."""
        self._power(instance, power_state.SUSPENDED)

    def resume(self, context: Any, instance: Any, *_: Any, **__: Any) -> None:
        """Keep the server as running."""
        self._power(instance, power_state.RUNNING)

    def rescue(self, context: Any, instance: Any, *_: Any, **__: Any) -> None:
        """Keep the server, which nova has powered off, as running."""
        self._power(instance, power_state.RUNNING)

    def _power(self, instance: Any, state: int) -> None:
        self.instances[instance.uuid].state = state

    def attach_interface(self, context: Any, instance: Any, image_meta: Any, vif: Any) -> None:
        """Keep nothing: after a restart or a migration, an interface would seem to be missing, or still in use."""

    def detach_interface(self, context: Any, instance: Any, vif: Any) -> None:
        """Keep nothing, as `attach_interface`."""

    def post_live_migration(
        self, context: Any, instance: Any, block_device_info: Any, migrate_data: Any = None
    ) -> None:
        """Forget a server that has migrated away from here."""
        self.destroy(context, instance, network_info=None, block_device_info=block_device_info)

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
