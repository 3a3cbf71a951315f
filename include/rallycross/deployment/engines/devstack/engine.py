"""The engine `devstack`: DevStack on one server, or a controller and compute nodes."""

import re
from collections.abc import Sequence
from typing import Any, ClassVar

import yaml

from rallycross.deployment import systemd
from rallycross.deployment.engine import ENGINES, CloudSpec, Deployed, Option, Service
from rallycross.deployment.engines.devstack import scripts
from rallycross.deployment.engines.devstack.local_conf import (
    PASSWORDS,
    complain,
    complain_of_sections,
    node_conf,
    rendered,
)
from rallycross.deployment.engines.devstack.scripts import CLOUDS_YAML, PREFIX, UNITS, Installation
from rallycross.deployment.limits import spec_limit, step_limit
from rallycross.deployment.node import Node
from rallycross.deployment.option import within
from rallycross.deployment.site import Site
from rallycross.deployment.step import Plan, Step
from rallycross.deployment.whole_host import claim, passwords, unclaim
from rallycross.errors import RallycrossError
from rallycross.file_kind import UNREADABLE

_ADMIN = "devstack-admin"
_USERS = ("devstack", "devstack-alt")  # DevStack's entries of unprivileged users
_CLEANUPS = ("unstack", "clean", "none")


def _matches(pattern: str, what: str) -> Any:
    return lambda value: None if re.fullmatch(pattern, value) else f"must be {what}"


def _own(value: dict[Any, Any]) -> str | None:
    for name, conf in value.items():
        if what := complain(conf) if isinstance(conf, dict) else "must be a mapping":
            return f"{name}: {what}"
    return None


class DevStack:
    """Deploys by stack.sh."""

    takes_servers = True
    options: ClassVar = {
        "local_conf": Option(dict, {}, "variables of local.conf; ENABLE_PLUGIN has one plugin or a list", complain),
        "localrc": Option(dict, None, "the same, under Rally's other name", complain, ("local_conf",)),
        "local_conf_sections": Option(
            dict, {}, "further sections, as post-config|$NOVA_CONF: {DEFAULT: {debug: true}}", complain_of_sections
        ),
        "per_node": Option(dict, {}, "variables for the local.conf of one node, by the server's name", _own),
        "controller": Option(str, None, "the server with the control plane; default: the first"),
        "git_base": Option(str, None, "base URL of all OpenStack repositories; default: DevStack's own"),
        "devstack_repo": Option(str, None, "DevStack's repository; default: openstack/devstack below `git_base`"),
        "devstack_branch": Option(str, "master", "its branch, such as stable/2026.1"),
        "user": Option(
            str, "stack", "the user it runs as; created if missing", _matches(r"[a-z_][a-z0-9_-]{0,31}", "a user name")
        ),
        "dest": Option(
            str, "/opt/stack", "that user's home", _matches(r"(/[A-Za-z0-9._-]+)+", "an absolute path without spaces")
        ),
        "env_fixups": Option(list, [], "bash scripts to run as root on every server before stack.sh"),
        "timeout": Option(int, 7200, "seconds for stack.sh on one server", within(60, 86400)),
        "cleanup": Option(
            str,
            "unstack",
            f"what destroy runs: {', '.join(_CLEANUPS)}",
            lambda value: None if value in _CLEANUPS else f"must be one of {', '.join(_CLEANUPS)}",
        ),
        "force": Option(bool, False, "whether to try a distribution that DevStack does not support"),
    }

    def plan(self, spec: CloudSpec, nodes: Sequence[Node], site: Site) -> Plan:
        """Return the steps: stack.sh on the controller, then on the compute nodes in parallel."""
        del site
        if any(node.server is None for node in nodes):
            raise RallycrossError(
                f"{spec.file}: DevStack takes over its whole machine - name servers in `provider`; to use this machine,"
                " write {type: existing, servers: [{host: ...}]}"
            )
        first, *rest = _in_order(spec, nodes)
        kept = first.host.run(passwords(f"{first.root}/passwords", PASSWORDS)).out
        given = spec.options["localrc"] or spec.options["local_conf"]
        chosen = dict(line.split(" ", 1) for line in kept.splitlines())
        secrets = tuple({str((chosen | given)[name]) for name in PASSWORDS})
        return Plan(tuple(_steps(spec, first, rest, chosen)), secrets)

    def cloud(self, spec: CloudSpec, nodes: Sequence[Node], site: Site) -> Deployed:
        """Return the cloud with DevStack's administrator and unprivileged users."""
        del site
        host, place = _in_order(spec, nodes)[0].host, _place(spec)
        where = f"{host.name}:{CLOUDS_YAML}"
        try:
            found = yaml.safe_load(host.read(CLOUDS_YAML))["clouds"]
            entries = {spec.name: dict(found[_ADMIN])}
        except UNREADABLE as error:
            raise RallycrossError(f"{where} has no {_ADMIN} - look at the log of the step `stack`") from error
        users = [found[name] for name in _USERS if name in found]
        entries |= {f"{spec.name}-user-{number}": dict(user) for number, user in enumerate(users)}
        authorities = [entry.pop("cacert", None) for entry in entries.values()]
        ca = host.read(authorities[0]) if authorities[0] else ""
        commit = host.run(scripts.commit(place)).out.strip()
        environment = {
            "engine": "devstack",
            "host": ", ".join(node.name for node in nodes),
            "branch": spec.options["devstack_branch"],
            "devstack": commit,
        }
        region = entries[spec.name].get("region_name")
        return Deployed(
            spec.name,
            yaml.safe_dump({"clouds": entries}, sort_keys=False),
            environment,
            ca=ca,
            regions=(region,) if region else (),
        )

    def stop(self, spec: CloudSpec, nodes: Sequence[Node]) -> None:
        """Stop the services, those of the controller last."""
        for node in reversed(_in_order(spec, nodes)):
            node.host.run(systemd.stop(UNITS, beside=f"{node.root}/units"), limit=step_limit())

    def status(self, spec: CloudSpec, nodes: Sequence[Node]) -> list[Service]:
        """Return the state of DevStack's units, and of those that they need."""
        return systemd.status(_in_order(spec, nodes), UNITS, prefix=PREFIX, beside="units")

    def logs(self, spec: CloudSpec, nodes: Sequence[Node], *, service: str | None, lines: int) -> str:
        """Return the last journal lines of one service, or of all."""
        return systemd.logs(_in_order(spec, nodes), UNITS, service=service, lines=lines, prefix=PREFIX, beside="units")


def _steps(spec: CloudSpec, first: Node, rest: Sequence[Node], passwords: dict[str, str]) -> list[Step]:
    options, place = spec.options, _place(spec)
    everywhere = tuple(node.name for node in (first, *rest))
    steps = [
        Step("claim", claim(place.owner), everywhere, title="One cloud a host", undo=unclaim(place.owner)),
        Step(
            "stack user",
            scripts.user(place),
            everywhere,
            ("claim",),
            title=f"User {place.user}, git, sudo",
            leaves=f"the user {place.user}, {place.dest}, git, sudo, /etc/sudoers.d/50-devstack-{place.user}",
        ),
        Step("clone", scripts.clone(place), everywhere, ("stack user",), title=f"DevStack, {place.branch}"),
    ]
    for number, script in enumerate(options["env_fixups"], 1):
        before = "stack user" if number == 1 else f"fixup {number - 1}"
        steps.append(
            Step(
                f"fixup {number}",
                scripts.fixup(place, script),
                everywhere,
                (before,),
                title=f"Fixup {number}",
            )
        )
    ready = ("clone", f"fixup {len(options['env_fixups'])}") if options["env_fixups"] else ("clone",)
    for node in (first, *rest):
        conf = f"{node.root}/local.conf"
        text = rendered(
            node_conf(
                options["localrc"] or options["local_conf"],
                options["per_node"].get(node.name, {}),
                address=node.address,
                controller=None if node is first else first.address,
                passwords=passwords,
                git_base=options["git_base"],
                dest=options["dest"],
            ),
            options["local_conf_sections"],
        )
        steps.append(
            Step(
                f"local conf {node.name}",
                scripts.put_conf(place, conf),
                (node.name,),
                ready,
                files={conf: text},
                undo="" if options["cleanup"] == "none" else scripts.forget_conf(place),
            )
        )
        is_first = node is first
        steps.append(
            Step(
                "stack" if is_first else f"stack {node.name}",
                scripts.stack(place, controller=is_first, root=node.root),
                (node.name,),
                (f"local conf {node.name}", *(() if is_first else ("stack",))),
                limit=spec_limit(options),
                title=f"stack.sh on {node.name}",
                leaves="packages, services, databases, /etc/openstack and more: all that stack.sh creates",
                undo=""
                if options["cleanup"] == "none"
                else scripts.unstack(place, clean=options["cleanup"] == "clean", root=node.root),
                stays="packages, the data of MariaDB and RabbitMQ, and DevStack's user with its home",
            )
        )
    stacked = ("stack", *(f"stack {node.name}" for node in rest))
    if rest:
        steps.append(
            Step(
                "discover hosts", scripts.discover(place), (first.name,), stacked, title="Map compute nodes to the cell"
            )
        )
    steps.append(
        Step(
            "start",
            systemd.start(UNITS, beside="$(pwd)/../units"),
            everywhere,
            ("discover hosts",) if rest else stacked,
            always=True,
            title="Services run",
        )
    )
    return steps


def _in_order(spec: CloudSpec, nodes: Sequence[Node]) -> list[Node]:
    """Return the controller, then the compute nodes; raise `RallycrossError` if the spec names an unknown server."""
    names = [node.name for node in nodes]
    named = [("controller", spec.options["controller"]), *(("per_node", one) for one in spec.options["per_node"])]
    for key, wanted in named:
        if wanted and nodes and wanted not in names:
            raise RallycrossError(f"{spec.file}: {key}: there is no server {wanted!r} - there is: {', '.join(names)}")
    return sorted(nodes, key=lambda node: node.name != (spec.options["controller"] or names[0]))


def _place(spec: CloudSpec) -> Installation:
    options = spec.options
    repo = options["devstack_repo"] or f"{options['git_base'] or 'https://opendev.org'}/openstack/devstack"
    given = str((options["localrc"] or options["local_conf"]).get("DEST", ""))
    clones = given if given.startswith("/") and "$" not in given else ""
    return Installation(
        spec.name, options["user"], options["dest"], repo, options["devstack_branch"], options["force"], clones
    )


ENGINES.add("devstack", DevStack())
