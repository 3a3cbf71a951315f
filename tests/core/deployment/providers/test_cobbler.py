"""The provider `cobbler`, against a real cobblerd, and a real OpenSSH server in the place of what it installs."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xmlrpc.client import ServerProxy
from xmlrpc.server import SimpleXMLRPCRequestHandler, SimpleXMLRPCServer

import paramiko
import pytest
import yaml
from carrying import MemoryLedger
from cobbler_itself import PASSWORD, USER, Cobbler, NoIndex, NoRootError
from sites import ADDRESSES, a_site

from rallycross.deployment import load_spec
from rallycross.deployment.provider import PROVIDERS
from rallycross.deployment.server import Server
from rallycross.errors import InvalidInput, RallycrossError

COBBLER = PROVIDERS["cobbler"]


@pytest.fixture(scope="module", name="cobbler")
def _cobbler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cobbler]:
    try:
        with Cobbler(tmp_path_factory.mktemp("cobbler")) as cobbler:
            yield cobbler
    except (NoIndex, NoRootError) as error:
        pytest.skip(f"{error}; continuous integration, which is root and has an index, runs these tests")


class Below(SimpleXMLRPCRequestHandler):
    """The path at which Apache has it."""

    rpc_paths = ("/cobbler_api",)


@contextmanager
def apache(cobbler: Cobbler) -> Iterator[str]:
    """Hand on to the daemon what comes to its usual place, as Cobbler's configuration of Apache does."""

    class Through:
        def _dispatch(self, method: str, arguments: Any) -> Any:
            with ServerProxy(cobbler.url) as daemon:
                return getattr(daemon, method)(*arguments)

    with SimpleXMLRPCServer(("127.0.0.1", 0), Below, logRequests=False) as server:
        server.register_instance(Through())
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def options(cobbler: Cobbler, guests: dict[str, object], owner: str, **keys: Any) -> dict[str, Any]:
    """Return the section of a spec in Rally's words, checked."""
    section = {
        "type": "CobblerProvider",
        "host": cobbler.url,
        "user": USER,
        "password": PASSWORD,
        "selector": {"profile": "compute", "owners": owner},
        "ssh_user": guests["username"],
        "ssh_port": guests["port"],
        "key": guests["key_filename"],
        "timeout": 5,
    }
    text = yaml.safe_dump({"name": "mine", "engine": "embedded", "provider": section | keys})
    found = load_spec(text, file="s.yaml").provider
    assert found is not None
    assert found.type == "cobbler"
    return found.options


def test_systems_are_power_cycled_once(cobbler: Cobbler, guests: dict[str, object], tmp_path: Path) -> None:
    """Each system is installed once: a second deploy does not wipe what the first has made."""
    cobbler.have("node-b", "lab", eth0="", eth1=ADDRESSES[0])
    cobbler.have("node-a", "lab", eth0=ADDRESSES[1])
    cobbler.have("other", "another", eth0=ADDRESSES[2])
    site, given = a_site(tmp_path), options(cobbler, guests, "lab")
    # As of the system that was there before, and had another key.
    old = paramiko.ECDSAKey.generate(bits=256)
    known = f"[{ADDRESSES[1]}]:{guests['port']} {old.get_name()} {old.get_base64()}\n"
    (tmp_path / "known_hosts").write_text(known)
    made = COBBLER.create(given, site)
    assert [(one.name, one.host, one.user) for one in made] == [
        ("node-a", ADDRESSES[1], guests["username"]),
        ("node-b", ADDRESSES[0], guests["username"]),
    ]
    assert COBBLER.create(given, site) == made == COBBLER.standing(given, site)
    cycled = ["node-a off", "node-a on", "node-b off", "node-b on"]
    assert cobbler.orders() == cycled
    for _ in range(2):
        COBBLER.destroy(given, site)
        assert site.ledger.standing() == []
    with apache(cobbler) as host:
        COBBLER.create(options(cobbler, guests, "another", host=host), site)
    assert cobbler.orders() == [*cycled, "other off", "other on"]
    site.close()


def test_one_that_could_not_be_cycled_is_tried_again(
    cobbler: Cobbler, guests: dict[str, object], tmp_path: Path
) -> None:
    """A system whose power does not obey is named, is in the ledger, and is the next deploy's to cycle."""
    cobbler.have("stuck", "power", eth0=ADDRESSES[3])
    ledger = MemoryLedger()
    site, given = a_site(tmp_path, ledger=ledger), options(cobbler, guests, "power")
    cobbler.stuck.touch()
    with pytest.raises(RallycrossError, match=r"system stuck could not be power-cycled: .*check its power settings"):
        COBBLER.create(given, site)
    assert [(made.kind, made.name) for made in ledger.standing()] == [("server", "stuck")]
    assert COBBLER.standing(given, site) == []
    cobbler.stuck.unlink()
    COBBLER.create(given, site)
    assert cobbler.orders()[-2:] == ["stuck off", "stuck on"]
    site.close()


def test_what_cobbler_refuses_is_said(cobbler: Cobbler, guests: dict[str, object], tmp_path: Path) -> None:
    """A wrong password, an empty selection, a system without address and a deaf host are errors that say what to do."""
    cobbler.have("nowhere", "lost", eth0="")
    site, told = a_site(tmp_path), cobbler.orders()
    with pytest.raises(RallycrossError, match="system nowhere has no IP address in Cobbler"):
        COBBLER.create(options(cobbler, guests, "lost"), site)
    cobbler.have("found", "desk", eth0=ADDRESSES[4])
    with pytest.raises(RallycrossError, match=r"refuses: .*login failed"):
        COBBLER.create(options(cobbler, guests, "desk", password="wrong"), site)
    with pytest.raises(RallycrossError, match=r"Cobbler has no system with \{'profile': 'none'\}"):
        COBBLER.create(options(cobbler, guests, "desk", selector={"profile": "none"}), site)
    with pytest.raises(InvalidInput, match="else it selects every system"):
        options(cobbler, guests, "desk", selector={})
    with pytest.raises(RallycrossError, match="does not answer"):
        COBBLER.create(options(cobbler, guests, "desk", host="http://127.0.0.1:1/"), site)
    assert cobbler.orders() == told


def test_its_systems_can_be_the_hosts_of_containers(
    cobbler: Cobbler, guests: dict[str, object], tmp_path: Path
) -> None:
    """Hosts and containers stand in one ledger, and neither provider takes the other's servers for its own."""
    cobbler.have("host", "rack", eth0=ADDRESSES[5])
    given = {"host_provider": {"type": "cobbler", **options(cobbler, guests, "rack")}}
    boxes, site = PROVIDERS["lxc"], a_site(tmp_path)
    hosts = boxes._hosts(given, site, make=True)
    site.ledger.remember("server", "box", {**Server("box", "10.0.3.5").kept(), "on": hosts[0].name})

    (box,) = boxes.standing(given, site)
    assert (box.name, box.via) == ("box", hosts[0].server)
    boxes.destroy(given, site)
    assert site.ledger.standing() == []
    site.close()
