"""What an embedded cloud has from the start, made and waited for by the script that runs on its host."""

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.resources import files as packaged
from pathlib import Path
from typing import Any
from xmlrpc.server import SimpleXMLRPCRequestHandler, SimpleXMLRPCServer

import pytest
from aiohttp import web
from small_cloud import ADMIN, SmallCloud
from test_embedded_plan import files, layout

URLS = {
    "identity": "identity/v3",
    "compute": "compute/v2.1",
    "image": "image",
    "network": "network",
    "placement": "placement/v1",
    "block-storage": "block-storage/v3",
}
HOSTS = ("compute-1", "compute-2", "compute-3")
STORAGE = (
    ("cinder-scheduler", "a"),
    ("cinder-backup", "a"),
    ("cinder-volume", "storage-1@memory"),
    ("cinder-volume", "storage-1@memory-2"),
)
PROCESSES = (*(("nova-compute", host) for host in HOSTS), ("nova-conductor", "a"), ("nova-scheduler", "a"))


class NewCloud(SmallCloud):
    """A small cloud whose processes report, with a quiet one at will."""

    def __init__(self) -> None:
        super().__init__()
        self.silent = ""  # "BINARY on HOST", which has not reported since it was started

    async def _act(self, request: web.Request, service: str, path: str, project: str) -> web.Response:
        if path == "/os-services":
            ours = STORAGE if service == "block-storage" else PROCESSES
            return web.json_response({"services": [self._row(*one) for one in ours]})
        if path == "/os-hypervisors":
            return web.json_response({"hypervisors": [{"hypervisor_hostname": host} for host in HOSTS]})
        if path.endswith("/agents"):
            there = [{"host": host} for host in HOSTS if self.silent != f"agent on {host}"]
            return web.json_response({"agents": there})
        if path == "/scheduler-stats/get_pools":
            pools = [{"name": f"{host}#{host.partition('@')[2]}"} for name, host in STORAGE if name == "cinder-volume"]
            return web.json_response({"pools": pools})
        return await super()._act(request, service, path, project)

    def _row(self, binary: str, host: str) -> dict[str, Any]:
        now = datetime.now(UTC).replace(tzinfo=None)
        late = timedelta(days=1) if self.silent == f"{binary} on {host}" else timedelta()
        return {"binary": binary, "host": host, "state": "up", "updated_at": (now - late).isoformat()}


class _Supervisor(SimpleXMLRPCServer):
    """Listens on a socket in a folder."""

    address_family = socket.AF_UNIX


class _Quiet(SimpleXMLRPCRequestHandler):
    disable_nagle_algorithm = False  # there is no TCP

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(name="new")
def _new() -> Iterator[NewCloud]:
    with NewCloud() as new:
        new.catalog = [
            {"type": kind, "name": kind, "endpoints": [{"interface": "public", "region_id": "R", "url": url}]}
            for kind, url in {kind: f"{new.url}/{path}" for kind, path in URLS.items()}.items()
        ]
        yield new


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Iterator[Path]:
    """Answer as the supervisor does; its processes have begun an hour ago."""
    began = datetime.now(UTC).timestamp() - 3600
    names = {binary for binary, _ in (*PROCESSES, *STORAGE)}
    with _Supervisor(str(tmp_path / "supervisor.sock"), _Quiet) as server:  # type: ignore[arg-type] # a path
        rows = [{"name": name, "pid": 0, "start": int(began)} for name in sorted(names)]
        server.register_function(lambda: rows, "supervisor.getAllProcessInfo")
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield tmp_path
        server.shutdown()
        thread.join()


def done(new: NewCloud, folder: Path, what: str) -> str:
    """Run the script on what the engine renders for this cloud; return what it says against it."""
    rendered = json.loads(files(layout())["/srv/one/etc/contents.json"])
    here = {
        "root": str(folder),
        "auth_url": f"{new.url}/identity/v3",
        "admin_password": ADMIN["password"],
        "limit_s": 0.5,
    }
    (folder / "contents.json").write_text(json.dumps({**rendered, **here}))
    kept = {"secrets": {"supervisor": "x"}, "ports": {}}
    (folder / "cloud.json").write_text(json.dumps(kept))
    script = packaged("rallycross.deployment.embedded").joinpath("on_host", "cloud.py")
    command = [sys.executable, str(script), what, str(folder / "contents.json")]
    return subprocess.run(command, capture_output=True, text=True, check=False).stderr


def test_what_is_there_already_is_not_made_again(new: NewCloud, folder: Path) -> None:
    """Two runs make each thing once: flavors, images with bytes, the network with its subnet, the volume types."""
    for _ in range(2):
        assert done(new, folder, "contents") == ""
        names = {
            collection: sorted(thing["name"] for thing in new.things[collection].values())
            for collection in ("flavors", "images", "networks", "subnets", "subnetpools", "volume_types")
        }
        assert names == {
            "flavors": ["m1.micro", "m1.nano", "m1.small", "m1.tiny"],
            "images": ["cirros", "cirros-alt"],
            "networks": ["public"],
            "subnets": ["public"],
            "subnetpools": ["default"],
            "volume_types": ["memory", "memory-2", "multiattach", "standard"],
        }
    assert {image["status"] for image in new.things["images"].values()} == {"active"}
    assert [subnet["network_id"] for subnet in new.things["subnets"].values()] == list(new.things["networks"])


def test_a_cloud_is_ready_when_all_have_reported(new: NewCloud, folder: Path) -> None:
    """The check passes if all processes have reported since their start and neutron has all agents; it names others."""
    assert done(new, folder, "check") == ""
    new.silent = "nova-compute on compute-3"
    said = done(new, folder, "check")
    assert "the limit: nova-compute on compute-3" in said
    new.silent = "agent on compute-2"
    assert "the limit: neutron's agent compute-2" in done(new, folder, "check")
    new.silent = "cinder-volume on storage-1@memory-2"
    assert "the limit: cinder-volume on storage-1@memory-2" in done(new, folder, "contents")
