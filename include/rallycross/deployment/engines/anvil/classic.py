"""The mode `classic`: Anvil's own `smithy` prepares, builds, installs and starts the cloud on one server."""

import re
from collections.abc import Iterator, Sequence

import yaml

from rallycross.cloud.variables import entry_from_variables, openrc_variables
from rallycross.deployment.engine import CloudSpec, Deployed, Service
from rallycross.deployment.engines.anvil import scripts
from rallycross.deployment.engines.anvil.persona import SERVICES, Persona, load, patch
from rallycross.deployment.engines.anvil.scripts import Smithy
from rallycross.deployment.limits import spec_limit, step_limit
from rallycross.deployment.node import Node
from rallycross.deployment.site import Site
from rallycross.deployment.step import Plan, Step
from rallycross.deployment.whole_host import claim, unclaim
from rallycross.errors import RallycrossError
from rallycross.task.flaw import Flaw

_PLAIN = re.compile(r"[A-Za-z0-9/._+-]+")
PATCHES = ("origins_patch", "distros_patch")  # named as smithy's options
_ALONE = re.compile(r"Status of \W?([\w-]+)\W? (?:\(([\w-]+)\) )?is \W?(\w+)\W*")
_HEAD = re.compile(r"Status of \W?([\w-]+)\W? is:")
_BELOW = re.compile(r"\|-- ([\w-]+) is \W?(\w+)\W*")
_RUNNING = {"started": "RUNNING", "installed": "RUNNING"}  # "installed": a component without a program


class Classic:
    """Deploys by smithy."""

    def flaws(self, persona: Persona) -> Iterator[Flaw]:
        """Yield nothing: Anvil may deploy every component that it knows."""
        del persona
        yield from ()

    def plan(self, spec: CloudSpec, nodes: Sequence[Node], site: Site) -> Plan:
        """Return the steps of Anvil's manual."""
        del site
        node = _only(spec, nodes)
        if not _PLAIN.fullmatch(node.root):
            raise RallycrossError(
                f"{node.name}: {node.root}: smithy cannot use a path with spaces or special characters - sign in as a"
                " user with another home"
            )
        persona = load(spec.options["persona"], spec.options["origins"])
        smithy = _smithy(spec, node)
        rc = node.host.run(scripts.credentials(smithy)).out
        secrets = [value for name, value in openrc_variables(rc).items() if name.endswith(("PASSWORD", "TOKEN"))]
        return Plan(tuple(_steps(spec, node, smithy, persona)), tuple(secrets))

    def cloud(self, spec: CloudSpec, nodes: Sequence[Node], site: Site) -> Deployed:
        """Return the cloud with the administrator in install.rc."""
        del site
        node = _only(spec, nodes)
        smithy = _smithy(spec, node)
        rc = node.host.run(scripts.credentials(smithy)).out
        try:
            entry = entry_from_variables(openrc_variables(rc))
        except RallycrossError as error:
            raise RallycrossError(
                f"{node.name}:{scripts.RC} has no OS_AUTH_URL - look at the log of the step `install`"
            ) from error
        environment = {
            "engine": "anvil",
            "mode": "classic",
            "host": node.name,
            "components": list(load(spec.options["persona"], spec.options["origins"]).components),
            "anvil": node.host.run(scripts.commit(smithy)).out.strip(),
        }
        return Deployed(spec.name, yaml.safe_dump({"clouds": {spec.name: entry}}, sort_keys=False), environment)

    def stop(self, spec: CloudSpec, nodes: Sequence[Node]) -> None:
        """Stop the services."""
        node = _only(spec, nodes)
        node.host.run(scripts.stop(_smithy(spec, node)), limit=step_limit())

    def status(self, spec: CloudSpec, nodes: Sequence[Node]) -> list[Service]:
        """Return the state of each program, from smithy."""
        return [
            Service(f"{component}-{program}" if program else component, _RUNNING.get(state, state.upper()), state)
            for component, program, state in _states(spec, nodes)
        ]

    def logs(self, spec: CloudSpec, nodes: Sequence[Node], *, service: str | None, lines: int) -> str:
        """Return the last lines of the log of one program, or of all."""
        node = _only(spec, nodes)
        smithy = _smithy(spec, node)
        there = {f"{one}-{program}" if program else one: (one, program) for one, program, _ in _states(spec, nodes)}
        if service is not None and service not in there:
            raise RallycrossError(f"there is no service {service!r} - there is: {', '.join(there) or 'none yet'}")
        return "".join(
            f"==> {name}\n" + node.host.run(scripts.log(smithy, *there[name], lines)).out
            for name in (there if service is None else [service])
        )


def _steps(spec: CloudSpec, node: Node, smithy: Smithy, persona: Persona) -> list[Step]:
    assert persona.origins is not None
    files = {smithy.persona: persona.document.text, smithy.origins: persona.origins.text}
    files |= {smithy.patches[key]: patch(spec.options[key]).text for key in smithy.patches}
    # smithy reports no status of clients and libraries.
    services = [name for name in persona.components if name in SERVICES]
    limit = spec_limit(spec.options)
    return [
        Step(
            "claim",
            claim(smithy.owner),
            (node.name,),
            title="One cloud a host",
            undo=unclaim(smithy.owner),
        ),
        Step(
            "clone",
            scripts.clone(smithy),
            (node.name,),
            ("claim",),
            limit=limit,
            title=f"Anvil, {smithy.branch}",
            leaves="git, where it was missing",
            undo=scripts.remove(smithy),
        ),
        Step(
            "bootstrap",
            scripts.bootstrap(smithy),
            (node.name,),
            ("clone",),
            limit=limit,
            title="smithy --bootstrap",
            leaves="/etc/anvil, packages that smithy needs",
        ),
        Step(
            "prepare",
            scripts.act(smithy, "prepare"),
            (node.name,),
            ("bootstrap",),
            files=files,
            limit=limit,
            title="smithy -a prepare: sources",
        ),
        Step(
            "build",
            scripts.act(smithy, "build"),
            (node.name,),
            ("prepare",),
            limit=limit,
            title="smithy -a build: packages",
            leaves="package sources",
        ),
        Step(
            "install",
            scripts.install(smithy),
            (node.name,),
            ("build",),
            limit=limit,
            title="smithy -a install",
            leaves="packages, databases, services and their files in /etc",
            undo=scripts.uninstall(smithy),
            undo_limit=limit,
        ),
        Step(
            "start",
            scripts.start(smithy, services),
            (node.name,),
            ("install",),
            always=True,
            title="smithy -a start",
            undo=scripts.stop(smithy),
        ),
    ]


def _only(spec: CloudSpec, nodes: Sequence[Node]) -> Node:
    """Return the server; raise `RallycrossError` unless there is exactly one."""
    if len(nodes) != 1 or nodes[0].server is None:
        raise RallycrossError(
            f"{spec.file}: Anvil takes over one whole machine - name one server in `provider`; to use this machine,"
            " write {type: existing, servers: [{host: ...}]}"
        )
    return nodes[0]


def _smithy(spec: CloudSpec, node: Node) -> Smithy:
    options, root = spec.options, node.root
    return Smithy(
        spec.name,
        root,
        options["anvil_repo"],
        options["anvil_branch"],
        f"{root}/persona.yaml",
        f"{root}/origins.yaml",
        {key: f"{root}/{key}.json" for key in PATCHES if options[key]},
        options["jobs"],
        options["force"],
    )


def _states(spec: CloudSpec, nodes: Sequence[Node]) -> Iterator[tuple[str, str, str]]:
    """Yield component, program ("" = the component itself) and state, from smithy's output."""
    node = _only(spec, nodes)
    component = ""
    for line in node.host.run(scripts.states(_smithy(spec, node)), check=False).out.splitlines():
        if match := _ALONE.search(line):
            yield match[1], match[2] or "", match[3]
        elif match := _HEAD.search(line):
            component = match[1]
        elif match := _BELOW.search(line):
            yield component, match[1], match[2]
