"""An engine that is quick: as many kinds of steps as the conformance suite wants to see, and no OpenStack."""

import json
from collections.abc import Sequence
from shlex import quote
from typing import ClassVar

from rallycross.deployment.engine import ENGINES, CloudSpec, Deployed, Option, Service
from rallycross.deployment.node import Node
from rallycross.deployment.site import Site
from rallycross.deployment.step import Plan, Step


def _mark(spec: CloudSpec) -> str:
    """Return the file that a cloud leaves, which its process reads from: so each has a process of its own."""
    return f"{spec.options['folder']}/{spec.name}"


def _find(spec: CloudSpec) -> str:
    """Return a command that finds a cloud's process."""
    return f"pgrep -f '[t]ail -f {_mark(spec)}$'"


def _end(spec: CloudSpec) -> str:
    """Return a command that ends it."""
    return f"for pid in $({_find(spec)} || :); do kill -9 $pid 2>/dev/null || :; done"


class Toy:
    """Leaves a file in /opt, and a process, on each node."""

    takes_servers = True
    options: ClassVar = {
        "password": Option(str, "hush-hush", "a secret", secret=True),
        "folder": Option(str, "/opt", "where it leaves its file"),
    }

    def plan(self, spec: CloudSpec, nodes: Sequence[Node], site: Site) -> Plan:
        """Return three steps: one on every node, one on the first, one that is always done."""
        del site
        everywhere, mark = tuple(node.name for node in nodes), quote(_mark(spec))
        return Plan(
            (
                Step("mark", f"echo made >> {mark}", everywhere, undo=f"rm -f {mark}", leaves=f"the file {mark}"),
                Step(
                    "install",
                    f"cat {quote(nodes[0].root)}/etc/secret; echo {spec.options['password']}\n"
                    f"sleep 0.3; echo once >> {mark}.runs",
                    needs=("mark",),
                    files={f"{nodes[0].root}/etc/secret": spec.options["password"]},
                    undo=f"rm -f {mark}.runs",
                ),
                Step(
                    "start",
                    f"{_find(spec)} || setsid -f tail -f {mark} </dev/null >/dev/null 2>&1 9>&-",
                    everywhere,
                    needs=("install",),
                    always=True,
                    undo=_end(spec),
                ),
            ),
            secrets=(spec.options["password"],),
        )

    def cloud(self, spec: CloudSpec, nodes: Sequence[Node], site: Site) -> Deployed:
        """Return an entry that leads nowhere."""
        del site
        entry = {"auth": {"auth_url": f"http://{nodes[0].address}/v3", "password": spec.options["password"]}}
        return Deployed(spec.name, json.dumps({"clouds": {spec.name: entry}}), {"engine": "toy"})

    def stop(self, spec: CloudSpec, nodes: Sequence[Node]) -> None:
        """End the processes."""
        for node in nodes:
            node.host.run(_end(spec))

    def status(self, spec: CloudSpec, nodes: Sequence[Node]) -> list[Service]:
        """Return the process of each node, whether it runs or not."""
        gone = {node.name: bool(node.host.run(_find(spec), check=False).code) for node in nodes}
        return [Service(f"tail on {name}", "STOPPED" if is_gone else "RUNNING", "") for name, is_gone in gone.items()]

    def logs(self, spec: CloudSpec, nodes: Sequence[Node], *, service: str | None, lines: int) -> str:
        """Return nothing."""
        del spec, nodes, service, lines
        return ""


if "toy" not in ENGINES._found:
    ENGINES.add("toy", Toy())
