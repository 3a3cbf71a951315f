"""The engine `embedded`: a real OpenStack, from PyPI and Debian packages, on one host, under one folder."""

import json
import re
from importlib.resources import files
from shlex import quote
from typing import Any

from rallycross.deployment.carry_out import carry_out
from rallycross.deployment.embedded import packages
from rallycross.deployment.embedded.layout import PORTS, SECRETS, Layout
from rallycross.deployment.embedded.options import OPTIONS, Options
from rallycross.deployment.embedded.plan import clouds_yaml, steps
from rallycross.deployment.embedded.services import services
from rallycross.deployment.engine import ENGINES, CloudSpec, Deployed, Service
from rallycross.deployment.host import Host
from rallycross.deployment.step import Step, Tell
from rallycross.errors import RallycrossError

_PLAIN = re.compile(r"[A-Za-z0-9/._+-]+")


class EmbeddedEngine:
    """Deploys keystone, glance, placement, nova, neutron and cinder with fake hypervisors."""

    options = OPTIONS

    def deploy(self, spec: CloudSpec, host: Host, *, root: str, tell: Tell) -> Deployed:
        """Make the cloud stand; whatever stands already is left as it is."""
        if not _PLAIN.fullmatch(root):
            raise RallycrossError(
                f"{root}: some of OpenStack's programs cannot run from a folder with blanks or special characters in "
                "its path - put the checkout elsewhere, or set RALLYCROSS_HOME to a plain path"
            )
        found = _prepare("make", spec, host, root)
        if found["complaints"]:
            raise RallycrossError("\n".join(f"{host.name}: {complaint}" for complaint in found["complaints"]))
        layout = _layout(spec, root, found)
        carry_out(steps(layout), host, root=root, tell=tell)
        return Deployed(spec.name, json.dumps(clouds_yaml(layout), indent=2), _describe(layout, host))

    def destroy(self, spec: CloudSpec, host: Host, *, root: str, tell: Tell) -> None:
        """End the cloud's processes and delete its folder; where there is none, nothing is done."""
        self.stop(spec, host, root=root)
        carry_out(
            [Step("remove", f"rm -rf -- {quote(root)}", title="Remove all files", always=True)],
            host,
            root=root,
            tell=tell,
        )
        host.run(f"rm -rf -- {quote(root)}", limit=120)

    def stop(self, spec: CloudSpec, host: Host, *, root: str) -> None:
        """End the cloud's processes, those that have lost their supervisor too."""
        del spec
        host.run(f"python3 - {quote(root)} <<'EOF'\n{_shipped('stop.py')}\nEOF", limit=120)

    def status(self, spec: CloudSpec, host: Host, *, root: str) -> list[Service]:
        """Return each process as its supervisor has it."""
        states = _prepare("look", spec, host, root).get("states", {})
        return [Service(name, state, detail) for name, (state, detail) in sorted(states.items())]

    def logs(self, spec: CloudSpec, host: Host, *, root: str, service: str | None, lines: int) -> str:
        """Return the last lines of a service's log, or of all."""
        del spec
        there = [
            name.removesuffix(".log") for name in host.run(f"cd {quote(root)}/log && ls *.log", check=False).out.split()
        ]
        if service is not None and service not in there:
            raise RallycrossError(f"no service {service!r} has a log - there is: {', '.join(there) or 'none yet'}")
        chosen = there if service is None else [service]
        return host.run("\n".join(f"echo '==> {name}'; tail -n {lines} {root}/log/{name}.log" for name in chosen)).out


def _prepare(mode: str, spec: CloudSpec, host: Host, root: str) -> dict[str, Any]:
    """Return what the host is and keeps; in mode "make", make the folder unless something speaks against it."""
    options = Options.of(spec.options)
    words = [
        mode,
        quote(root),
        options.first_port,
        options.last_port,
        options.memory_gb_min,
        options.disk_gb_min,
        ",".join(PORTS),
        ",".join(SECRETS),
    ]
    script = f"python3 - {' '.join(map(str, words))} <<'EOF'\n{_shipped('prepare.py')}\nEOF"
    found: dict[str, Any] = json.loads(host.run(script, limit=60).out)
    return found


def _layout(spec: CloudSpec, root: str, found: dict[str, Any]) -> Layout:
    return Layout(spec.name, root, found["ports"], found["secrets"], Options.of(spec.options), found["machine"])


def _describe(layout: Layout, host: Host) -> dict[str, Any]:
    """Return what bears on the figures that are measured here."""
    said = host.run(packages.versions_script(layout), limit=30).out
    lock = dict(line.split("==") for line in _pins() if "==" in line)
    names = {part.name: {"placement": "openstack-placement"}.get(part.name, part.name) for part in services(layout)}
    return {
        "engine": "embedded",
        "host": host.name,
        **{name: lock[package] for name, package in names.items()},
        **dict(line.split(" ", 1) for line in said.splitlines() if " " in line),
        "hypervisor": "nova.virt.fake",
        "compute_hosts": layout.options.compute_hosts,
        "password_hash_rounds": layout.options.password_hash_rounds,
        "api_workers": layout.options.api_workers,
        **layout.machine,
    }


def _pins() -> list[str]:
    text = files("rallycross.deployment.embedded").joinpath("requirements.txt").read_text()
    return [line.split(" ;")[0].strip() for line in text.splitlines() if line and not line.lstrip().startswith("#")]


def _shipped(name: str) -> str:
    return files("rallycross.deployment.embedded.on_host").joinpath(name).read_text()


ENGINES.add("embedded", EmbeddedEngine())
