"""What a verifier has to know of a cloud, as data."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Image:
    """An image that servers may be booted from."""

    id: str
    name: str
    size: int  # bytes
    disk_format: str = "raw"


@dataclass(frozen=True)
class Flavor:
    """A size of server."""

    id: str
    name: str
    ram: int  # MB
    disk: int  # GB
    vcpus: int = 1


@dataclass(frozen=True)
class Network:
    """A network beyond the cloud, where floating addresses come from."""

    id: str
    name: str
    made: bool = False  # by this run, and it goes with it


@dataclass(frozen=True)
class Backend:
    """A pool of the volume service."""

    name: str  # volume_backend_name
    vendor: str = ""
    protocol: str = ""


@dataclass(frozen=True)
class Keystone:
    """Where one signs in, and what one needs for it besides a user."""

    auth_url: str  # ends with /v3
    region: str = ""
    interface: str = "public"
    ca_file: str = ""
    verify: bool = True


@dataclass(frozen=True)
class Endpoint:
    """Where a service is, as tempest finds it in the catalog."""

    type: str  # as the catalog has it: "volumev3"
    interface: str = "public"
    region: str = ""  # where it is not that of all services


@dataclass(frozen=True)
class Admin:
    """A user that a run gets for itself, mostly an administrator: the cloud's own password is written nowhere."""

    domain: str  # of the user, of the project, and of all that tempest makes
    domain_id: str
    project: str
    username: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class Facts:
    """A cloud as it was found."""

    keystone: Keystone
    services: frozenset[str]  # types in the catalog: "compute", "block-storage", ...
    endpoints: Mapping[str, Endpoint] = field(default_factory=dict)  # by official type, those of further services too
    images: tuple[Image, ...] = ()  # active ones
    flavors: tuple[Flavor, ...] = ()  # public ones
    external_networks: tuple[Network, ...] = ()
    no_external_network: str = ""  # why there is none, and none could be made
    network_extensions: tuple[str, ...] = ()  # aliases
    compute_microversions: tuple[str, str] | None = None  # oldest, newest
    volume_microversions: tuple[str, str] | None = None
    hypervisor_types: frozenset[str] = frozenset()
    compute_hosts: int = 0  # those that are up and enabled
    volume_backends: tuple[Backend, ...] = ()
    volume_services: frozenset[str] = frozenset()  # binaries: "cinder-backup", ...
    roles: frozenset[str] = frozenset()

    @property
    def fake_hypervisors(self) -> bool:
        """Whether servers are only pretended to run: nobody can log in to them."""
        return bool(self.hypervisor_types) and all(kind.lower() == "fake" for kind in self.hypervisor_types)
