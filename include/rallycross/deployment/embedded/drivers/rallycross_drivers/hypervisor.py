"""nova's fake hypervisor, made to survive a restart: it has a lasting identity, and knows its servers again."""

from typing import Any

import nova.context
from nova import objects
from nova.virt import fake


class Hypervisor(fake.PredictableNodeUUIDDriver):
    """As nova's own, with a memory that nova's database refreshes."""

    def init_host(self, host: str) -> None:
        """Remember the servers that are said to be on this host."""
        super().init_host(host)
        for server in objects.InstanceList.get_by_host(nova.context.get_admin_context(), host):
            self.instances[server.uuid] = fake.FakeInstance(server.name, server.power_state, server.uuid)
            self.resources.claim(vcpus=server.flavor.vcpus, mem=server.flavor.memory_mb, disk=server.flavor.root_gb)

    def get_host_uptime(self) -> Any:
        """Return what `uptime` would print."""
        return " 00:00:00 up 1 day,  0 users,  load average: 0.00, 0.00, 0.00"
