"""Servers that are virtual machines of another OpenStack cloud, with a keypair, security group and floating IPs."""

import base64
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from keystoneauth1.exceptions import ClientException
from openstack.connection import Connection
from openstack.exceptions import ResourceFailure, ResourceTimeout, SDKException

from rallycross.cloud.cloud import Cloud
from rallycross.cloud.clouds_file import CloudsFile
from rallycross.cloud.errors import ApiError
from rallycross.deployment.booting import IMAGE_OPTIONS, known_servers, wait_for_sign_in
from rallycross.deployment.option import Option, texts, within
from rallycross.deployment.provider import PROVIDERS
from rallycross.deployment.providers.openstack.resources import KINDS, addresses, delete, found
from rallycross.deployment.server import Server
from rallycross.deployment.site import Site
from rallycross.errors import RallycrossError

_INIT = "! command -v cloud-init >/dev/null || cloud-init status --wait >/dev/null"
_IMAGE = {
    "uuid": Option(str, None, "its id", excludes=("name", "file")),
    "name": Option(str, None, "its name", excludes=("file",)),
    "file": Option(str, None, "path of an image file on this machine, which is uploaded and deleted again"),
    "format": Option(str, "qcow2", "the file's format"),
    "userdata": Option(str, None, "user data for cloud-init", secret=True),
}


def _image(value: dict[str, Any]) -> str | None:
    return None if any(value.get(key) for key in ("uuid", "name", "file")) else "must have uuid, name or file"


class OpenStackServers:
    """The provider `openstack`. It recognizes its resources by the ids in the ledger, not only by their names."""

    disposable = True
    options: ClassVar = {
        "cloud": Option(
            str,
            None,
            "an entry of the clouds.yaml, instead of auth_url, user, password, tenant",
            excludes=("auth_url",),
        ),
        "clouds_yaml": Option(str, "~/.config/openstack/clouds.yaml", "path of the clouds.yaml"),
        "auth_url": Option(str, None, "URL of the cloud's identity service"),
        "user": Option(str, None, "the user who signs in there"),
        "password": Option(str, None, "that user's password", secret=True),
        "tenant": Option(str, None, "the project"),
        "domain": Option(str, "Default", "the domain of the user and the project"),
        "region": Option(str, None, "the region, if there are several"),
        "amount": Option(int, 1, "how many servers", within(1, 1000)),
        "image": Option(dict, None, "the image", _image, required=True, keys=lambda _: _IMAGE),
        "flavor_id": Option(str, None, "id or name of the flavor", required=True),
        "nics": Option(
            list,
            [],
            "networks; default: the only one",
            keys=lambda _: {"net-id": Option(str, None, "id or name", required=True)},
        ),
        "floating_network": Option(str, None, "id or name of the external network of floating IPs; default: none"),
        "security_groups": Option(list, [], "ids or names of groups for the servers, besides our own", texts),
        "config_drive": Option(bool, False, "whether the servers have a config drive"),
        "wait_for_cloud_init": Option(bool, False, "whether to wait until cloud-init has ended"),
        **IMAGE_OPTIONS,
        "timeout": Option(
            int, 300, "seconds until a server is ACTIVE, and again until SSH sign-in works", within(1, 7200)
        ),
    }

    def create(self, given: Mapping[str, Any], site: Site) -> list[Server]:
        """Create what is missing; everything is in the ledger before it is requested."""
        with _connected(given) as api:
            return _Making(api, given, site).servers()

    def standing(self, given: Mapping[str, Any], site: Site) -> list[Server]:
        """Return the servers whose address is known."""
        del given
        return known_servers(site)

    def destroy(self, given: Mapping[str, Any], site: Site) -> None:
        """Delete what the ledger has: servers before what they use, and those of one kind in parallel."""
        standing = [made for made in site.ledger.standing() if made.kind in KINDS]
        if not standing:
            return
        with _connected(given) as api:
            for kind in reversed(KINDS):
                ours = [made for made in standing if made.kind == kind]
                delete(api, kind, [(made.name, made.detail.get("id")) for made in ours], limit=given["timeout"])
                for made in ours:
                    site.ledger.forgotten(made.row)


class _Making:
    """One call of `create`."""

    def __init__(self, api: Connection, given: Mapping[str, Any], site: Site) -> None:
        self._api, self._given, self._site = api, given, site
        self._had = {(made.kind, made.name): made.detail for made in site.ledger.standing()}

    def servers(self) -> list[Server]:
        """Return the servers, each with its address and signed in to."""
        api, given, name = self._api, self._given, self._given["prefix"] or self._site.cloud
        flavor = _one(api.compute.find_flavor(given["flavor_id"]), "flavor", given["flavor_id"])
        networks = [_one(api.network.find_network(nic["net-id"]), "network", nic["net-id"]) for nic in given["nics"]]
        image = self._image_id(f"{name}-image")
        key = self._have("keypair", f"{name}-key", lambda: self._keypair(f"{name}-key"))
        group = self._have("security-group", f"{name}-ssh", lambda: self._group(f"{name}-ssh"))
        self._let_in(group)
        wanted = {
            "image_id": image,
            "flavor_id": flavor.id,
            "key_name": key.name,
            "security_groups": [{"name": one} for one in (group.id, *given["security_groups"])],
            "config_drive": given["config_drive"],
        }
        if networks:
            wanted["networks"] = [{"uuid": network.id} for network in networks]
        if userdata := given["image"]["userdata"]:
            wanted["user_data"] = base64.b64encode(userdata.encode()).decode()
        names = [f"{name}-{number}" for number in range(1, given["amount"] + 1)]
        made = {one: self._server(one, wanted) for one in names}
        return [self._reached(one, self._active(one, server)) for one, server in made.items()]

    def _have(self, kind: str, name: str, make: Callable[[], Any]) -> Any:
        """Return the existing resource if it is ours, or create it."""
        had = self._had.get((kind, name))
        there = next(iter(found(self._api, kind, name, (had or {}).get("id"))), None)
        if there is None:
            return self._made(kind, name, make)
        if had is None:
            raise RallycrossError(
                f"{kind} {name} exists already, and this deployment has not created it - delete it there, or name the"
                " cloud differently"
            )
        self._note(kind, name, {**had, "id": there.id})
        return there

    def _made(self, kind: str, name: str, make: Callable[[], Any]) -> Any:
        """Create a resource. Its name is in the ledger before that, and its id as soon as it is known."""
        self._note(kind, name, {})
        made = make()
        self._note(kind, name, {"id": made.id})
        return made

    def _note(self, kind: str, name: str, detail: dict[str, Any]) -> None:
        if self._had.get((kind, name)) != detail:
            self._site.ledger.remember(kind, name, detail)
            self._had[kind, name] = detail

    def _image_id(self, name: str) -> str:
        image, api = self._given["image"], self._api
        if image["file"]:
            path = Path(image["file"]).expanduser()
            if not path.is_file():
                raise RallycrossError(f"image: there is no file {path} - name a file on this machine")
            made = self._have("image", name, lambda: self._upload(name, path))
            if made.status != "active":  # an interrupted upload
                delete(api, "image", [(name, made.id)], limit=self._given["timeout"])
                made = self._made("image", name, lambda: self._upload(name, path))
            return str(made.id)
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
        """Add the missing rules to our group: SSH from everywhere, and all traffic between the servers."""
        network, port = self._api.network, self._given["ssh_port"]
        there = [
            (rule.ether_type, rule.port_range_min, rule.remote_group_id)
            for rule in network.security_group_rules(security_group_id=group.id, direction="ingress")
            if rule.security_group_id == group.id
        ]
        ssh = {"protocol": "tcp", "port_range_min": port, "port_range_max": port}
        for family in ("IPv4", "IPv6"):
            for words in (ssh, {"remote_group_id": group.id}):
                if (family, words.get("port_range_min"), words.get("remote_group_id")) not in there:
                    network.create_security_group_rule(
                        security_group_id=group.id, direction="ingress", ether_type=family, **words
                    )

    def _server(self, name: str, wanted: Mapping[str, Any]) -> Any:
        """Return a server, which may not be active yet; one in ERROR from an earlier attempt is recreated."""
        compute = self._api.compute
        make = partial(compute.create_server, name=name, **wanted)
        server = self._have("server", name, make)
        if server.status == "ERROR":
            delete(self._api, "server", [(name, server.id)], limit=self._given["timeout"])
            server = self._made("server", name, make)
        if server.status == "SHUTOFF":  # by a user
            compute.start_server(server)
        return server

    def _active(self, name: str, server: Any) -> Any:
        """Wait until a server is active."""
        compute, limit = self._api.compute, self._given["timeout"]
        try:
            return compute.wait_for_server(server, interval=1, wait=limit)
        except ResourceFailure as error:
            fault = (compute.get_server(server.id).fault or {}).get("message", "the cloud does not say why")
            raise RallycrossError(f"server {name} is in ERROR: {fault} - ask the cloud's operator") from error
        except ResourceTimeout as error:
            raise RallycrossError(
                f"server {name} is not ACTIVE after {limit} s - raise `timeout`, or ask the cloud's operator"
            ) from error

    def _reached(self, name: str, active: Any) -> Server:
        """Give a server its floating IP, if wanted, and wait until we can sign in by SSH."""
        inside = address = next(iter(addresses(active)), "")
        if self._given["floating_network"]:
            address = self._floating(f"{name}-address", active, inside)
        if not address:
            raise RallycrossError(f"server {name} has no address - name a network in `nics`")
        given = self._given
        server = Server(name, address, given["ssh_user"], given["ssh_port"], str(self._site.key), address=inside)
        if "host" not in self._had["server", name]:  # it is new, and its address may have been another server's
            self._site.made_anew(server)
        self._note("server", name, {**server.kept(), "id": active.id})
        host = wait_for_sign_in(self._site, server, limit=given["timeout"])
        if given["wait_for_cloud_init"]:
            host.run(_INIT, limit=given["timeout"])
        return server

    def _floating(self, name: str, active: Any, inside: str) -> str:
        """Return the floating IP of a server's address `inside`."""
        network = self._given["floating_network"]
        outer = _one(self._api.network.find_network(network), "network", network)
        ports = self._api.network.ports(device_id=active.id)
        port = next((one for one in ports if inside in {fixed["ip_address"] for fixed in one.fixed_ips or []}), None)
        if port is None:
            raise RallycrossError(f"server {active.name} has no port for a floating IP - name a network in `nics`")
        ours = self._have(
            "address",
            name,
            lambda: self._api.network.create_ip(floating_network_id=outer.id, port_id=port.id, description=name),
        )
        if ours.port_id != port.id:  # its server was recreated
            self._api.network.update_ip(ours, port_id=port.id)
        return str(ours.floating_ip_address)


@contextmanager
def _connected(given: Mapping[str, Any]) -> Iterator[Connection]:
    """Sign in to the cloud; its errors become a `RallycrossError`."""
    if given["cloud"]:
        cloud = CloudsFile.read(Path(given["clouds_yaml"]).expanduser()).cloud(given["cloud"])
    elif missing := [key for key in ("auth_url", "user", "password", "tenant") if not given[key]]:
        raise RallycrossError(
            f"provider: lacks {', '.join(missing)} - set them, or set `cloud` to an entry of a clouds.yaml"
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
    except (SDKException, ClientException, ApiError) as error:
        raise RallycrossError(f"the cloud that provides the servers: {error} - fix the `provider`") from error


def _one(there: Any, kind: str, name: str) -> Any:
    if there is None:
        raise RallycrossError(f"the cloud has no {kind} {name!r} - name an existing one")
    return there


PROVIDERS.add("openstack", OpenStackServers())
