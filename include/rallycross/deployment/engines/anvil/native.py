"""The mode `native`: deploys a persona on today's systems, with today's releases, by the engine `embedded`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from shlex import quote
from typing import Any

from rallycross.deployment.embedded.options import SERVICES, with_needs
from rallycross.deployment.embedded.service import DEPLOYABLE
from rallycross.deployment.engine import ENGINES, CloudSpec, Deployed, Service
from rallycross.deployment.engines.anvil.persona import CLIENTS, LIBRARIES, Persona, load
from rallycross.deployment.node import Node
from rallycross.deployment.site import Site
from rallycross.deployment.step import Plan, Step
from rallycross.errors import did_you_mean
from rallycross.task.flaw import Flaw

_SERVICES = {name: name for name in ("cinder", "glance", "keystone", "neutron", "nova")} | {"quantum": "neutron"}
# What replaces components that are not OpenStack services.
_STANDS_FOR = {"db": "MariaDB", "openvswitch": "the fake network", "rabbit-mq": "RabbitMQ"}
_COME_ALONG = {*CLIENTS, *LIBRARIES}  # installed from PyPI if a service needs them
_RUNS = {
    "cinder": ("all", "api", "scheduler", "volume"),
    "glance": ("api",),
    "keystone": ("all",),
    "neutron": ("server",),
    "nova": ("api", "compute", "conductor", "scheduler"),
}
# No longer in OpenStack, or without function as hypervisors, networks and volumes are fake.
_LEFT_OUT = {
    "cinder": ("backup",),
    "glance": ("registry", "scrubber"),
    "neutron": (
        "agent",
        "dhcp-agent",
        "l3-agent",
        "lbaas-agent",
        "linuxbridge-agent",
        "metadata-agent",
        "metering-agent",
        "openvswitch-agent",
        "ovs-cleanup",
    ),
    "nova": (
        "cells",
        "cert",
        "console",
        "consoleauth",
        "metadata-api",
        "network",
        "novncproxy",
        "objectstore",
        "spicehtml5proxy",
        "volume",
        "xvpvncproxy",
    ),
}
# Options that have fixed values here; a persona cannot change them.
_FIXED: Mapping[str, Any] = {
    "db-sync": True,
    "do-init": True,
    "do-network-init": True,
    "enable-cells": False,
    "enable-pki": False,
    "enable-spice": False,
    "load-images": True,
    "mq-type": "rabbit",
}


@dataclass(frozen=True)
class Translated:
    """A persona, translated for the engine `embedded`."""

    services: list[str]
    title: str  # one line on what is deployed
    told: tuple[str, ...]  # the differences from the persona, one line each


def translated(persona: Persona) -> Translated:
    """Translate a persona without flaws into today's services, and those that they need."""
    wanted = {_SERVICES[name]: name for name in persona.components if name in _SERVICES}
    added = {need: name for name in wanted for need in DEPLOYABLE[name].needs if need not in wanted}
    title = f"Persona: today's {', '.join(wanted)}"
    if added:
        title += f"; and {', '.join(added)}, needed by {', '.join(dict.fromkeys(added.values()))}"
    told = [f"{need}: added, as today's {name} needs it" for need, name in added.items()]
    for service, name in wanted.items():
        if service != name:
            told.append(f"{name}: {service}, its name today")
        if version := persona.versions.get(name):
            told.append(f"{name}: today's release, not {version}")
        if left := [one for one in persona.subsystems.get(name, ()) if one not in _RUNS[service]]:
            told.append(f"{name}: without {', '.join(left)}: no longer in OpenStack, or without function here")
        if idle := [one for one in persona.options.get(name, {}) if one not in _FIXED]:
            told.append(f"{name}: without effect here: {', '.join(idle)}")
    told += [f"{name}: {_STANDS_FOR[name]}" for name in persona.components if name in _STANDS_FOR]
    return Translated(with_needs(wanted), title, tuple(told))


class Native:
    """Deploys by the engine `embedded`."""

    def flaws(self, persona: Persona) -> Iterator[Flaw]:
        """Yield what the engine cannot deploy."""
        if "keystone" not in persona.components:
            yield Flaw(("components",), "lacks keystone", "add it: all others sign in to it")
        if {"neutron", "quantum"} <= {*persona.components}:
            yield Flaw(("components",), "has neutron and quantum, which are the same", "remove quantum")
        for index, name in enumerate(persona.listed):
            if name in persona.components and name not in {*_SERVICES, *_STANDS_FOR, *_COME_ALONG}:
                remedy = f"remove it, or disable it in the origins; there is: {', '.join(_SERVICES)}"
                yield Flaw(("components", index), f"{name} cannot be deployed in mode native", remedy)
        for name in filter(_SERVICES.__contains__, persona.components):
            known = _RUNS[_SERVICES[name]] + _LEFT_OUT.get(_SERVICES[name], ())
            for index, one in enumerate(persona.subsystems.get(name, ())):
                if one not in known:
                    where = ("subsystems", name, index)
                    yield Flaw(where, f"unknown subsystem {one!r} of {name}", did_you_mean(one, known))
            for key, value in persona.options.get(name, {}).items():
                if key in _FIXED and value != _FIXED[key]:
                    yield Flaw(("options", name, key), f"must be {_FIXED[key]!r} in mode native, not {value!r}")

    def plan(self, spec: CloudSpec, nodes: Sequence[Node], site: Site) -> Plan:
        """Return the embedded cloud's steps, after one that logs how the cloud differs from the persona."""
        here = _translated(spec)
        made = ENGINES["embedded"].plan(_embedded(spec, here), nodes, site)
        says = "\n".join(f"echo {quote(line)}" for line in here.told or ["as the persona has it"])
        return replace(made, steps=(Step("persona", says, title=here.title), *made.steps))

    def cloud(self, spec: CloudSpec, nodes: Sequence[Node], site: Site) -> Deployed:
        """Return the embedded cloud, with the differences from the persona."""
        here = _translated(spec)
        deployed = ENGINES["embedded"].cloud(_embedded(spec, here), nodes, site)
        own = {"engine": "anvil", "mode": "native", "persona": [*here.services], "differs": [*here.told]}
        return replace(deployed, environment=deployed.environment | own)

    def stop(self, spec: CloudSpec, nodes: Sequence[Node]) -> None:
        """Stop the cloud's processes."""
        ENGINES["embedded"].stop(_embedded(spec), nodes)

    def status(self, spec: CloudSpec, nodes: Sequence[Node]) -> list[Service]:
        """Return the state of each process, from its supervisor."""
        return ENGINES["embedded"].status(_embedded(spec), nodes)

    def logs(self, spec: CloudSpec, nodes: Sequence[Node], *, service: str | None, lines: int) -> str:
        """Return the last lines of a service's log, or of all."""
        return ENGINES["embedded"].logs(_embedded(spec), nodes, service=service, lines=lines)


def _translated(spec: CloudSpec) -> Translated:
    return translated(load(spec.options["persona"], spec.options["origins"]))


def _embedded(spec: CloudSpec, here: Translated | None = None) -> CloudSpec:
    """Return the spec of the embedded cloud; inspecting a deployed cloud does not need the persona."""
    services = here.services if here else list(SERVICES)
    return replace(spec, engine="embedded", options={**spec.options["embedded"], "services": services})
