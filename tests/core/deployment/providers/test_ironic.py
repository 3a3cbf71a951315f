"""The provider `ironic`, against a real ironic whose hardware is not there, and OpenSSH in the place of the nodes."""

import base64
import functools
import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import paramiko
import pytest
import yaml
from carrying import KilledError, MemoryLedger, MortalLedger
from ironic_itself import Ironic, NoIndex
from sites import a_site, let_in
from small_cloud import ADMIN, SmallCloud
from told import Told

from rallycross.deployment import load_spec
from rallycross.deployment.provider import PROVIDERS
from rallycross.deployment.providers.ironic import provisioning
from rallycross.deployment.providers.ironic.config_drive import config_drive
from rallycross.errors import InvalidInput, RallycrossError

IRONIC = PROVIDERS["ironic"]
CHECKSUM = "0" * 64
LIMIT = 300  # seconds: what ends in time ends much sooner
LIVE = os.environ.get("RALLYCROSS_LIVE_IRONIC_PROVIDER", "")


@pytest.fixture(scope="module", name="ironic")
def _ironic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ironic]:
    try:
        with Ironic(tmp_path_factory.mktemp("ironic")) as ironic:
            yield ironic
    except NoIndex as error:
        pytest.skip(f"ironic cannot be installed: {error}")


class Images(SimpleHTTPRequestHandler):
    """Serves files, and says nothing of it; one that is called slow.qcow2 only when it may."""

    may = threading.Event()

    def do_HEAD(self) -> None:
        """Tell of a file, as ironic asks before it provisions."""
        if "slow" in self.path:
            self.may.wait(LIMIT)
        super().do_HEAD()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(name="images")
def _images(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "images").mkdir()
    for name in ("debian.qcow2", "slow.qcow2"):
        (tmp_path / "images" / name).write_bytes(b"disk")
    handler = functools.partial(Images, directory=str(tmp_path / "images"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def options(ironic: Ironic, guests: dict[str, object], resource_class: str, /, **keys: Any) -> dict[str, Any]:
    """Return the section of a spec, checked; all nodes are at this machine's address.

    Names begin with the resource class: what a failed test leaves is in no other's way.
    """
    section = {
        "type": "ironic",
        "endpoint": ironic.url,
        "resource_class": resource_class,
        "prefix": f"my-{resource_class}",
        "image": {"source": "http://127.0.0.1:1/debian.qcow2", "checksum": CHECKSUM},
        "addresses": {f"{resource_class}-{number}": "127.0.0.1" for number in range(1, 4)},
        "ssh_port": guests["port"],
        "ssh_user": guests["username"],
        "timeout": LIMIT,
    }
    text = yaml.safe_dump({"name": "mine", "engine": "embedded", "provider": section | keys})
    found = load_spec(text, file="s.yaml").provider
    assert found is not None
    return found.options


def rows(ledger: Any) -> list[tuple[str, str]]:
    """Return what a ledger has."""
    return [(made.kind, made.name) for made in ledger.standing()]


def is_free(ironic: Ironic, name: str) -> bool:
    """Tell whether a node is as it was: nobody's, and without an image."""
    node = ironic.node(name)
    return (node.provision_state, node.instance_id, node.instance_info) == ("available", None, {})


def test_nodes_are_reserved_provisioned_and_given_back(
    ironic: Ironic, guests: dict[str, object], tmp_path: Path
) -> None:
    """Two nodes that suit are made active once, keep what ironic noted of the reservation, and are free after.

    Without a prefix their names begin with the cloud's.
    """
    ironic.enrol("pair-1", "pair", traits=("CUSTOM_FAST",))
    ironic.enrol("pair-2", "pair")
    ironic.enrol("pair-3", "pair", traits=("CUSTOM_FAST",))
    told, here = Told(), let_in(tmp_path, guests)
    here = a_site(tmp_path, tell=told, ledger=here.ledger)
    given = options(
        ironic, guests, "pair", prefix=None, amount=2, traits=["CUSTOM_FAST"], instance_info={"root_gb": 10}
    )
    made = IRONIC.create(given, here)
    assert [(one.name, one.host, one.user) for one in made] == [
        ("mine-1", "127.0.0.1", guests["username"]),
        ("mine-2", "127.0.0.1", guests["username"]),
    ]
    for name in ("pair-1", "pair-3"):
        node = ironic.node(name)
        assert node.provision_state == "active"
        assert node.instance_info | {"traits": ["CUSTOM_FAST"], "root_gb": 10, "image_checksum": CHECKSUM} == (
            node.instance_info
        )
        assert node.instance_info["configdrive"]
    assert is_free(ironic, "pair-2")
    assert told.statuses() == {"provision mine-1": "done", "provision mine-2": "done"}
    assert f"within {LIMIT} s" in told[0].title
    assert IRONIC.create(given, here) == made == IRONIC.standing(given, here)
    assert set(told.statuses().values()) == {"skipped"}
    for _ in range(2):
        IRONIC.destroy(given, here)
        assert here.ledger.standing() == []
        assert ironic.allocations("pair") == []
        assert all(is_free(ironic, f"pair-{number}") for number in (1, 2, 3))
    here.close()


@pytest.mark.parametrize("noted", [False, True], ids=["before the note", "after the note"])
@pytest.mark.parametrize("last", range(1, 5))
def test_killed_anywhere_nothing_is_lost(
    ironic: Ironic, guests: dict[str, object], tmp_path: Path, *, last: int, noted: bool
) -> None:
    """Killed around the note of any thing, the next call takes the only node up where it is; a destroy frees it."""
    ironic.enrol("mortal-1", "mortal")
    ledger = MortalLedger(last, noted=noted)
    here, given = let_in(tmp_path, guests, ledger), options(ironic, guests, "mortal")
    with pytest.raises(KilledError):
        IRONIC.create(given, here)
    assert [one.name for one in IRONIC.create(given, here)] == ["my-mortal-1"]
    assert ironic.allocations("mortal") == ["my-mortal-1"]
    IRONIC.destroy(given, here)
    assert (ledger.standing(), ironic.allocations("mortal"), is_free(ironic, "mortal-1")) == ([], [], True)
    here.close()


def test_a_failing_deploy_is_told_and_tried_again(
    ironic: Ironic, guests: dict[str, object], images: str, tmp_path: Path
) -> None:
    """A failure has node, state and ironic's reason; the next call tries the node again, and a destroy frees it."""
    ironic.enrol("bad-1", "bad", deploy="direct")
    ledger = MemoryLedger()
    here = let_in(tmp_path, guests, ledger)
    wrong = options(ironic, guests, "bad", image={"source": f"{images}/none.qcow2", "checksum": CHECKSUM})
    with pytest.raises(RallycrossError, match=r"node bad-1 is in the state 'deploy failed' \(.*none\.qcow2.* fix that"):
        IRONIC.create(wrong, here)
    assert rows(ledger) == [("allocation", "my-bad-1"), ("server", "my-bad-1")]
    assert IRONIC.standing(wrong, here) == []
    right = options(ironic, guests, "bad", image={"source": f"{images}/slow.qcow2", "checksum": CHECKSUM}, timeout=1)
    Images.may.clear()  # it stays in this state, however long two calls take: a ramdisk is waited for by ironic's clock
    for _ in range(2):  # the second finds it under way
        with pytest.raises(RallycrossError, match="node bad-1 is in the state 'deploying', still after 1 s - raise"):
            IRONIC.create(right, here)
    Images.may.set()
    with pytest.raises(RallycrossError, match=r"'deploy failed' \(Timeout reached while waiting for callback"):
        IRONIC.create({**right, "timeout": LIMIT}, here)
    IRONIC.destroy(right, here)
    assert (ledger.standing(), ironic.allocations("bad"), is_free(ironic, "bad-1")) == ([], [], True)


def test_a_reason_that_comes_after_the_state_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ironic writes down that a node has failed before it writes why: the reason is waited for."""
    monkeypatch.setattr(provisioning, "_PAUSE", 0)
    told = iter(
        [("deploying", None), ("deploy failed", None), ("deploy failed", None), ("deploy failed", "no ramdisk")]
    )

    class Answers:
        """What an API says, look by look."""

        def get_node(self, _: str) -> SimpleNamespace:
            """Say how the node is now."""
            state, error = next(told)
            return SimpleNamespace(
                id="1", name="n", provision_state=state, last_error=error, is_maintenance=False, maintenance_reason=None
            )

    api: Any = SimpleNamespace(baremetal=Answers())
    with pytest.raises(RallycrossError, match=r"'deploy failed' \(no ramdisk\)"):
        provisioning.await_active(api, SimpleNamespace(id="1"), limit=LIMIT)


@pytest.mark.parametrize(("image", "state"), [("slow", "deploying"), ("debian", "wait call-back")])
def test_a_destroy_ends_a_deploy_that_is_under_way(
    ironic: Ironic, guests: dict[str, object], images: str, tmp_path: Path, *, image: str, state: str
) -> None:
    """A node that waits for its ramdisk is undeployed, and one that deploys as soon as ironic lets it be."""
    ironic.enrol("slow-1", "slow", deploy="direct")
    here = let_in(tmp_path, guests)
    source = {"source": f"{images}/{image}.qcow2", "checksum": CHECKSUM}
    given = options(ironic, guests, "slow", image=source, timeout=1)
    Images.may.clear()
    with pytest.raises(RallycrossError, match=r"'(deploying|wait call-back)', still after 1 s"):
        IRONIC.create(given, here)
    ironic.await_state("slow-1", state)
    threading.Timer(0.5, Images.may.set).start()
    IRONIC.destroy({**given, "timeout": LIMIT}, here)
    assert (here.ledger.standing(), ironic.allocations("slow"), is_free(ironic, "slow-1")) == ([], [], True)


def test_a_node_that_is_not_cleaned_is_told(
    ironic: Ironic, guests: dict[str, object], images: str, tmp_path: Path
) -> None:
    """A destroy fails with ironic's reason while a node cannot be cleaned, and ends when that is mended."""
    ironic.enrol("dirty-1", "dirty", deploy="direct")
    here = let_in(tmp_path, guests)
    image = {"source": f"{images}/debian.qcow2", "checksum": CHECKSUM}
    with pytest.raises(RallycrossError, match=r"'(deploying|wait call-back)', still after 1 s"):
        IRONIC.create(options(ironic, guests, "dirty", image=image, timeout=1), here)
    ironic.await_state("dirty-1", "wait call-back", "deploy failed")
    ironic.api.update_node("dirty-1", is_automated_clean_enabled=True)
    given = options(ironic, guests, "dirty", image=image)
    for _ in range(2):
        with pytest.raises(RallycrossError, match=r"node dirty-1 is in the state 'clean failed' \(.* destroy again"):
            IRONIC.destroy(given, here)
    ironic.api.update_node("dirty-1", is_automated_clean_enabled=False)
    ironic.api.unset_node_maintenance("dirty-1")
    for verb, state in (("manage", "manageable"), ("provide", "available")):
        ironic.api.set_node_provision_state("dirty-1", verb)
        ironic.await_state("dirty-1", state)
    IRONIC.destroy(given, here)
    assert (here.ledger.standing(), ironic.allocations("dirty"), is_free(ironic, "dirty-1")) == ([], [], True)


def test_a_node_that_is_ill_holds_no_other(
    ironic: Ironic, guests: dict[str, object], images: str, tmp_path: Path
) -> None:
    """A destroy undeploys all nodes that it can, and the ledger keeps only the others."""
    ironic.enrol("half-1", "half", deploy="direct")
    ironic.enrol("half-2", "half")
    ledger = MemoryLedger()
    image = {"source": f"{images}/debian.qcow2", "checksum": CHECKSUM}
    here, given = let_in(tmp_path, guests, ledger), options(ironic, guests, "half", image=image, amount=2)
    with pytest.raises(RallycrossError, match=r"'(deploying|wait call-back)', still after 1 s"):
        IRONIC.create({**given, "timeout": 1}, here)
    ironic.await_state("half-2", "active")
    ironic.await_state("half-1", "wait call-back", "deploy failed")
    ironic.api.update_node("half-1", is_automated_clean_enabled=True)
    (ill,) = (one.name for one in ironic.api.allocations() if one.node_id == ironic.node("half-1").id)
    for _ in range(2):
        with pytest.raises(RallycrossError, match=r"node half-1 is in the state 'clean failed'") as caught:
            IRONIC.destroy(given, here)
        assert str(caught.value).count("\n") == 0, caught.value  # nothing else is wrong
        assert {name for _, name in rows(ledger)} == {ill}
        assert is_free(ironic, "half-2")


def test_a_node_that_leaves_is_waited_for(ironic: Ironic, guests: dict[str, object], tmp_path: Path) -> None:
    """A deploy after a destroy that broke off has its node anew; one that others have freed is fine to destroy."""
    ironic.enrol("back-1", "back")
    here, given = let_in(tmp_path, guests), options(ironic, guests, "back")
    made = IRONIC.create(given, here)
    ironic.api.set_node_provision_state("back-1", "deleted")
    here.close()
    known = tmp_path / "known_hosts"  # as of another system at that address
    where, kind, _ = known.read_text().split()
    known.write_text(f"{where} {kind} {paramiko.ECDSAKey.generate(bits=256).get_base64()}\n")
    assert IRONIC.create(given, here) == made
    assert ironic.node("back-1").provision_state == "active"
    ironic.api.set_node_provision_state("back-1", "deleted")
    ironic.await_state("back-1", "available")
    theirs = ironic.api.create_allocation(name="theirs", resource_class="back")
    ironic.api.wait_for_allocation(theirs, timeout=LIMIT)
    IRONIC.destroy(given, here)
    assert (here.ledger.standing(), ironic.allocations("back")) == ([], ["theirs"])
    ironic.api.delete_allocation("theirs")
    here.close()


def test_what_others_have_reserved_is_left_alone(ironic: Ironic, guests: dict[str, object], tmp_path: Path) -> None:
    """An allocation of the same name that the ledger does not have is neither used nor deleted."""
    ironic.enrol("theirs-1", "theirs")
    ironic.api.wait_for_allocation(
        ironic.api.create_allocation(name="my-theirs-1", resource_class="theirs"), timeout=LIMIT
    )
    here, given = let_in(tmp_path, guests), options(ironic, guests, "theirs")
    with pytest.raises(
        RallycrossError, match="allocation my-theirs-1 exists already, and this deployment has not created it"
    ):
        IRONIC.create(given, here)
    IRONIC.destroy(given, here)
    assert ironic.allocations("theirs") == ["my-theirs-1"]
    ironic.api.delete_allocation("my-theirs-1")


def test_where_no_node_suits_it_is_said(ironic: Ironic, guests: dict[str, object], tmp_path: Path) -> None:
    """An allocation that finds no node tells ironic's reason, and does not stay; the nodes that it had are freed."""
    ironic.enrol("few-1", "few")
    ironic.enrol("few-2", "few")
    here = let_in(tmp_path, guests)
    given = options(ironic, guests, "few", nodes=["few-2"], amount=2)
    with pytest.raises(
        RallycrossError, match=r"no node for my-few-2: .*none of the requested nodes .* available, not in"
    ):
        IRONIC.create(given, here)
    assert ironic.allocations("few") == ["my-few-1"]
    assert is_free(ironic, "few-1")
    IRONIC.destroy(given, here)
    assert (here.ledger.standing(), ironic.allocations("few"), is_free(ironic, "few-2")) == ([], [], True)


def test_a_node_in_maintenance_is_told(ironic: Ironic, guests: dict[str, object], tmp_path: Path) -> None:
    """A reserved node that is taken into maintenance fails the call with the reason, until that has ended."""
    ironic.enrol("ill-1", "ill")
    here, given = let_in(tmp_path, guests, MortalLedger(3, noted=True)), options(ironic, guests, "ill")
    with pytest.raises(KilledError):
        IRONIC.create(given, here)
    ironic.api.set_node_maintenance("ill-1", "its fan is loud")
    with pytest.raises(RallycrossError, match=r"node ill-1 is in maintenance \(its fan is loud\) - end that in ironic"):
        IRONIC.create(given, here)
    ironic.api.unset_node_maintenance("ill-1")
    IRONIC.create(given, here)
    IRONIC.destroy(given, here)
    assert is_free(ironic, "ill-1")
    here.close()


@pytest.mark.parametrize("last", [0, 3, 4], ids=["whole", "killed before the port", "killed before the provisioning"])
def test_in_a_cloud_ports_give_addresses(
    ironic: Ironic, guests: dict[str, object], small_cloud: SmallCloud, tmp_path: Path, last: int
) -> None:
    """With a network service each network gets a port, whose address is the server's, and which goes with it."""
    ironic.enrol("wired-1", "wired")
    small_cloud.addresses = {"fixed": "127.0.0.1"}
    small_cloud.things["networks"] = {"n1": {"id": "n1", "name": "provision"}}
    entry = {"auth": {"auth_url": f"{small_cloud.url}/identity/v3", **ADMIN}, "region_name": "R"}
    entry["baremetal_endpoint_override"] = ironic.url
    (tmp_path / "clouds.yaml").write_text(yaml.safe_dump({"clouds": {"small": entry}}))
    account = {"endpoint": None, "cloud": "small", "clouds_yaml": str(tmp_path / "clouds.yaml")}
    given = options(ironic, guests, "wired", **account, nics=[{"net-id": "provision"}], addresses={})
    ledger = MortalLedger(last, noted=last == 3)
    here = let_in(tmp_path, guests, ledger)
    if last:
        with pytest.raises(KilledError):
            IRONIC.create(given, here)
    else:
        assert [one.host for one in IRONIC.create(given, here)] == ["127.0.0.1"]
        assert IRONIC.create(given, here) == IRONIC.standing(given, here)
        (port,) = small_cloud.things["ports"].values()
        assert (port["name"], port["network_id"]) == ("my-wired-1-port-1", "n1")
    IRONIC.destroy(given, here)
    assert small_cloud.count("ports") == 0
    assert (ledger.standing(), ironic.allocations("wired"), is_free(ironic, "wired-1")) == ([], [], True)
    here.close()


def test_what_is_wrong_is_said(ironic: Ironic, guests: dict[str, object], tmp_path: Path) -> None:
    """A node without address, an unknown network, a deaf ironic and wrong keys are errors that say what to do."""
    ironic.enrol("lost-1", "lost")
    here = let_in(tmp_path, guests)
    given = options(ironic, guests, "lost", addresses={})
    with pytest.raises(RallycrossError, match="node lost-1 has no address - set one in `addresses`"):
        IRONIC.create(given, here)
    assert ironic.node("lost-1").provision_state == "available"
    IRONIC.destroy(given, here)
    with pytest.raises(RallycrossError, match=r"ironic: .* - fix the `provider`"):
        IRONIC.create(options(ironic, guests, "lost", endpoint="http://127.0.0.1:1"), here)
    with pytest.raises(RallycrossError, match="lacks endpoint - set it, or set `cloud` to an entry"):
        IRONIC.create(options(ironic, guests, "lost", endpoint=None), here)
    assert here.ledger.standing() == []
    for keys, complaint in (
        ({"cloud": "small"}, "cannot be given together with 'endpoint'"),
        ({"resource_class": None}, "lacks the key 'resource_class'"),
        ({"traits": [1]}, "must be a list of strings"),
        ({"addresses": {"lost-1": 5}}, "must be a mapping of nodes to addresses"),
        ({"prefix": "a b"}, "must be at most 50 letters, digits and dashes"),
        ({"image": {"url": "x"}}, "lacks the key 'source'"),
    ):
        with pytest.raises(InvalidInput, match=complaint):
            options(ironic, guests, "lost", **keys)


def test_the_config_drive_lets_the_user_in() -> None:
    """The key is in the metadata and, unless the user data is given, in that of the user, which may be root."""
    drive = config_drive("mine-1", "root", "ecdsa AAAA us\n", None)
    assert drive["meta_data"] == {
        "name": "mine-1",
        "hostname": "mine-1",
        "public_keys": {"rallycross": "ecdsa AAAA us"},
    }
    first, rest = drive["user_data"].split("\n", 1)
    read = yaml.safe_load(rest)
    assert first == "#cloud-config"
    assert read["disable_root"] is False
    assert (read["users"][1]["name"], read["users"][1]["ssh_authorized_keys"]) == ("root", ["ecdsa AAAA us"])
    assert yaml.safe_load(config_drive("mine-1", "debian", "k", None)["user_data"])["disable_root"] is True
    assert config_drive("mine-1", "debian", "k", "#!/bin/sh")["user_data"] == "#!/bin/sh"


class Guarded(BaseHTTPRequestHandler):
    """Says its version to anybody, as ironic does; remembers who asks for more, and refuses."""

    signed_in: ClassVar[set[str | None]] = set()

    def do_GET(self) -> None:
        """Answer."""
        if self.path != "/":
            self.signed_in.add(self.headers["Authorization"])
            self.send_error(403)
            return
        link = {"rel": "self", "href": f"http://{self.headers['Host']}/v1/"}
        version = {"id": "v1", "status": "CURRENT", "version": "1.95", "min_version": "1.1", "links": [link]}
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"versions": [version]}).encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_a_user_and_a_password_are_sent(ironic: Ironic, guests: dict[str, object], tmp_path: Path) -> None:
    """HTTP basic authentication is used if required, and a refusal does not show the credentials."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Guarded) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        given = options(ironic, guests, "any", endpoint=url, user="lab", password="hush-hush")
        with pytest.raises(RallycrossError, match="ironic: ") as caught:
            IRONIC.create(given, let_in(tmp_path, guests))
        server.shutdown()
        thread.join()
    assert Guarded.signed_in == {f"Basic {base64.b64encode(b'lab:hush-hush').decode()}"}
    assert "hush-hush" not in str(caught.value)


@pytest.mark.full
@pytest.mark.skipif(
    not LIVE, reason="set RALLYCROSS_LIVE_IRONIC_PROVIDER; else hardware that is not there is used, see above"
)
def test_the_real_hardware(tmp_path: Path) -> None:
    """Nodes of the `provider` in RALLYCROSS_LIVE_IRONIC_PROVIDER boot the image, let us in, and are given back."""
    data = {"name": "live", "engine": "embedded", "provider": {"type": "ironic", **yaml.safe_load(LIVE)}}
    provided = load_spec(yaml.safe_dump(data), file="live").provider
    assert provided is not None
    here = a_site(tmp_path, name="live")
    try:
        made = IRONIC.create(provided.options, here)
        assert [here.host(server).run("hostname").out.strip() for server in made] == [server.name for server in made]
        assert IRONIC.create(provided.options, here) == made
    finally:
        IRONIC.destroy(provided.options, here)
        here.close()
    assert here.ledger.standing() == []
