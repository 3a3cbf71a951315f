"""Servers that are bare metal nodes of an ironic: reserved by allocations, provisioned, and undeployed again."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from keystoneauth1.exceptions import ClientException
from openstack.connection import Connection
from openstack.exceptions import NotFoundException, SDKException

from rallycross.cloud.cloud import Cloud
from rallycross.cloud.clouds_file import CloudsFile
from rallycross.cloud.errors import ApiError
from rallycross.deployment.booting import IMAGE_OPTIONS, known_servers, wait_for_sign_in
from rallycross.deployment.ledger import LedgerEntry
from rallycross.deployment.option import Option, texts, within
from rallycross.deployment.provider import PROVIDERS
from rallycross.deployment.providers.ironic import provisioning, reserving
from rallycross.deployment.providers.ironic.config_drive import config_drive
from rallycross.deployment.server import Server
from rallycross.deployment.site import Site
from rallycross.deployment.step import Status, StepEvent
from rallycross.errors import RallycrossError

_KINDS = ("allocation", "port", "server")  # kinds of ledger entries, in order of creation
_IMAGE = {
    "source": Option(str, None, "its URL, or its id in the cloud's image service", required=True),
    "checksum": Option(str, None, "SHA-256 or SHA-512, or the URL of a checksum file; not needed with an id"),
    "kernel": Option(str, None, "URL or id of the kernel, for a partition image"),
    "ramdisk": Option(str, None, "URL or id of the initial ramdisk, for a partition image"),
    "userdata": Option(str, None, "user data for cloud-init; default: it creates `ssh_user`", secret=True),
}
# Key of `image` -> key of a node's instance_info.
_INFO = {"source": "image_source", "checksum": "image_checksum", "kernel": "kernel", "ramdisk": "ramdisk"}


def _addresses(value: dict[Any, Any]) -> str | None:
    pairs = all(isinstance(one, str) and one for pair in value.items() for one in pair)
    return None if pairs else "must be a mapping of nodes to addresses"


class IronicNodes:
    """The provider `ironic`. Names of its allocations begin with the prefix; those of others are not touched."""

    disposable = True
    options: ClassVar = {
        "cloud": Option(str, None, "an entry of the clouds.yaml, instead of `endpoint`", excludes=("endpoint",)),
        "clouds_yaml": Option(str, "~/.config/openstack/clouds.yaml", "path of the clouds.yaml"),
        "endpoint": Option(str, None, "URL of a standalone ironic"),
        "user": Option(str, None, "the user who signs in at `endpoint`; default: no authentication"),
        "password": Option(str, None, "that user's password", secret=True),
        "amount": Option(int, 1, "how many nodes", within(1, 1000)),
        "resource_class": Option(str, None, "the nodes' resource class", required=True),
        "traits": Option(list, [], "traits that each node must have", texts),
        "nodes": Option(list, [], "names or ids of candidate nodes; default: any", texts),
        "image": Option(dict, None, "the image", required=True, keys=lambda _: _IMAGE),
        "instance_info": Option(dict, {}, "further keys of a node's instance_info, such as root_gb or capabilities"),
        "nics": Option(
            list,
            [],
            "networks; a port is created in each, and attached",
            keys=lambda _: {"net-id": Option(str, None, "id or name", required=True)},
        ),
        "addresses": Option(dict, {}, "node name or id: its address, if no port has it", _addresses),
        **IMAGE_OPTIONS,
        "timeout": Option(
            int, 3600, "seconds for each: node active, SSH sign-in works, node clean again", within(1, 86400)
        ),
    }

    def create(self, given: Mapping[str, Any], site: Site) -> list[Server]:
        """Reserve and provision what is missing; everything is in the ledger before it is requested."""
        with _connected(given) as api:
            return _Making(api, given, site).servers()

    def standing(self, given: Mapping[str, Any], site: Site) -> list[Server]:
        """Return the servers that have been active."""
        del given
        return known_servers(site)

    def destroy(self, given: Mapping[str, Any], site: Site) -> None:
        """Undeploy the nodes in the ledger in parallel; then delete what they have used.

        Errors are raised at the end, after everything that can be deleted is gone.
        """
        standing = [made for made in site.ledger.standing() if made.kind in _KINDS]
        if not standing:
            return
        reserved = [made for made in standing if made.kind == "allocation"]
        limit, troubles = given["timeout"], list[Exception]()
        leaving, left = dict[str, Any](), set[str]()
        with _connected(given) as api:
            for made in reserved:
                with _kept(troubles):
                    leaving[made.name] = _let_go(api, made, standing, limit)
            for name, node in leaving.items():
                with _kept(troubles):
                    if node is not None:
                        provisioning.await_left(api, node, limit=limit)
                    left.add(name)
            held = [made for made in reserved if made.name not in left]
            names, nodes = {made.name for made in held}, {made.detail.get("node") for made in held}
            for made in sorted(standing, key=lambda made: -_KINDS.index(made.kind)):
                if made.name in names or (made.kind == "port" and made.detail["node"] in nodes):
                    continue
                if made.kind == "port":
                    for port in _ports(api, made.name):
                        api.network.delete_port(port)
                site.ledger.forgotten(made.row)
            if troubles:
                raise RallycrossError("\n".join(map(str, troubles))) from troubles[0]


class _Making:
    """One call of `create`."""

    def __init__(self, api: Connection, given: Mapping[str, Any], site: Site) -> None:
        self._api, self._given, self._site = api, given, site
        self._had = {(made.kind, made.name): made for made in site.ledger.standing()}
        self._epoch = time.time() - time.monotonic()

    def servers(self) -> list[Server]:
        """Return the servers, each active and signed in to. All nodes are reserved before one is changed."""
        prefix = self._given["prefix"] or self._site.cloud
        names = [f"{prefix}-{number}" for number in range(1, self._given["amount"] + 1)]
        nodes = {name: self._reserved(name) for name in names}
        servers = {name: self._server(name, node) for name, node in nodes.items()}
        for name, node in nodes.items():
            self._begin(servers[name], node)
        return [self._reached(servers[name], node) for name, node in nodes.items()]

    def _reserved(self, name: str) -> Any:
        """Return the node that is reserved under a name."""
        api, had = self._api, self._had.get(("allocation", name))
        found = reserving.allocation(api, name)
        if found is not None and had is None:
            raise RallycrossError(_taken("allocation", name))
        node = _node_of(api, found, had)
        if node is not None and provisioning.leaves(node):  # a destroy was interrupted
            provisioning.await_left(api, node, limit=self._given["timeout"])
            found = reserving.allocation(api, name)  # the undeployment deletes it
        if found is not None and found.state == "error":  # an earlier attempt was interrupted
            reserving.free(api, found)
            found = None
        if found is None:
            self._site.ledger.remember("allocation", name, {})
            given = self._given
            found = reserving.reserve(api, name, given["resource_class"], given["traits"], given["nodes"])
        found = reserving.await_node(api, found, limit=self._given["timeout"])
        self._site.ledger.remember("allocation", name, {"node": found.node_id})
        return api.baremetal.get_node(found.node_id)

    def _server(self, name: str, node: Any) -> Server:
        """Create and attach a node's ports, and return how we will sign in to it."""
        api, given = self._api, self._given
        ports = [
            self._attached(f"{name}-port-{number}", node, nic["net-id"]) for number, nic in enumerate(given["nics"], 1)
        ] or [api.network.get_port(vif) for vif in api.baremetal.list_node_vifs(node)]
        known = [given["addresses"].get(key) for key in (node.name, node.id)]
        known += [fixed["ip_address"] for port in ports for fixed in port.fixed_ips or []]
        if address := next(filter(None, known), None):
            return Server(name, str(address), given["ssh_user"], given["ssh_port"], str(self._site.key))
        raise RallycrossError(
            f"node {provisioning.called(node)} has no address - set one in `addresses`, or name a network in `nics`"
        )

    def _attached(self, name: str, node: Any, network: str) -> Any:
        """Return a port of the network service, created if necessary, that is attached to a node."""
        api = self._api
        outer = api.network.find_network(network)
        if outer is None:
            raise RallycrossError(f"the cloud has no network {network!r} - name an existing one in `nics`")
        port = next(iter(_ports(api, name)), None)
        if port is not None and ("port", name) not in self._had:
            raise RallycrossError(_taken("port", name))
        self._site.ledger.remember("port", name, {"node": node.id})
        if port is None:
            port = api.network.create_port(network_id=outer.id, name=name)
        if port.id not in api.baremetal.list_node_vifs(node):
            api.baremetal.attach_vif_to_node(node, port.id)
        return port

    def _begin(self, server: Server, node: Any) -> None:
        """Request the provisioning of a node, unless that was done."""
        if not provisioning.may_begin(node):
            return
        given, site = self._given, self._site
        image = given["image"]
        info = {theirs: image[ours] for ours, theirs in _INFO.items() if image[ours]}
        drive = config_drive(server.name, server.user, site.public_key, image["userdata"])
        site.ledger.remember("server", server.name, {})
        site.made_anew(server)
        provisioning.begin(self._api, node, {**given["instance_info"], **info}, drive)

    def _reached(self, server: Server, node: Any) -> Server:
        """Wait until a node is active, and until we can sign in by SSH."""
        limit, began = self._given["timeout"], time.monotonic()
        if node.provision_state == "active":
            self._tell(server, node, "skipped", began)
        else:
            self._tell(server, node, "running", began)  # it may take half an hour
            try:
                provisioning.await_active(self._api, node, limit=limit)
            except BaseException as error:
                self._tell(server, node, "failed", began, str(error) or type(error).__name__)
                raise
            self._tell(server, node, "done", began)
        self._site.ledger.remember("server", server.name, server.kept())
        wait_for_sign_in(self._site, server, limit=limit)
        return server

    def _tell(self, server: Server, node: Any, status: Status, began: float, error: str = "") -> None:
        now = time.monotonic()
        title = f"Provision node {provisioning.called(node)}, within {self._given['timeout']} s"
        name = f"provision {server.name}"
        self._site.tell(StepEvent(name, title, status, self._epoch + now, now - began, error))


@contextmanager
def _connected(given: Mapping[str, Any]) -> Iterator[Connection]:
    """Sign in to ironic; its errors become a `RallycrossError`."""
    if given["cloud"]:
        cloud = CloudsFile.read(Path(given["clouds_yaml"]).expanduser()).cloud(given["cloud"])
    elif not given["endpoint"]:
        raise RallycrossError("provider: lacks endpoint - set it, or set `cloud` to an entry of a clouds.yaml")
    else:
        auth = {"endpoint": given["endpoint"]}
        if given["user"]:
            auth |= {"username": given["user"], "password": given["password"]}
        cloud = Cloud("provider", {"auth_type": "http_basic" if given["user"] else "none", "auth": auth})
    try:
        with cloud.connect() as api:
            yield api
    except (SDKException, ClientException, ApiError) as error:
        # Ironic's own message, without the request.
        said = getattr(error, "details", None) or error
        raise RallycrossError(f"ironic: {said} - fix the `provider`") from error


@contextmanager
def _kept(troubles: list[Exception]) -> Iterator[None]:
    """Collect an error, so that one node's does not keep the others from being undeployed."""
    try:
        yield
    except (RallycrossError, SDKException) as error:
        troubles.append(error)


def _let_go(api: Connection, reserved: LedgerEntry, standing: list[LedgerEntry], limit: float) -> Any | None:
    """Release the node of an allocation in the ledger; return the node if we must wait for its undeployment."""
    found = reserving.allocation(api, reserved.name)
    node = _node_of(api, found, reserved)
    if node is None:
        if found is not None:
            reserving.free(api, found)
        return None
    if found is None:  # deleted by the node's undeployment; somebody else may use the node now
        return None if node.instance_id else node
    if node.provision_state != "available":
        provisioning.give_back(api, node, limit=limit)
        return node
    for made in standing:
        if made.kind == "port" and made.detail["node"] == node.id:
            for port in _ports(api, made.name):
                api.baremetal.detach_vif_from_node(node, port.id)
    api.baremetal.update_node(node, instance_info={})
    reserving.free(api, found)
    return None


def _node_of(api: Connection, reserved: Any | None, had: LedgerEntry | None) -> Any | None:
    """Return the node of an allocation, or the node that the ledger has for it, or None."""
    node_id = reserved.node_id if reserved is not None else had.detail.get("node") if had is not None else None
    try:
        return api.baremetal.get_node(node_id) if node_id else None
    except NotFoundException:
        return None


def _ports(api: Connection, name: str) -> list[Any]:
    return [port for port in api.network.ports(name=name, project_id=api.current_project_id) if port.name == name]


def _taken(kind: str, name: str) -> str:
    return (
        f"{kind} {name} exists already, and this deployment has not created it - delete it there, or name the cloud"
        " differently"
    )


PROVIDERS.add("ironic", IronicNodes())
