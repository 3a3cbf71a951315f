"""A volume driver for cinder whose volumes have no bytes: every operation succeeds at once."""

import io
from typing import Any

from cinder import interface
from cinder.volume import driver

CAPACITY_GB = 100_000


@interface.volumedriver
class MemoryDriver(driver.VolumeDriver):
    """Reports 100 TB that are always free; volumes exist only in cinder's database."""

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
        }

    def create_volume(self, volume: Any) -> None:
        """Nothing to allocate."""

    def delete_volume(self, volume: Any) -> None:
        """Nothing to free."""

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

    def clone_image(self, context: Any, volume: Any, image_location: Any, image_meta: Any, image_service: Any) -> Any:
        """Report that the image has been cloned, without fetching its data."""
        return {}, True

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
        """Return connection data, which the fake hypervisor does not use."""
        return {
            "driver_volume_type": "fake",
            "data": {"volume_id": volume["id"], "target_discovered": False, "access_mode": "rw"},
        }

    def terminate_connection(self, volume: Any, connector: Any, **_: Any) -> None:
        """Nothing is connected."""
