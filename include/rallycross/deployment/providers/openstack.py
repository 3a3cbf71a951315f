"""Servers that are virtual machines of another OpenStack cloud, with a key, a security group and floating addresses."""

import base64
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from keystoneauth1.exceptions import ClientException
from openstack.connection import Connection
from openstack.exceptions import NotFoundException, ResourceFailure, ResourceTimeout, SDKException

from rallycross.cloud.cloud import Cloud
from rallycross.deployment.booting import signed_in
from rallycross.deployment.option import Option, within
from rallycross.deployment.provider import PROVIDERS
from rallycross.deployment.server import Server
from rallycross.deployment.site import Site
from rallycross.errors import RallycrossError

_KINDS = ("image", "keypair", "security-group", "server", "address")  # words of the ledger, in the order of making
_INIT = "! command -v cloud-init >/dev/null || cloud-init status --wait >/dev/null"
_IMAGE = {
    "uuid": Option(str, None, "its id", excludes=("name", "file")),
    "name": Option(str, None, "its name", excludes=("file",)),
    "file": Option(str, None, "path of one on this machine, which is uploaded and deleted again"),
    "format": Option(str, "qcow2", "the file's format"),
    "userdata": Option(str, None, "what cloud-init gets to read"),
}


def _image(value: dict[str, Any]) -> str | None:
    return None if any(value.get(key) for key in ("uuid", "name", "file")) else "must have uuid, name or file"


def _prefix(value: str) -> str | None:
    return None if re.fullmatch(r"[A-Za-z0-9-]{1,50}", value) else "must be letters, digits and dashes, 50 at the most"


class OpenStackServers:
    """The provider `openstack`. Its names begin with the cloud's; what others have made by such a name is left."""

    disposable = True
    options: ClassVar = {
        "cloud": Option(
            str, None, "an entry of the clouds.yaml, in the place of the four keys", excludes=("auth_url",)
        ),
        "clouds_yaml": Option(str, "~/.config/openstack/clouds.yaml", "path of the clouds.yaml"),
        "auth_url": Option(str, None, "the cloud's identity service"),
        "user": Option(str, None, "who signs in there"),
        "password": Option(str, None, "that user's password", secret=True),
        "tenant": Option(str, None, "the project"),
        "domain": Option(str, "Default", "the domain of user and project"),
        "region": Option(str, None, "the region, where there are several"),
        "prefix": Option(str, None, "how names begin; default: the cloud's name", _prefix),
        "amount": Option(int, 1, "how many servers", within(1, 1000)),
        "image": Option(dict, None, "the image", _image, required=True, keys=lambda _: _IMAGE),
        "flavor_id": Option(str, None, "id or name of the flavor", required=True),
        "nics": Option(
            list,
            [],
            "networks; default: the only one",
            keys=lambda _: {"net-id": Option(str, None, "id", required=True)},
        ),
        "floating_network": Option(str, None, "id or name of the network that gives floating addresses; default: none"),
        "config_drive": Option(bool, False, "whether cloud-init reads from a drive"),
        "wait_for_cloud_init": Option(bool, False, "whether cloud-init must have ended"),
        "ssh_user": Option(str, "root", "whom the image lets in by key"),
        "ssh_port": Option(int, 22, "SSH's port", within(1, 65535)),
        "timeout": Option(
            int, 300, "seconds until a server is ACTIVE, and again until SSH lets us in", within(1, 7200)
        ),
    }

    def create(self, given: Mapping[str, Any], site: Site) -> list[Server]:
        """Make what is missing; each thing is in the ledger before it is asked for."""
        with _connected(given) as api:
            return _Making(api, given, site).servers()

    def standing(self, given: Mapping[str, Any], site: Site) -> list[Server]:
        """Return the servers whose address is known."""
        del given
        return [
            Server.of(made.detail)
            for made in site.ledger.standing()
            if made.kind == "server" and made.detail.get("host")
        ]

    def destroy(self, given: Mapping[str, Any], site: Site) -> None:
        """Delete by name what the ledger has, servers before what they use."""
        standing = [made for made in site.ledger.standing() if made.kind in _KINDS]
        if not standing:
            return
        with _connected(given) as api:
            for made in sorted(standing, key=lambda made: -_KINDS.index(made.kind)):
                for thing in _found(api, made.kind, made.name):
                    _delete(api, made.kind, thing, given["timeout"])
                site.ledger.forgotten(made.row)


class _Making:
    """One making of the servers."""

    def __init__(self, api: Connection, given: Mapping[str, Any], site: Site) -> None:
        self._api, self._given, self._site = api, given, site
        self._ours = {(made.kind, made.name) for made in site.ledger.standing()}

    def servers(self) -> list[Server]:
        """Return the servers, each with its address and signed in to."""
        api, given, name = self._api, self._given, self._given["prefix"] or self._site.cloud
        flavor = _one(api.compute.find_flavor(given["flavor_id"]), "flavor", given["flavor_id"])
        image = self._image_id(f"{name}-image")
        key = self._have("keypair", f"{name}-key", lambda: self._keypair(f"{name}-key"))
        group = self._have("security-group", f"{name}-ssh", lambda: self._group(f"{name}-ssh"))
        self._let_in(group)
        wanted = {
            "image_id": image,
            "flavor_id": flavor.id,
            "key_name": key.name,
            "security_groups": [{"name": group.name}],
            "config_drive": given["config_drive"],
        }
        if given["nics"]:
            wanted["networks"] = [{"uuid": nic["net-id"]} for nic in given["nics"]]
        if userdata := given["image"]["userdata"]:
            wanted["user_data"] = base64.b64encode(userdata.encode()).decode()
        names = [f"{name}-{number}" for number in range(1, given["amount"] + 1)]
        made = {one: self._have("server", one, partial(self._boot, one, wanted)) for one in names}
        return [self._reached(one, self._active(one, server, wanted)) for one, server in made.items()]

    def _have(self, kind: str, name: str, make: Callable[[], Any]) -> Any:
        """Return what is there already if it is ours, or else make it, noted before."""
        found = next(iter(_found(self._api, kind, name)), None)
        if found is not None and (kind, name) not in self._ours:
            raise RallycrossError(
                f"the cloud has a {kind} {name} already that this deployment has not made - delete it there, or name"
                " the cloud differently"
            )
        if found is None:
            self._site.ledger.remember(kind, name, {})
            self._ours.add((kind, name))
            found = make()
        return found

    def _image_id(self, name: str) -> str:
        image, api = self._given["image"], self._api
        if image["file"]:
            path = Path(image["file"]).expanduser()
            if not path.is_file():
                raise RallycrossError(f"image: there is no file {path} - name one on this machine")
            found = self._have("image", name, lambda: self._upload(name, path))
            if found.status != "active":  # an upload that broke off
                api.image.delete_image(found)
                found = self._upload(name, path)
            return str(found.id)
        wanted = image["uuid"] or image["name"]
        return str(_one(api.image.find_image(wanted), "image", wanted).id)

    def _upload(self, name: str, path: Path) -> Any:
        form = self._given["image"]["format"]
        made = self._api.image.create_image(
            name=name, filename=str(path), disk_format=form, container_format="bare", wait=True
        )
        return self._api.image.get_image(made.id)

    def _keypair(self, name: str) -> Any:
        return self._api.compute.create_keypair(name=name, public_key=self._site.public_key.strip())

    def _group(self, name: str) -> Any:
        return self._api.network.create_security_group(name=name, description="Rallycross signs in by SSH")

    def _let_in(self, group: Any) -> None:
        """Open SSH's port, also where an earlier attempt has made the group and no more."""
        network, port = self._api.network, self._given["ssh_port"]
        rules = network.security_group_rules(security_group_id=group.id)
        if any(rule.security_group_id == group.id and rule.port_range_min == port for rule in rules):
            return
        network.create_security_group_rule(
            security_group_id=group.id,
            direction="ingress",
            ether_type="IPv4",
            protocol="tcp",
            port_range_min=port,
            port_range_max=port,
            remote_ip_prefix="0.0.0.0/0",
        )

    def _boot(self, name: str, wanted: Mapping[str, Any]) -> Any:
        return self._api.compute.create_server(name=name, **wanted)

    def _active(self, name: str, server: Any, wanted: Mapping[str, Any]) -> Any:
        """Wait for a server; one that has failed in an earlier attempt is made anew."""
        compute, limit = self._api.compute, self._given["timeout"]
        if compute.get_server(server.id).status == "ERROR" and (name, "anew") not in self._ours:
            _delete(self._api, "server", server, limit)
            self._ours.add((name, "anew"))
            server = self._boot(name, wanted)
        try:
            return compute.wait_for_server(server, interval=1, wait=limit)
        except ResourceFailure as error:
            fault = (compute.get_server(server.id).fault or {}).get("message", "the cloud does not say why")
            raise RallycrossError(f"server {name} has come to ERROR: {fault} - ask who runs the cloud") from error
        except ResourceTimeout as error:
            raise RallycrossError(
                f"server {name} is not ACTIVE after {limit} s - raise `timeout`, or ask why"
            ) from error

    def _reached(self, name: str, active: Any) -> Server:
        """Give a server its address, and wait until SSH lets us in."""
        inside = address = _address(active.addresses)
        if self._given["floating_network"]:
            address = self._floating(f"{name}-address", active)
        if not address:
            raise RallycrossError(f"server {name} has no address - name a network in `nics`")
        given = self._given
        server = Server(name, address, given["ssh_user"], given["ssh_port"], str(self._site.key), address=inside or "")
        self._site.ledger.remember("server", name, server.kept())
        host = signed_in(self._site, server, limit=given["timeout"])
        if given["wait_for_cloud_init"]:
            host.run(_INIT, limit=given["timeout"])
        return server

    def _floating(self, name: str, active: Any) -> str:
        network = self._given["floating_network"]
        outer = _one(self._api.network.find_network(network), "network", network)
        port = next(iter(self._api.network.ports(device_id=active.id)), None)
        if port is None:
            raise RallycrossError(f"server {active.name} has no port for a floating address - name a network in `nics`")
        found = self._have(
            "address",
            name,
            lambda: self._api.network.create_ip(floating_network_id=outer.id, port_id=port.id, description=name),
        )
        if found.port_id != port.id:  # its server was made anew
            self._api.network.update_ip(found, port_id=port.id)
        return str(found.floating_ip_address)


@contextmanager
def _connected(given: Mapping[str, Any]) -> Iterator[Connection]:
    """Sign in to the cloud; what it refuses becomes a `RallycrossError`."""
    if given["cloud"]:
        cloud = Cloud.from_file(Path(given["clouds_yaml"]).expanduser(), given["cloud"])
    elif missing := [key for key in ("auth_url", "user", "password", "tenant") if not given[key]]:
        raise RallycrossError(
            f"provider: lacks {', '.join(missing)} - give them, or name an entry of a clouds.yaml by `cloud`"
        )
    else:
        auth = {"auth_url": given["auth_url"], "username": given["user"], "password": given["password"]}
        domain = {"user_domain_name": given["domain"], "project_domain_name": given["domain"]}
        cloud = Cloud("provider", {"auth": auth | domain | {"project_name": given["tenant"]}})
    if given["region"]:
        cloud = Cloud(cloud.name, {**cloud.config, "region_name": given["region"]})
    try:
        with cloud.connect() as api:
            yield api
    except (SDKException, ClientException) as error:
        raise RallycrossError(f"the cloud that gives the servers: {error} - mend the `provider`") from error


def _found(api: Connection, kind: str, name: str) -> list[Any]:
    """Return the things of a kind and exactly this name, of our own project."""
    listed: Iterable[Any]
    match kind:
        case "server":
            # The name of a filter is a pattern there.
            listed = api.compute.servers(name=f"^{name}$")
        case "keypair":
            listed = api.compute.keypairs()
        case "security-group":
            listed = api.network.security_groups(name=name, project_id=api.current_project_id)
        case "image":
            listed = api.image.images(name=name, owner=api.current_project_id)
        case _:
            return [one for one in api.network.ips(description=name) if one.description == name]
    return [one for one in listed if one.name == name]


def _delete(api: Connection, kind: str, thing: Any, limit: float) -> None:
    """Delete a thing; a server uses its group and address until it is gone. What is gone already is fine."""
    try:
        match kind:
            case "server":
                api.compute.delete_server(thing)
                api.compute.wait_for_delete(thing, interval=1, wait=limit)
            case "keypair":
                api.compute.delete_keypair(thing)
            case "security-group":
                api.network.delete_security_group(thing)
            case "image":
                api.image.delete_image(thing)
            case _:
                api.network.delete_ip(thing)
    except NotFoundException:
        return


def _address(addresses: Mapping[str, list[dict[str, Any]]] | None) -> str:
    """Return a server's address: one of IPv4 before one of IPv6."""
    known = sorted((one for several in (addresses or {}).values() for one in several), key=lambda one: one["version"])
    return str(known[0]["addr"]) if known else ""


def _one(found: Any, kind: str, name: str) -> Any:
    if found is None:
        raise RallycrossError(f"the cloud has no {kind} {name!r} - name one that it has")
    return found


PROVIDERS.add("openstack", OpenStackServers())
