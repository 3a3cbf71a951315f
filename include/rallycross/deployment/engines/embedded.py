"""The engine `embedded`: a real OpenStack from PyPI and Debian packages, under one folder on each host."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from shlex import quote
from typing import Any

from rallycross.deployment.embedded import packages
from rallycross.deployment.embedded.layout import SECRETS, EmbeddedOptions, Layout
from rallycross.deployment.embedded.options import OPTIONS, PORTS
from rallycross.deployment.embedded.parts import services, shipped, standalone, stop_script
from rallycross.deployment.embedded.plan import clouds_yaml, steps
from rallycross.deployment.engine import ENGINES, CloudSpec, Deployed, Service
from rallycross.deployment.limits import step_limit
from rallycross.deployment.node import Node
from rallycross.deployment.site import Site
from rallycross.deployment.step import Plan
from rallycross.errors import RallycrossError

_PLAIN = re.compile(r"[A-Za-z0-9/._+-]+")


class EmbeddedEngine:
    """Deploys keystone, glance, placement, nova, neutron and cinder, or some of them, with fake hypervisors.

    One node has the control plane; any others are compute nodes.
    """

    options = OPTIONS
    takes_servers = True

    def plan(self, spec: CloudSpec, nodes: Sequence[Node], site: Site) -> Plan:
        """Return the steps that deploy the cloud."""
        del site
        layout = _layout("make", spec, nodes)
        if layout is None:
            raise RallycrossError(f"cloud {spec.name}: there is no server to deploy it on - add one to `provider`")
        if layout.computes and "nova" not in layout.options.services:
            raise RallycrossError(f"{spec.file}: services: compute nodes need nova - add it, or name only one server")
        secrets = {secret for one in (layout, *layout.computes) for secret in one.secrets.values()}
        return Plan(tuple(steps(layout)), tuple(sorted(secrets)))

    def cloud(self, spec: CloudSpec, nodes: Sequence[Node], site: Site) -> Deployed:
        """Return the cloud with an administrator and an unprivileged user."""
        del site
        layout = _layout("look", spec, nodes)
        assert layout is not None
        (controller,) = [node for node in nodes if node.name == layout.host]
        text = json.dumps(clouds_yaml(layout), indent=2)
        return Deployed(spec.name, text, _describe(layout, controller, nodes), regions=(layout.options.region,))

    def stop(self, spec: CloudSpec, nodes: Sequence[Node]) -> None:
        """Stop the cloud's processes, even without their supervisor; compute nodes come first."""
        for node in reversed(_in_order(spec, nodes)):
            node.host.run(stop_script(node.root), limit=step_limit())

    def status(self, spec: CloudSpec, nodes: Sequence[Node]) -> list[Service]:
        """Return the state of each process, from its supervisor."""
        found = []
        for node in _in_order(spec, nodes):
            states = _prepare("look", spec, node, controller=True).get("states", {})
            found += [
                Service(name + _where(node, nodes), state, detail) for name, (state, detail) in sorted(states.items())
            ]
        return found

    def logs(self, spec: CloudSpec, nodes: Sequence[Node], *, service: str | None, lines: int) -> str:
        """Return the last lines of a service's log, or of all."""
        there: dict[str, tuple[Node, str]] = {}
        for node in _in_order(spec, nodes):
            for name in node.host.run(f"cd {quote(node.root)}/log && ls *.log", check=False).out.split():
                there[name.removesuffix(".log") + _where(node, nodes)] = (node, name)
        if service is not None and service not in there:
            raise RallycrossError(f"there is no log of {service!r} - there is: {', '.join(there) or 'none yet'}")
        said = []
        for name in there if service is None else [service]:
            node, file = there[name]
            said.append(f"==> {name}\n" + node.host.run(f"tail -n {lines} {quote(f'{node.root}/log/{file}')}").out)
        return "".join(said)


def _in_order(spec: CloudSpec, nodes: Sequence[Node]) -> list[Node]:
    """Return the controller, then the compute nodes; raise `RallycrossError` if the option names an unknown server."""
    wanted = spec.options["controller"]
    if wanted and nodes and wanted not in {node.name for node in nodes}:
        there = ", ".join(node.name for node in nodes)
        raise RallycrossError(f"{spec.file}: controller: there is no server {wanted!r} - there is: {there}")
    return sorted(nodes, key=lambda node: node.name != (wanted or nodes[0].name))


def _layout(mode: str, spec: CloudSpec, nodes: Sequence[Node]) -> Layout | None:
    """Return the cloud's layout as its hosts store it; in mode "make", have them choose what they do not store yet."""
    ordered = _in_order(spec, nodes)
    found, complaints = {}, []
    for node in ordered:
        if not _PLAIN.fullmatch(node.root):
            raise RallycrossError(
                f"{node.root}: some OpenStack programs cannot run from a path with spaces or special characters - move"
                " the checkout, or set RALLYCROSS_HOME to a plain path"
            )
        found[node.name] = _prepare(mode, spec, node, controller=node is ordered[0])
        complaints += [f"{node.name}: {complaint}" for complaint in found[node.name]["complaints"]]
    if complaints:
        raise RallycrossError("\n".join(complaints))
    if not ordered:
        return None
    first, rest = ordered[0], ordered[1:]
    kept = found[first.name]
    options = EmbeddedOptions.of(spec.options)
    controller = Layout(
        spec.name,
        first.root,
        kept["ports"],
        kept["secrets"],
        options,
        kept["machine"],
        address=first.address,
        my_address=first.address,
        host=first.name,
    )
    apis = {name: port for name, port in controller.ports.items() if name != "mariadb"}
    computes = tuple(
        replace(
            controller,
            root=node.root,
            host=node.name,
            my_address=node.address,
            ports=apis | found[node.name]["ports"],
            secrets=controller.secrets | found[node.name]["secrets"],
            machine=found[node.name]["machine"],
        )
        for node in rest
    )
    return replace(controller, computes=computes)


def _prepare(mode: str, spec: CloudSpec, node: Node, *, controller: bool) -> dict[str, Any]:
    """Return the host's properties and stored choices; in mode "make", choose them unless there are complaints."""
    options = EmbeddedOptions.of(spec.options)
    words = [
        mode,
        quote(node.root),
        options.first_port,
        options.last_port,
        options.memory_gb_min if controller else options.compute_memory_gb_min,
        options.disk_gb_min if controller else options.compute_disk_gb_min,
        quote(",".join(PORTS if controller else ())),
        ",".join(SECRETS if controller else ("supervisor",)),
        quote(node.address),
    ]
    no_python = {"complaints": ["has no python3 - apt-get install python3"]}
    script = (
        f"command -v python3 >/dev/null || {{ echo {quote(json.dumps(no_python))}; exit 0; }}\n"
        f"python3 - {' '.join(map(str, words))} <<'EOF'\n{standalone('prepare.py')}\nEOF"
    )
    found: dict[str, Any] = json.loads(node.host.run(script).out)
    return found


def _describe(layout: Layout, controller: Node, nodes: Sequence[Node]) -> dict[str, Any]:
    """Return what affects the figures measured on this cloud."""
    said = controller.host.run(packages.versions_script(layout), limit=step_limit()).out
    lock = dict(line.split("==") for line in _pins() if "==" in line)
    names = {part.name: part.package or part.name for part in services(layout)}
    hosts = [host for one in (layout, *layout.computes) for host in one.compute_hosts]
    return {
        "engine": "embedded",
        "host": ", ".join(node.name for node in nodes),
        **{name: lock[package] for name, package in names.items()},
        **dict(line.split(" ", 1) for line in said.splitlines() if " " in line),
        **({"hypervisor": "nova.virt.fake", "compute_hosts": len(hosts)} if hosts else {}),
        "password_hash_rounds": layout.options.password_hash_rounds,
        "api_workers": layout.options.api_workers,
        **layout.machine,
    }


def _pins() -> list[str]:
    text = shipped("requirements.txt")
    return [line.split(" ;")[0].strip() for line in text.splitlines() if line and not line.lstrip().startswith("#")]


def _where(node: Node, nodes: Sequence[Node]) -> str:
    """Return the suffix that names the node, if there are several."""
    return f" on {node.name}" if len(nodes) > 1 else ""


ENGINES.add("embedded", EmbeddedEngine())
