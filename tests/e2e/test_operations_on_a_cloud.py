"""What the embedded cloud's hypervisors, volume backends and image stores can do, beyond creating and deleting."""

import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from test_embedded_cloud import create, eventually

from rallycross.cloud.cloud import Cloud

pytestmark = pytest.mark.e2e

LIMIT = 60
POOLS = ("storage-1@memory#memory", "storage-1@memory-2#memory-2")


def moved(look: Callable[[], Any], place: str, before: str, status: str) -> bool:
    """Wait until something is elsewhere, and in this status again."""
    return eventually(lambda: (one := look())[place] != before and one["status"] == status, LIMIT)


def raised(compute: Any, service: Any) -> bool:
    """Force a compute service up again; raise while nova refuses to."""
    compute.update_service_forced_down(service, service.host, service.binary, False)
    return True


@pytest.fixture(name="files")
def _files(tmp_path: Path) -> Iterator[str]:
    """Serve a file of 2,000 bytes; return its URL."""
    (tmp_path / "image").write_bytes(b"x" * 2000)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=tmp_path)) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/image"
        server.shutdown()
        thread.join()


def test_a_server_moves_with_its_volume_and_interfaces(embedded_cloud: Cloud, network: str) -> None:
    """A server that has migrated live and was evacuated keeps its volume; its host returns, and ports can be added."""
    connection = embedded_cloud.connect()
    compute, storage = connection.compute, connection.block_storage
    volume = storage.create_volume(size=1)
    server = create(embedded_cloud, network)

    def look() -> Any:
        one = compute.get_server(server)
        return {"host": one.compute_host, "status": one.status if one.task_state is None else one.task_state}

    try:
        first = compute.wait_for_server(server, interval=0.5, wait=LIMIT).compute_host
        compute.create_volume_attachment(server, volume_id=storage.wait_for_status(volume, interval=0.5).id)
        storage.wait_for_status(volume, "in-use", interval=0.5, wait=LIMIT)

        compute.live_migrate_server(server, block_migration="auto")

        assert moved(look, "host", first, "ACTIVE")
        second = look()["host"]
        fallen = next(compute.services(host=second, binary="nova-compute"))
        compute.update_service_forced_down(fallen, second, "nova-compute", True)
        # Not the SDK's method, whose request is that of nova's first version.
        compute.post(f"/servers/{server.id}/action", json={"evacuate": {}}, microversion="2.68")
        assert moved(look, "host", second, "ACTIVE")
        # Until nova has noted the evacuation as done, the host cannot come back.
        assert eventually(
            lambda: bool(compute.update_service_forced_down(fallen, second, "nova-compute", False)), LIMIT
        )
        port = compute.create_server_interface(server, net_id=network).port_id
        ports = {port.id: port for port in connection.network.ports(device_id=server.id)}
        assert port in ports
        assert {(port.binding_host_id, port.status) for port in ports.values()} == {(look()["host"], "ACTIVE")}
        compute.delete_server_interface(port, server)
        assert eventually(lambda: len(list(connection.network.ports(device_id=server.id))) == 1, LIMIT)
        assert storage.get_volume(volume).status == "in-use"
    finally:
        compute.delete_server(server)
        compute.wait_for_delete(server, interval=0.5, wait=LIMIT)
        storage.delete_volume(volume)


def test_an_incremental_backup_is_restored(embedded_cloud: Cloud) -> None:
    """A volume has a backup, another one on top of it, and becomes a volume again."""
    storage = embedded_cloud.connect().block_storage
    volume = storage.wait_for_status(storage.create_volume(size=1), interval=0.5)
    made = []
    try:
        for incremental in (False, True):
            made.append(storage.create_backup(volume_id=volume.id, is_incremental=incremental))
            storage.wait_for_status(made[-1], interval=0.5, wait=LIMIT)

        storage.restore_backup(made[-1], volume)

        assert eventually(lambda: storage.get_backup(made[-1]).status == "available", LIMIT)
        assert eventually(lambda: storage.get_volume(volume).status == "available", LIMIT)
        assert storage.get_backup(made[0]).has_dependent_backups
    finally:
        for backup in reversed(made):
            storage.delete_backup(backup)
            storage.wait_for_delete(backup, interval=0.5, wait=LIMIT)
        storage.delete_volume(volume)


def test_volumes_move_between_backends(embedded_cloud: Cloud) -> None:
    """A migration that copies its bytes moves a volume to the other backend, and a change of its type moves it back."""
    storage = embedded_cloud.connect().block_storage
    volume = storage.wait_for_status(storage.create_volume(size=1), interval=0.5)

    def look() -> Any:
        one = storage.get_volume(volume)
        return {"host": one.host, "status": one.status}

    try:
        first = look()["host"]
        other = next(name for name in POOLS if name != first)
        storage.migrate_volume(volume, host=other, force_host_copy=True)
        assert moved(look, "host", first, "available")

        storage.retype_volume(volume, first.partition("#")[2], "on-demand")

        assert moved(look, "host", other, "available")
    finally:
        storage.delete_volume(volume)


def test_images_are_imported_into_stores(embedded_cloud: Cloud, files: str) -> None:
    """An image is downloaded from a URL into one store, and copied to the other."""
    images = embedded_cloud.connect().image
    image = images.create_image(name="e2e-imported", disk_format="raw", container_format="bare")
    try:
        images.import_image(image, "web-download", uri=files)
        assert eventually(lambda: images.get_image(image.id).status == "active", LIMIT)

        images.import_image(image, "copy-image", stores=["images-2"])

        assert eventually(lambda: images.get(f"/images/{image.id}").json()["stores"] == "images,images-2", LIMIT)
        assert images.get_image(image.id).size == 2000
    finally:
        images.delete_image(image)
