"""The provider `virsh` over real SSH, against a virsh that answers as libvirt's does; sshd plays host and guests."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paramiko
import pytest
import yaml
from sites import a_site
from ssh_server import NoServerError, ssh_server

from rallycross.deployment import Site, load_spec
from rallycross.deployment.failure import StepFailed
from rallycross.deployment.provider import PROVIDERS
from rallycross.errors import InvalidInput, RallycrossError

VIRSH = PROVIDERS["virsh"]
NAMES = ["rallycross-mine-1", "rallycross-mine-2"]
TEMPLATE = """
<domain type='kvm'>
  <name>golden</name>
  <uuid>11111111-1111-1111-1111-111111111111</uuid>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/><source file='/pool/golden.qcow2'/><target dev='vda' bus='virtio'/>
    </disk>
    <disk type='file' device='cdrom'><source file='/pool/install.iso'/><target dev='sda'/><readonly/></disk>
    <interface type='network'><mac address='52:54:00:00:00:01'/><source network='default'/></interface>
  </devices>
</domain>
"""


class Libvirt:
    """What the host has."""

    def __init__(self, folder: Path, account: dict[str, object]) -> None:
        self.folder, self.account = folder, account
        self.reset()

    def reset(self) -> None:
        """Have the template, a domain of somebody else's, and a pool that has not been looked at of late."""
        shutil.rmtree(self.folder / "home", ignore_errors=True)
        (self.folder / "home").mkdir()
        (self.folder / "calls").write_text("")
        self.trap()
        base = {"running": False, "ours": False, "mac": "", "looks": 0, "address": ""}
        self.state = {
            "domains": [
                base | {"name": "golden", "uuid": "11111111-1111-1111-1111-111111111111", "xml": TEMPLATE},
                base | {"name": "other", "uuid": "22222222-2222-2222-2222-222222222222", "xml": TEMPLATE},
            ],
            "pools": {
                "iron": {"type": "logical", "path": "/dev/iron", "active": True, "volumes": {}},
                "images": {
                    "type": "dir",
                    "path": "/pool",
                    "active": True,
                    "volumes": {"install.iso": "/pool/install.iso"},
                    "files": {"golden.qcow2": "/pool/golden.qcow2"},
                },
            },
        }

    def trap(self, *words: str) -> None:
        """Have it misbehave."""
        (self.folder / "traps").write_text("\n".join(words))

    @property
    def state(self) -> dict[str, Any]:
        """Everything."""
        found: dict[str, Any] = json.loads((self.folder / "state.json").read_text())
        return found

    @state.setter
    def state(self, state: dict[str, Any]) -> None:
        (self.folder / "state.json").write_text(json.dumps(state))

    def domain(self, number: int) -> dict[str, Any]:
        """Return a domain."""
        found: dict[str, Any] = self.state["domains"][number]
        return found

    def change(self, number: int, **changes: Any) -> None:
        """Change a domain behind everyone's back."""
        state = self.state
        state["domains"][number] |= changes
        self.state = state

    def remove(self, number: int) -> None:
        """Undefine a domain, and leave its volumes."""
        state = self.state
        del state["domains"][number]
        self.state = state

    def calls(self) -> list[str]:
        """Return the first word of each call that has changed something."""
        return [line.split()[0] for line in (self.folder / "calls").read_text().splitlines()]

    def whole(self) -> dict[str, Any]:
        """Return what there is: names of the domains that run, of those that do not, and how many volumes."""
        domains = self.state["domains"]
        return {
            "running": [one["name"] for one in domains if one["running"]],
            "off": [one["name"] for one in domains if not one["running"]],
            "volumes": len(self.state["pools"]["images"]["volumes"]),
        }


NOTHING = {"running": [], "off": ["golden", "other"], "volumes": 2}


@pytest.fixture(scope="module", name="host")
def _host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Libvirt]:
    folder = tmp_path_factory.mktemp("host")
    (folder / "bin").mkdir()
    (folder / "libvirt").mkdir()
    shutil.copy(Path(__file__).parents[1] / "virsh_tree" / "virsh", folder / "bin" / "virsh")
    home = folder / "libvirt" / "home"
    environment = {"PATH": f"{folder}/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME": str(home)}
    try:
        with ssh_server(folder, addresses=("127.0.0.2", "127.0.0.3"), environment=environment) as account:
            yield Libvirt(folder / "libvirt", account)
    except NoServerError as error:
        pytest.skip(f"{error}; continuous integration, which has one, runs these tests")


@pytest.fixture(name="libvirt")
def _libvirt(host: Libvirt) -> Libvirt:
    host.reset()
    return host


@pytest.fixture(name="site")
def _site(tmp_path: Path) -> Iterator[Site]:
    site = a_site(tmp_path)
    yield site
    site.close()


def options(libvirt: Libvirt, **keys: Any) -> dict[str, Any]:
    """Return the section of a spec in Rally's words, checked."""
    account = libvirt.account
    section = {
        "type": "VirshProvider",
        "connection": f"{account['username']}@127.0.0.1:{account['port']}",
        "key": account["key_filename"],
        "template_name": "golden",
        "template_user": account["username"],
        "template_key": account["key_filename"],
        "ssh_port": account["port"],
        "amount": 2,
        "timeout": 5,
    }
    text = yaml.safe_dump({"name": "mine", "engine": "embedded", "provider": section | keys})
    found = load_spec(text, file="s.yaml").provider
    assert found is not None
    assert found.type == "virsh"
    return found.options


def test_clones_are_made_found_again_and_destroyed(libvirt: Libvirt, site: Site) -> None:
    """Two clones are made once, and again when they are gone; a destroy takes nothing of others along."""
    given = options(libvirt)
    made = VIRSH.create(given, site)
    assert [(one.name, one.host, one.via is not None) for one in made] == [
        (NAMES[0], "127.0.0.2", True),
        (NAMES[1], "127.0.0.3", True),
    ]
    assert set(libvirt.state["pools"]["images"]["backing"].values()) == {"/pool/golden.qcow2"}
    assert libvirt.domain(2)["mac"] != libvirt.domain(3)["mac"]
    calls = libvirt.calls()
    assert VIRSH.create(given, site) == made == VIRSH.standing(given, site)
    assert libvirt.calls() == calls
    libvirt.change(2, running=False)
    libvirt.remove(3)
    assert VIRSH.create(given, site) == made
    assert libvirt.calls() == [*calls, "vol-delete", "vol-create", "define", "start", "start"]
    assert libvirt.whole() == {"running": NAMES, "off": ["golden", "other"], "volumes": 4}
    for _ in range(2):
        VIRSH.destroy(given, site)
        assert libvirt.whole() == NOTHING
        assert site.ledger.standing() == []


def test_a_clone_that_is_made_anew_shows_a_new_key(libvirt: Libvirt, site: Site) -> None:
    """The host key of one that somebody has undefined is not asked of the next at its address; all others' are."""
    given = options(libvirt, amount=1)
    made = VIRSH.create(given, site)
    site.close()
    known, key = Path(str(site.known_hosts)), paramiko.ECDSAKey.generate(bits=256)
    host, guest = known.read_text().splitlines()
    known.write_text(f"{host}\n{guest.split()[0]} {key.get_name()} {key.get_base64()}\n")
    with pytest.raises(RallycrossError, match="its host key has changed"):
        VIRSH.create(given, site)
    libvirt.remove(2)
    assert VIRSH.create(given, site) == made


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("call", [1, 2, 3], ids=["vol-create", "define", "start"])
def test_wherever_libvirt_is_lost_nothing_is(libvirt: Libvirt, site: Site, *, call: int, when: str) -> None:
    """Lost around any call that changes something, the next create makes what is missing, and no thing twice."""
    given = options(libvirt, amount=1)
    libvirt.trap(f"fail-{when}={call}")
    with pytest.raises(StepFailed, match="End of file while reading data"):
        VIRSH.create(given, site)
    libvirt.trap()
    VIRSH.create(given, site)
    assert libvirt.whole() == {"running": NAMES[:1], "off": ["golden", "other"], "volumes": 3}
    VIRSH.destroy(given, site)
    assert libvirt.whole() == NOTHING


@pytest.mark.parametrize("call", [1, 2], ids=["vol-create", "define"])
def test_what_is_half_made_is_destroyed(libvirt: Libvirt, site: Site, call: int) -> None:
    """A destroy deletes everything of an incomplete clone."""
    given = options(libvirt, amount=1)
    libvirt.trap(f"fail-after={call}")
    with pytest.raises(StepFailed, match="End of file while reading data"):
        VIRSH.create(given, site)
    assert libvirt.whole() != NOTHING
    VIRSH.destroy(given, site)
    assert libvirt.whole() == NOTHING
    assert site.ledger.standing() == []


def test_what_others_have_made_is_left_alone(libvirt: Libvirt, site: Site) -> None:
    """A domain of a name of ours that has another UUID is neither used nor destroyed."""
    given = options(libvirt, amount=1)
    libvirt.change(1, name=NAMES[0], running=True)
    with pytest.raises(StepFailed, match="domain rallycross-mine-1 exists, and this deployment has not created it"):
        VIRSH.create(given, site)
    VIRSH.destroy(given, site)
    assert libvirt.whole() == {"running": NAMES[:1], "off": ["golden"], "volumes": 2}
    libvirt.change(1, name="other", running=False)
    VIRSH.create(given, site)
    libvirt.change(2, name="renamed")  # still ours
    libvirt.change(1, name=NAMES[0])
    VIRSH.destroy(given, site)
    assert libvirt.whole() == {"running": [], "off": ["golden", NAMES[0]], "volumes": 2}


def test_a_destroy_without_libvirt_forgets_nothing(libvirt: Libvirt, site: Site) -> None:
    """A destroy fails if libvirt does not answer, and the next one deletes everything and waits for a running copy."""
    given = options(libvirt, amount=1)
    VIRSH.create(given, site)
    libvirt.trap("down")
    with pytest.raises(RallycrossError, match="failed to connect to the hypervisor"):
        VIRSH.destroy(given, site)
    libvirt.trap("nvram")
    state = libvirt.state
    state["pools"]["images"] |= {"active": False, "busy": 1}
    libvirt.state = state
    VIRSH.destroy(given, site)
    assert libvirt.whole() == NOTHING
    assert site.ledger.standing() == []


@pytest.mark.parametrize("source", ["agent", "arp"])
def test_an_address_is_found_without_a_lease(libvirt: Libvirt, site: Site, source: str) -> None:
    """The guest agent and ARP know addresses, too; full copies stand on nothing."""
    libvirt.trap(f"source={source}")
    (server,) = VIRSH.create(options(libvirt, amount=1, clone="full", pool="images"), site)
    assert server.host == "127.0.0.2"
    assert "vol-create-from" in libvirt.calls()
    assert list(libvirt.state["pools"]["images"]["backing"].values()) == [""]


def test_what_is_wrong_is_said(libvirt: Libvirt, site: Site) -> None:
    """Errors name the host, the domain or the pool, and say what to do; nothing is made."""
    for keys, words in (
        ({"template_name": "silver"}, r"has no domain 'silver' - set `template_name` to one .*: golden, other"),
        ({"pool": "iron"}, "pool iron is of type logical, whose volumes are not files"),
        ({"pool": "gone"}, "failed to get pool 'gone'"),
    ):
        with pytest.raises(RallycrossError, match=words):
            VIRSH.create(options(libvirt, **keys), site)
    libvirt.change(0, running=True)
    with pytest.raises(RallycrossError, match="the template golden is running - shut it off"):
        VIRSH.create(options(libvirt), site)
    libvirt.change(0, running=False, xml=TEMPLATE.replace("/pool/golden", "/elsewhere/golden"))
    with pytest.raises(
        RallycrossError, match=r"/elsewhere/golden\.qcow2 is not in an active storage pool .* --target /elsewhere"
    ):
        VIRSH.create(options(libvirt), site)
    libvirt.trap("down")
    with pytest.raises(RallycrossError, match=r"libvirt does not answer: [^-]*socket to 'qemu:///system'"):
        VIRSH.create(options(libvirt), site)
    assert libvirt.calls() == []
    assert site.ledger.standing() == []


def test_servers_that_do_not_come_up_are_told(libvirt: Libvirt, site: Site) -> None:
    """One that has no address that answers, that dies, or that shares its address, is named."""
    libvirt.trap("source=nowhere")
    given = options(libvirt, amount=1, timeout=1)
    with pytest.raises(StepFailed, match=r"mine-1 has not got an address .* within 1 s .* 127\.0\.0\.99"):
        VIRSH.create(given, site)
    VIRSH.destroy(given, site)
    libvirt.trap("dies")
    with pytest.raises(StepFailed, match="rallycross-mine-1 is no longer running"):
        VIRSH.create(given, site)
    VIRSH.destroy(given, site)
    libvirt.trap("one-address")
    with pytest.raises(
        RallycrossError, match=r"rallycross-mine-1, rallycross-mine-2: have the same address, 127\.0\.0\.2"
    ):
        VIRSH.create(options(libvirt), site)
    VIRSH.destroy(given, site)
    assert libvirt.whole() == NOTHING


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"connection": "libvirt.example.com"}, "must be user@host or user@host:port"),
        ({"connection": "root@libvirt.example.com:65536"}, "must be user@host or user@host:port"),
        ({"clone": "thin"}, "must be linked or full"),
        ({"prefix": "a b"}, "must be at most 60 letters, digits and dashes"),
        ({"template_pasword": "x"}, "did you mean template_password"),
    ],
)
def test_a_section_is_checked(libvirt: Libvirt, keys: dict[str, str], words: str) -> None:
    """What is wrong with the section is said before anything is asked of the host."""
    with pytest.raises(InvalidInput, match=words):
        options(libvirt, **keys)
