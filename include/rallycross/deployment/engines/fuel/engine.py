"""The engine `fuel`: a Mirantis Fuel deploys the cloud on its nodes; we use its REST API."""

import json
import re
import sys
from collections.abc import Mapping, Sequence
from shlex import quote
from typing import Any, ClassVar

import yaml

from rallycross.deployment.engine import ENGINES, CloudSpec, Deployed, Option, Service
from rallycross.deployment.engines.fuel import hardware
from rallycross.deployment.limits import spec_limit
from rallycross.deployment.node import Node
from rallycross.deployment.option import within
from rallycross.deployment.site import Site
from rallycross.deployment.step import Plan, Step
from rallycross.errors import RallycrossError
from rallycross.settings import settings


def _ranges(value: Sequence[Any]) -> str | None:
    good = all(isinstance(one, list) and len(one) == 2 and all(isinstance(end, str) for end in one) for one in value)
    return None if good else "must be a list of pairs of addresses"


_ROLES = re.compile(r"[a-z0-9_-]+(\+[a-z0-9_-]+)*")
_ROLE = {
    "amount": Option(int, None, "how many nodes", within(1, 10000), required=True),
    "filters": Option(list, [], "what their hardware must have, as [ram>=8G, cpus>4]", hardware.complain),
}
_NETWORK = {
    "cidr": Option(str, None, "its CIDR, as 172.16.0.0/24"),
    "gateway": Option(str, None, "its gateway"),
    "ip_ranges": Option(list, None, "the ranges that Fuel may use, as [[FIRST, LAST]]", _ranges),
    "vlan_start": Option(int, None, "its VLAN", within(1, 4094)),
}


def _nested(description: str, keys: Mapping[str, Option]) -> Option:
    return Option(dict, None, description, required=True, keys=lambda _: keys)


def _url(value: str) -> str | None:
    return None if re.match(r"https?://[^/]+/.", value) else "must be a whole URL, as http://10.20.0.2:8000/api/v1"


def _roles(value: Mapping[Any, Any]) -> str | None:
    if bad := [roles for roles in value if not _ROLES.fullmatch(str(roles))]:
        return f"must have roles as keys, several joined by +, not {bad[0]!r}"
    given = {role for roles in value for role in str(roles).split("+")}
    missing = [role for role in ("controller", "compute") if role not in given]
    return f"must have a {' and a '.join(missing)}" if missing else None


def _attributes(value: Mapping[Any, Any]) -> str | None:
    bad = [group for group, names in value.items() if not isinstance(names, dict)]
    return f"must have a mapping at {bad[0]!r}" if bad else None


class Fuel:
    """Lets Fuel create an environment and deploy it."""

    takes_servers = False  # Fuel has discovered its nodes
    options: ClassVar = {
        "api_url": Option(str, None, "URL of Nailgun, as http://10.20.0.2:8000/api/v1", _url, required=True),
        "username": Option(str, "admin", "the user who signs in to Fuel"),
        "password": Option(str, "admin", "that user's password", secret=True),
        "project": Option(str, "admin", "that user's project"),
        "verify": Option(bool, True, "whether to verify Fuel's own certificate"),
        "deploy_name": Option(str, None, "the environment's name in Fuel; default: this spec's `name`"),
        "release": Option(str, None, "Fuel's release, as 'Newton on Ubuntu 16.04' or newton-10.0", required=True),
        "mode": Option(str, "ha_compact", "ha_compact, or another mode of the release"),
        "net_provider": Option(str, "neutron", "neutron, or nova_network in old releases"),
        "net_segment_type": Option(str, "tun", "vlan, tun, or gre in old releases"),
        "nodes": Option(
            dict,
            None,
            "nodes by role, as controller: {amount: 1}, compute+cinder: {amount: 2, filters: [ram>=8G]}",
            _roles,
            required=True,
            keys=lambda value: {str(roles): _nested("how many nodes, and which", _ROLE) for roles in value},
        ),
        "networks": Option(
            dict,
            {},
            "the environment's networks by name: public, floating, management, storage, private",
            keys=lambda value: {str(name): _nested("settings of the network", _NETWORK) for name in value},
        ),
        "dns_nameservers": Option(list, None, "the name servers of the cloud's networks"),
        "attributes": Option(dict, {}, "the environment's attributes, as common: {libvirt_type: qemu}", _attributes),
        "verify_networks": Option(bool, True, "whether Fuel verifies the networks before it deploys"),
        "region": Option(str, "RegionOne", "the cloud's region"),
        "cacert": Option(
            str,
            None,
            "path of the PEM that verifies the cloud's certificate, if Fuel generated it",
            lambda value: None if value.startswith("/") else "must begin with /",
        ),
        "timeout": Option(int, 14400, "seconds for Fuel's deployment", within(60, 604800)),
    }

    def plan(self, spec: CloudSpec, nodes: Sequence[Node], site: Site) -> Plan:
        """Return the steps, which run on this machine and follow work in Fuel that is running already."""
        given, root = spec.options, nodes[0].root
        access = {key: given[key] for key in ("api_url", "username", "password", "project", "verify")}
        made = {key: given[key] for key in ("release", "mode", "net_provider", "net_segment_type")}
        name = given["deploy_name"] or spec.name
        networks = {"networks": given["networks"], "dns_nameservers": given["dns_nameservers"]}
        steps = [
            _step(
                root,
                "sign in",
                "sign-in",
                access | {"patience": site.terms.away, "answer": settings().fuel_limit},
                file="access.json",
                always=True,
                title="Sign in to Fuel",
            ),
            _step(
                root,
                "environment",
                "environment",
                {"name": name, **made},
                needs=("sign in",),
                title=f"Environment {name}",
                leaves=f"the environment {name} in Fuel at {given['api_url']}, and what is on its nodes",
                undo=_script("remove", root),
            ),
            _step(
                root,
                "attributes",
                "attributes",
                given["attributes"],
                needs=("environment",),
                title="Attributes of the environment",
            ),
            _step(root, "nodes", "nodes", given["nodes"], needs=("attributes",), title="Nodes get their roles"),
            _step(root, "networks", "networks", networks, needs=("nodes",), title="Networks"),
        ]
        if given["verify_networks"]:
            steps.append(_step(root, "verify networks", "verify", {}, needs=("networks",), title="Fuel verifies them"))
        steps += [
            _step(root, "deploy", "deploy", {}, needs=(steps[-1].name,), limit=spec_limit(given), title="Fuel deploys"),
            _step(
                root,
                "credentials",
                "credentials",
                {"region": given["region"]},
                needs=("deploy",),
                always=True,
                title="The cloud's administrator",
            ),
        ]
        return Plan(tuple(steps))

    def cloud(self, spec: CloudSpec, nodes: Sequence[Node], site: Site) -> Deployed:
        """Return the cloud with the administrator from Fuel's attributes and networks."""
        del site
        host, given = nodes[0].host, spec.options
        try:
            found = json.loads(host.read(f"{nodes[0].root}/fuel/credentials"))
            ca = host.read(given["cacert"]) if given["cacert"] else found["ca"]
        except FileNotFoundError as error:
            raise RallycrossError(
                f"{spec.file}: there is no file {error.filename} - correct `cacert`, or deploy again"
            ) from error
        entry = found["entry"]
        if entry["auth"]["auth_url"].startswith("https:") and not ca:
            raise RallycrossError(
                f"{spec.file}: Fuel's API does not return the certificate that it generated - set `cacert`"
            )
        return Deployed(
            spec.name,
            yaml.safe_dump({"clouds": {spec.name: entry}}, sort_keys=False),
            {"engine": "fuel", "release": given["release"], "mode": given["mode"], **found["facts"]},
            ca=ca,
            regions=(given["region"],),
        )

    def stop(self, spec: CloudSpec, nodes: Sequence[Node]) -> None:
        """Do nothing: Fuel deploys and deletes clouds, but cannot stop them."""

    def status(self, spec: CloudSpec, nodes: Sequence[Node]) -> list[Service]:
        """Return the state of the environment and its nodes, from Fuel."""
        del spec
        root = nodes[0].root
        script = f"[ -e {quote(f'{root}/fuel/environment')} ] || {{ echo '[]'; exit; }}\n{_script('status', root)}"
        return [Service(*one) for one in json.loads(nodes[0].host.run(script).out)]

    def logs(self, spec: CloudSpec, nodes: Sequence[Node], *, service: str | None, lines: int) -> str:
        """Raise `RallycrossError`: the logs are not on this machine."""
        del nodes, service, lines
        raise RallycrossError(f"cloud {spec.name}: its logs are on its nodes - see `Logs` in Fuel's web interface")


def _step(root: str, name: str, word: str, content: Any, *, file: str = "", **more: Any) -> Step:
    files = {f"{root}/fuel/{file or f'{word}.json'}": json.dumps(content)}
    return Step(name, _script(word, root), files=files, **more)


def _script(word: str, root: str) -> str:
    # -P: do not import modules from the current folder.
    return f"{quote(sys.executable)} -uPm rallycross.deployment.engines.fuel.program {word} {quote(root)}"


ENGINES.add("fuel", Fuel())
