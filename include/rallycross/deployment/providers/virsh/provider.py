"""Servers that are clones of a libvirt domain, created by `virsh` on its host."""

import re
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from rallycross.deployment.booting import wait_for_sign_in
from rallycross.deployment.carry_out import carry_out
from rallycross.deployment.ledger import PartLedger
from rallycross.deployment.limits import Limit, host_limit
from rallycross.deployment.node import Node
from rallycross.deployment.option import Option, within
from rallycross.deployment.provider import PROVIDERS
from rallycross.deployment.providers.virsh import scripts
from rallycross.deployment.providers.virsh.domain import Clone, clone, first_disk, folder, volume_xml
from rallycross.deployment.server import Server
from rallycross.deployment.site import Site
from rallycross.deployment.step import Plan, Step
from rallycross.deployment.undo import undo
from rallycross.errors import RallycrossError

_CONNECTION = re.compile(r"(?P<user>[^@\s]+)@(?P<host>\[[^\]\s]+\]|[^:@\s]+)(:(?P<port>\d{1,5}))?")
_CLONING = ("linked", "full")
_HOST = "libvirt-host"  # its name in steps and logs


def _connection(value: str) -> str | None:
    found = _CONNECTION.fullmatch(value)
    return None if found and 0 < int(found["port"] or 22) < 1 << 16 else "must be user@host or user@host:port"


def _prefix(value: str) -> str | None:
    plain = re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]{0,59}", value)
    return None if plain else "must be at most 60 letters, digits and dashes, beginning with a letter or digit"


class VirshDomains:
    """The provider `virsh`. It recognizes its domains by the UUIDs in the ledger, never only by their names."""

    disposable = True
    options: ClassVar = {
        "connection": Option(str, None, "user@host or user@host:port", _connection, required=True),
        "key": Option(str, None, "path of the private key for the host; default: those of an SSH agent or in ~/.ssh"),
        "uri": Option(str, "qemu:///system", "the URI that the host's virsh connects to"),
        "template_name": Option(str, None, "the domain to clone; it must be shut off", required=True),
        "template_user": Option(str, "root", "the user in the template"),
        "template_password": Option(str, None, "that user's password, if there is no key", secret=True),
        "template_key": Option(str, None, "path of that user's private key; default: those of an SSH agent or ~/.ssh"),
        "amount": Option(int, 1, "how many servers", within(1, 200)),
        "prefix": Option(str, None, "the prefix of names; default: rallycross- and the cloud's name", _prefix),
        "clone": Option(
            str,
            "linked",
            "linked: on top of the template's disk; full: a copy of it",
            lambda value: None if value in _CLONING else f"must be {' or '.join(_CLONING)}",
        ),
        "pool": Option(str, None, "the storage pool of the servers' disks; default: that of the template's disk"),
        "via_host": Option(bool, True, "whether servers are reached through the host's SSH"),
        "ssh_port": Option(int, 22, "the port of SSH on the servers", within(1, 65535)),
        "timeout": Option(
            int, 300, "seconds until all servers answer, and again until SSH sign-in works", within(1, 7200)
        ),
    }

    def create(self, given: Mapping[str, Any], site: Site) -> list[Server]:
        """Create missing domains, start those that do not run, and wait until we can sign in to each."""
        host = _host(given)
        node = site.node(host)
        plan, names = _plan(given, node, site), _names(given, site)
        carry_out(plan, [node], ledger=PartLedger(site.ledger, "virsh"), terms=site.terms, tell=site.tell)
        addresses = dict(line.split() for line in node.host.read(_addresses(node)).splitlines())
        if twice := [address for address, times in Counter(addresses.values()).items() if times > 1]:
            shared = ", ".join(name for name in names if addresses[name] == twice[0])
            raise RallycrossError(
                f"{shared}: have the same address, {twice[0]}, as the DHCP server takes them for one machine - empty"
                " the template's /etc/machine-id, then destroy and deploy again"
            )
        servers, known = [], _known(site)
        for name in names:
            server = _server(given, host, Server(name, addresses[name]))
            if "host" not in known[name]:  # it is new, and its address may have been another server's
                site.made_anew(server)
            site.ledger.remember("server", name, {**server.kept(), "uuid": known[name]["uuid"]})
            wait_for_sign_in(site, server, limit=given["timeout"])
            servers.append(server)
        return servers

    def standing(self, given: Mapping[str, Any], site: Site) -> list[Server]:
        """Return the servers whose address is known."""
        host = _host(given)
        return [
            _server(given, host, Server(made.name, made.detail["host"]))
            for made in site.ledger.standing()
            if made.kind == "server" and made.detail.get("host")
        ]

    def destroy(self, given: Mapping[str, Any], site: Site) -> None:
        """Destroy the domains and delete their disks, incomplete ones too."""
        ledger = PartLedger(site.ledger, "virsh")
        if ledger.standing():
            undo(ledger, [site.node(_host(given))], owner=site.terms.owner, tell=site.tell)
        for made in site.ledger.standing():
            if made.kind == "server":
                site.ledger.forgotten(made.row)


def _host(given: Mapping[str, Any]) -> Server:
    found = _CONNECTION.fullmatch(given["connection"])
    assert found is not None
    return Server(_HOST, found["host"].strip("[]"), found["user"], int(found["port"] or 22), given["key"])


def _server(given: Mapping[str, Any], host: Server, found: Server) -> Server:
    """Return a server with the sign-in options of the section."""
    return replace(
        found,
        user=given["template_user"],
        port=given["ssh_port"],
        key=given["template_key"],
        password=given["template_password"],
        via=host if given["via_host"] else None,
    )


def _names(given: Mapping[str, Any], site: Site) -> list[str]:
    prefix = given["prefix"] or f"rallycross-{site.cloud}"
    return [f"{prefix}-{number}" for number in range(1, given["amount"] + 1)]


def _known(site: Site) -> dict[str, dict[str, Any]]:
    """Return the ledger's detail of each domain: its UUID, and how to sign in to it once that is known."""
    return {made.name: made.detail for made in site.ledger.standing() if made.kind == "server"}


def _addresses(node: Node) -> str:
    """Return the file on the host that has the servers' addresses."""
    return f"{node.root}/virsh-addresses"


def _plan(given: Mapping[str, Any], node: Node, site: Site) -> Plan:
    """Return the steps on the host. A domain's UUID, by which we recognize it, is recorded here, before it is created.

    A domain that somebody has undefined is recreated with the same UUID; its old address is dropped from the ledger.
    """
    template = _template(given, node)
    pool, place = _pool(given, node, template)
    known, there = _known(site), node.host.run(scripts.uuids(given["uri"])).out.split()
    clones = []
    for name in _names(given, site):
        ours = known[name]["uuid"] if name in known else str(uuid.uuid4())
        if ours not in there:
            site.ledger.remember("server", name, {"uuid": ours})
        clones.append(clone(template, name=name, uuid=ours, folder=place))
    return Plan(tuple(_steps(given, node, clones, pool)))


def _steps(given: Mapping[str, Any], node: Node, clones: Sequence[Clone], pool: str) -> list[Step]:
    uri, linked = given["uri"], given["clone"] == "linked"
    steps: list[Step] = []
    for one in clones:
        files = {volume.name: f"{node.root}/{volume.name}.xml" for volume in one.volumes}
        xml = f"{node.root}/{one.name}.xml"
        steps.append(
            Step(
                f"clone {one.name}",
                scripts.make(uri, one, pool=pool, files=files, xml=xml, linked=linked),
                # One after the other: libvirt refuses some operations on a pool while it copies.
                needs=(steps[-1].name,) if steps else (),
                files={xml: one.xml}
                | {files[volume.name]: volume_xml(volume, linked=linked) for volume in one.volumes},
                always=True,  # somebody may have undefined the domain since
                title=f"Domain {one.name}",
                leaves=f"the domain {one.name}; {', '.join(files)} in the pool {pool}",
                undo=scripts.gone(uri, one, pool),
            )
        )
    limit = given["timeout"]
    port = given["ssh_port"] if given["via_host"] else None
    steps.append(
        Step(
            "domains run",
            scripts.run(uri, clones, port=port, limit=limit, file=_addresses(node)),
            needs=(steps[-1].name,),
            limit=Limit(
                limit + host_limit(), "timeout in the spec"
            ),  # longer than the script's own limit, whose message is better
            always=True,
            title=f"Domains run, within {limit} s",
        )
    )
    return steps


def _template(given: Mapping[str, Any], node: Node) -> str:
    """Return the template's XML; raise `RallycrossError` unless it exists and is shut off."""
    name, where = given["template_name"], given["connection"]
    ran = node.host.run(scripts.look(given["uri"], name), check=False)
    if ran.code == scripts.NO_VIRSH:
        raise RallycrossError(f"{where}: has no virsh - install libvirt's clients there")
    if ran.code == scripts.NO_TEMPLATE:
        there = ", ".join(ran.out.split()) or "none"
        raise RallycrossError(f"{where}: has no domain {name!r} - set `template_name` to one of: {there}")
    if ran.code:
        raise RallycrossError(f"{where}: libvirt does not answer: {(ran.err or ran.out).strip()} - fix that there")
    state, _, xml = ran.out.partition(f"{scripts.MARK}\n")
    if state.strip() != "shut off":
        raise RallycrossError(
            f"{where}: the template {name} is {state.strip()} - shut it off: its disk must not change while it is"
            " cloned, or while linked clones use it"
        )
    return xml


def _pool(given: Mapping[str, Any], node: Node, template: str) -> tuple[str, str]:
    """Return the pool of the servers' disks, and its folder."""
    ran = node.host.run(scripts.pool(given["uri"], given["pool"], first_disk(template)), check=False)
    if ran.code:
        raise RallycrossError(f"{given['connection']}: {ran.err.strip()} - or name a pool in `pool`")
    name, _, xml = ran.out.partition(f"{scripts.MARK}\n")
    return name.strip(), folder(xml)


PROVIDERS.add("virsh", VirshDomains())
