"""What runs on the host: it looks before it makes anything, and decides ports and secrets once."""

import re
import socket
import stat
from pathlib import Path
from typing import Any

import pytest
from sites import a_site

from rallycross.deployment import LocalHost, deploy, load_spec, status, stop
from rallycross.deployment.engines.embedded import _prepare
from rallycross.deployment.node import LOCAL, Node
from rallycross.deployment.server import Server
from rallycross.errors import RallycrossError


def prepared(root: Path, **options: object) -> dict[str, Any]:
    """Let the host be looked at for a cloud under `root`."""
    text = "\n".join(["name: one", "engine: embedded", *(f"{name}: {value}" for name, value in options.items())])
    return _prepare("make", load_spec(text, file="one.yaml"), Node(LOCAL, LocalHost(), str(root)), controller=True)


def test_ports_and_secrets_are_decided_once(tmp_path: Path) -> None:
    """A second look finds the ports and secrets of the first, in a folder and a file that are the owner's alone."""
    root = tmp_path / "one"

    first, second = prepared(root), prepared(root)

    assert (first["ports"], first["secrets"]) == (second["ports"], second["secrets"])
    assert len(set(first["ports"].values())) == len(first["ports"])
    assert len(set(first["secrets"].values())) == len(first["secrets"])
    assert stat.S_IMODE(root.stat().st_mode) == 0o700
    assert stat.S_IMODE((root / "cloud.json").stat().st_mode) == 0o600


def test_two_clouds_have_secrets_of_their_own(tmp_path: Path) -> None:
    """No secret of one cloud opens another."""
    one, two = prepared(tmp_path / "one"), prepared(tmp_path / "two")

    assert not set(one["secrets"].values()) & set(two["secrets"].values())


def test_a_port_that_is_taken_is_passed_over(tmp_path: Path) -> None:
    """Among the ports to choose from, those that something listens on are not chosen."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        found = prepared(tmp_path / "one", first_port=port, last_port=min(port + 40, 65535))

        assert port not in found["ports"].values()
        assert all(port < chosen <= port + 40 for chosen in found["ports"].values())


@pytest.mark.parametrize(
    ("first", "last", "complaint"),
    [
        (
            20000,
            20005,
            r"\d ports are free from 20000 to 20005, 9 are needed - set first_port and last_port to a wider",
        ),
        (20005, 20000, "first_port 20005 is greater than last_port 20000 - exchange the two"),
    ],
)
def test_a_range_without_enough_ports_is_refused(tmp_path: Path, first: int, last: int, complaint: str) -> None:
    """The complaint says how many ports there are and are needed, or that the range is none; nothing is made."""
    (said,) = prepared(tmp_path / "one", first_port=first, last_port=last)["complaints"]

    assert re.match(complaint, said)
    assert not (tmp_path / "one").exists()


@pytest.mark.parametrize(("key", "what"), [("memory_gb_min", "GB of memory"), ("disk_gb_min", "GB of disk free")])
def test_a_machine_that_is_too_small_is_refused_and_left_alone(tmp_path: Path, key: str, what: str) -> None:
    """A complaint says what the host has, what is needed and what to do; nothing is created."""
    text = f"name: one\nengine: embedded\n{key}: 9999"

    with pytest.raises(RallycrossError, match=rf"localhost: [\d.]+ {what}.*9999.* - ") as caught:
        deploy(load_spec(text, file="one.yaml"), a_site(tmp_path, tell=lambda event: pytest.fail(str(event))))

    assert key in str(caught.value)
    assert not (tmp_path / "root").exists()


def test_a_path_that_openstack_cannot_run_from_is_refused(tmp_path: Path) -> None:
    """A space in the path of the cloud's folder is refused with a remedy before anything is created."""
    site = a_site(tmp_path / "my clouds")

    with pytest.raises(RallycrossError, match="set RALLYCROSS_HOME to a plain path"):
        deploy(load_spec("name: one\nengine: embedded", file="one.yaml"), site)

    assert not Path(site.root).exists()


def test_stopping_what_never_stood_is_fine(tmp_path: Path) -> None:
    """There is nothing to end and nothing to see, and nothing is made."""
    spec = load_spec("name: one\nengine: embedded", file="one.yaml")

    stop(spec, a_site(tmp_path))
    assert status(spec, a_site(tmp_path)) == []

    assert not (tmp_path / "root").exists()


def test_an_address_of_another_host_is_refused(tmp_path: Path) -> None:
    """An `address` that the server does not have is refused before anything is created."""
    server = Server("node-1", "127.0.0.1", address="192.0.2.77")
    spec = load_spec("name: one\nengine: embedded", file="one.yaml")

    found = _prepare("make", spec, Node("node-1", LocalHost(), str(tmp_path / "one"), server), controller=True)

    assert found["complaints"] == [
        "192.0.2.77 is not an address of this host - set the server's `address` to one of its addresses"
    ]
    assert not (tmp_path / "one").exists()
