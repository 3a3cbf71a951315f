"""The facts about a cloud that a verifier is configured from."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Image:
    """An image to boot servers from."""

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
    """An external network, for floating IPs."""

    id: str
    name: str
    made: bool = False  # created for this run, and deleted after it


@dataclass(frozen=True)
class Backend:
    """A pool of the volume service."""

    name: str  # volume_backend_name
    vendor: str = ""
    protocol: str = ""


@dataclass(frozen=True)
class Keystone:
    """How to reach keystone."""

    auth_url: str  # ends with /v3
    region: str = ""
    interface: str = "public"
    ca_file: str = ""
    verify: bool = True


@dataclass(frozen=True)
class Endpoint:
    """How tempest finds a service in the catalog."""

    type: str  # as in the catalog: "volumev3"
    interface: str = "public"
    region: str = ""  # if it differs from the region of the other services


@dataclass(frozen=True)
class Admin:
    """A user created for a run, usually an administrator, so that the cloud's own password is not written anywhere."""

    domain: str  # of the user, the project, and everything that tempest creates
    domain_id: str
    project: str
    username: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class Facts:
    """The discovered facts about a cloud."""

    keystone: Keystone
    services: frozenset[str]  # types in the catalog: "compute", "block-storage", ...
    endpoints: Mapping[str, Endpoint] = field(default_factory=dict)  # by official type
    images: tuple[Image, ...] = ()  # active ones
    flavors: tuple[Flavor, ...] = ()  # public ones
    external_networks: tuple[Network, ...] = ()
    no_external_network: str = ""  # why there is none and none could be created
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
        """Whether all hypervisors are nova's fake driver, so that no server really runs."""
        return bool(self.hypervisor_types) and all(kind.lower() == "fake" for kind in self.hypervisor_types)
