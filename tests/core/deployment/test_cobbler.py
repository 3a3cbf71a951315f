"""The provider `cobbler`, against an XML-RPC server that behaves as Cobbler's does, and a real OpenSSH server."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self
from xmlrpc.client import Fault
from xmlrpc.server import SimpleXMLRPCRequestHandler, SimpleXMLRPCServer

import pytest
import yaml
from carrying import MemoryLedger
from sites import a_site
from ssh_server import NoServerError, ssh_server

from rallycross.deployment import load_spec
from rallycross.deployment.provider import PROVIDERS
from rallycross.deployment.providers.lxc import LxcContainers
from rallycross.deployment.server import Server
from rallycross.errors import InvalidInput, RallycrossError


class Paths(SimpleXMLRPCRequestHandler):
    """Cobbler's own daemon answers at the root, Apache in front of it below /cobbler_api."""

    rpc_paths = ("/", "/cobbler_api")


class Cobbler:
    """The calls that the provider makes, with tokens that hold for one system each."""

    def __init__(self) -> None:
        self.systems = {
            "node-b": {"ip_address_eth0": "", "ip_address_eth1": "127.0.0.1", "power_user": "bmc", "name": "node-b"},
            "node-a": {"ip_address_eth0": "127.0.0.1", "power_user": "bmc", "name": "node-a"},
        }
        self.rebooted: list[str] = []
        self.power = True
        self._tokens: set[str] = set()

    def __enter__(self) -> Self:
        self._server = SimpleXMLRPCServer(("127.0.0.1", 0), Paths, logRequests=False, allow_none=True)
        self._server.register_instance(self)
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def find_system(self, criteria: dict[str, str]) -> list[str]:
        """Return names, in no order."""
        return list(self.systems) if criteria == {"profile": "compute", "owners": "lab"} else []

    def login(self, user: str, password: str) -> str:
        """Return a token."""
        if (user, password) != ("cobbler", "hush-hush"):
            raise Fault(1, "<class 'cobbler.cexceptions.CX'>:'login failed (cobbler)'")
        self._tokens.add(token := f"token-{len(self.rebooted)}")
        return token

    def get_system_handle(self, name: str, token: str) -> str:
        """Return a handle."""
        assert token in self._tokens
        return f"system::{name}"

    def power_system(self, handle: str, power: str, token: str) -> bool:
        """Power-cycle; the token is at its end with that."""
        if token not in self._tokens:
            raise Fault(1, "<class 'cobbler.cexceptions.CX'>:'invalid token: %s'")
        self._tokens.clear()
        assert power == "reboot"
        if self.power:
            self.rebooted.append(handle.removeprefix("system::"))
        return self.power

    def get_system_as_rendered(self, name: str) -> dict[str, Any]:
        """Return what is known of a system."""
        return self.systems[name]


@pytest.fixture(scope="module", name="guests")
def _guests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, object]]:
    try:
        with ssh_server(tmp_path_factory.mktemp("guests")) as account:
            yield account
    except NoServerError as error:
        pytest.skip(f"{error}; continuous integration, which has one, runs these tests")


@pytest.fixture(name="cobbler")
def _cobbler() -> Iterator[Cobbler]:
    with Cobbler() as cobbler:
        yield cobbler


def options(cobbler: Cobbler, guests: dict[str, object], **keys: Any) -> dict[str, Any]:
    """Return the section of a spec in Rally's words, checked."""
    section = {
        "type": "CobblerProvider",
        "host": cobbler.address,
        "user": "cobbler",
        "password": "hush-hush",
        "selector": {"profile": "compute", "owners": "lab"},
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
    site, provider = a_site(tmp_path), PROVIDERS["cobbler"]
    given = options(cobbler, guests)
    made = provider.create(given, site)
    assert [(one.name, one.host, one.user) for one in made] == [
        ("node-a", "127.0.0.1", guests["username"]),
        ("node-b", "127.0.0.1", guests["username"]),
    ]
    assert provider.create(given, site) == made == provider.standing(given, site)
    assert cobbler.rebooted == ["node-a", "node-b"]
    for _ in range(2):
        provider.destroy(given, site)
        assert site.ledger.standing() == []
    provider.create(options(cobbler, guests, host=f"http://{cobbler.address}/"), site)
    assert cobbler.rebooted == ["node-a", "node-b"] * 2
    site.close()


def test_one_that_could_not_be_cycled_is_tried_again(
    cobbler: Cobbler, guests: dict[str, object], tmp_path: Path
) -> None:
    """A system whose power does not obey is named, is in the ledger, and is the next deploy's to cycle."""
    ledger = MemoryLedger()
    site, given = a_site(tmp_path, ledger=ledger), options(cobbler, guests)
    cobbler.power = False
    with pytest.raises(RallycrossError, match="system node-a could not be power-cycled - look at its power settings"):
        PROVIDERS["cobbler"].create(given, site)
    assert [(made.kind, made.name) for made in ledger.standing()] == [("server", "node-a")]
    assert PROVIDERS["cobbler"].standing(given, site) == []
    cobbler.power = True
    PROVIDERS["cobbler"].create(given, site)
    assert cobbler.rebooted == ["node-a", "node-b"]
    site.close()


def test_what_cobbler_refuses_is_said(cobbler: Cobbler, guests: dict[str, object], tmp_path: Path) -> None:
    """A wrong password, an empty selection, a system without address and a deaf host are errors that say what to do."""
    create, site = PROVIDERS["cobbler"].create, a_site(tmp_path)
    with pytest.raises(RallycrossError, match=r"refuses: .*login failed"):
        create(options(cobbler, guests, password="wrong"), site)
    with pytest.raises(RallycrossError, match=r"Cobbler has no system of \{'profile': 'none'\}"):
        create(options(cobbler, guests, selector={"profile": "none"}), site)
    with pytest.raises(InvalidInput, match="else it would be every system"):
        options(cobbler, guests, selector={})
    cobbler.systems["node-a"]["ip_address_eth0"] = ""
    with pytest.raises(RallycrossError, match="system node-a has no IP address in Cobbler"):
        create(options(cobbler, guests), site)
    with pytest.raises(RallycrossError, match="does not answer"):
        create(options(cobbler, guests, host="http://127.0.0.1:1/"), site)
    assert cobbler.rebooted == []


def test_its_systems_can_be_the_hosts_of_containers(
    cobbler: Cobbler, guests: dict[str, object], tmp_path: Path
) -> None:
    """Hosts and containers stand in one ledger, and neither provider takes the other's servers for its own."""
    given = {"host_provider": {"type": "cobbler", **options(cobbler, guests)}}
    boxes, site = LxcContainers(), a_site(tmp_path)
    hosts = boxes._hosts(given, site, make=True)
    site.ledger.remember("server", "box", {**Server("box", "10.0.3.5").kept(), "on": hosts[0].name})

    (box,) = boxes.standing(given, site)
    assert (box.name, box.via) == ("box", hosts[0].server)
    boxes.destroy(given, site)
    assert site.ledger.standing() == []
    site.close()
