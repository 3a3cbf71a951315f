"""nova's compute manager, on hosts that count as restarted once their servers have been evacuated."""

from typing import Any, ClassVar

import nova.context
from nova.compute import manager
from nova.objects.fields import MigrationType


class Manager(manager.ComputeManager):
    """Cleans up a host after an evacuation from it, as nova does when the host's nova-compute starts again.

    Before that, nova refuses to take the host back into service. A host whose servers are evacuated has been forced
    down, but runs in this process, and is not restarted.
    """

    here: ClassVar[dict[str, "Manager"]] = {}  # the hosts of this process

    def init_host(self, service_ref: object) -> None:
        """Start the host, and make it known to the others in this process."""
        super().init_host(service_ref)
        self.here[self.host] = self

    def rebuild_instance(self, context: object, *arguments: object, **named: object) -> None:
        """Rebuild a server; then clean up the host that it was evacuated from."""
        super().rebuild_instance(context, *arguments, **named)
        migration: Any = named.get("migration")
        if migration and migration.migration_type == MigrationType.EVACUATION:
            source = self.here.get(migration.source_compute)
            if source:
                source.forget_evacuated()

    def forget_evacuated(self) -> None:
        """Remove the evacuated servers from the hypervisor and their resources from placement."""
        context = nova.context.get_admin_context()
        self._destroy_evacuated_instances(context, self._get_nodes(context))
