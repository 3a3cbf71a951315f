"""A volume driver for cinder whose volumes have next to no bytes: every operation succeeds at once."""

import io
from pathlib import Path
from typing import Any

from cinder import interface
from cinder.volume import driver
from oslo_config import cfg

CAPACITY_GB = 100_000
DEVICE_BYTES = 65536  # two of the blocks by which an incremental backup finds changes
Updates = tuple[dict[str, Any] | None, list[dict[str, Any]] | None]  # of a group, and of what is in it


@interface.volumedriver
class MemoryDriver(driver.VolumeDriver):
    """Reports 100 TB that are always free.

    Volumes exist only in cinder's database. One that is attached (to a server, or for a backup or a copy) also has a
    file of zeros as its device, which is small whatever the size of the volume.
    """

    VERSION = "1.0"
    CI_WIKI_NAME = "none"

    def check_for_setup_error(self) -> None:
        """Nothing to check."""

    def _update_volume_stats(self) -> None:
        self._stats = {
            "volume_backend_name": self.configuration.safe_get("volume_backend_name"),
            "vendor_name": "Rallycross",
            "driver_version": self.VERSION,
            "storage_protocol": "iSCSI",
            "total_capacity_gb": CAPACITY_GB,
            "free_capacity_gb": CAPACITY_GB,
            "reserved_percentage": 0,
            "multiattach": True,
            "QoS_support": True,
            "thin_provisioning_support": True,
            "consistent_group_snapshot_enabled": True,
        }

    def create_volume(self, volume: Any) -> None:
        """Nothing to allocate."""

    def delete_volume(self, volume: Any) -> None:
        """Delete its device."""
        self._device(volume).unlink(missing_ok=True)

    def create_snapshot(self, snapshot: Any) -> None:
        """Nothing to copy."""

    def delete_snapshot(self, snapshot: Any) -> None:
        """Nothing to free."""

    def create_volume_from_snapshot(self, volume: Any, snapshot: Any) -> None:
        """Nothing to copy."""

    def create_cloned_volume(self, volume: Any, src_vref: Any) -> None:
        """Nothing to copy."""

    def revert_to_snapshot(self, context: Any, volume: Any, snapshot: Any) -> None:
        """Nothing to copy."""

    def extend_volume(self, volume: Any, new_size: int) -> None:
        """Nothing to allocate."""

    def retype(self, context: Any, volume: Any, new_type: Any, diff: Any, host: Any) -> bool:
        """Every type is supported."""
        return True

    def migrate_volume(self, context: Any, volume: Any, host: Any) -> tuple[bool, None]:
        """Every backend has the same driver, so there is nothing to move."""
        return True, None

    def clone_image(self, context: Any, volume: Any, image_location: Any, image_meta: Any, image_service: Any) -> Any:
        """Report that the image has been cloned, without fetching its data."""
        return {}, True

    def copy_image_to_volume(self, *_: Any, **__: Any) -> None:
        """Nothing to copy: when a server is rebuilt, its volume gets another image."""

    def copy_volume_to_image(self, context: Any, volume: Any, image_service: Any, image_meta: Any) -> None:
        """Upload one zero byte as the volume: an image needs data to become active."""
        image_service.update(context, image_meta["id"], {}, data=io.BytesIO(b"\0"), purge_props=False)

    def ensure_export(self, context: Any, volume: Any) -> None:
        """Nothing to export."""

    def create_export(self, context: Any, volume: Any, connector: Any) -> None:
        """Nothing to export."""

    def remove_export(self, context: Any, volume: Any) -> None:
        """Nothing is exported."""

    def initialize_connection(self, volume: Any, connector: Any) -> dict[str, Any]:
        """Return the path of the device, which cinder opens to back up and to copy; the fake hypervisor does not."""
        device = self._device(volume)
        device.parent.mkdir(exist_ok=True)
        with device.open("ab") as file:
            file.truncate(DEVICE_BYTES)
        return {
            "driver_volume_type": "local",
            "data": {"volume_id": volume["id"], "device_path": str(device), "access_mode": "rw"},
        }

    def terminate_connection(self, volume: Any, connector: Any, **_: Any) -> None:
        """Nothing is connected."""

    def _device(self, volume: Any) -> Path:
        return Path(cfg.CONF.state_path, "devices", volume["name"])

    def create_group(self, context: Any, group: Any) -> dict[str, Any]:
        """Nothing to create."""
        return {"status": "available"}

    def update_group(self, context: Any, group: Any, add_volumes: Any = None, remove_volumes: Any = None) -> Any:
        """Nothing to change."""
        return None, None, None

    def delete_group(self, context: Any, group: Any, volumes: Any) -> Updates:
        """Delete the volumes."""
        for volume in volumes:
            self.delete_volume(volume)
        return {"status": "deleted"}, [{"id": volume.id, "status": "deleted"} for volume in volumes]

    def create_group_from_src(self, context: Any, group: Any, volumes: Any, *_: Any, **__: Any) -> Updates:
        """Nothing to copy."""
        return None, None

    def create_group_snapshot(self, context: Any, group_snapshot: Any, snapshots: Any) -> Updates:
        """Nothing to copy."""
        return {"status": "available"}, [{"id": one.id, "status": "available"} for one in snapshots]

    def delete_group_snapshot(self, context: Any, group_snapshot: Any, snapshots: Any) -> Updates:
        """Nothing to free."""
        return {"status": "deleted"}, [{"id": one.id, "status": "deleted"} for one in snapshots]
