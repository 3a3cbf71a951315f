"""Reads an Anvil persona and its origins from two YAML files, with a complaint about each mistake in them."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rallycross.errors import Complaint, InvalidInput, did_you_mean
from rallycross.task.flaw import Flaw, Schema, flaws
from rallycross.yamlfile import Places, dotted, parse, place, source

SERVICES = (
    "ceilometer",
    "cinder",
    "glance",
    "heat",
    "horizon",
    "ironic",
    "keystone",
    "magnum",
    "neutron",
    "nova",
    "quantum",
    "trove",
)
CLIENTS = (*(f"{name}-client" for name in SERVICES if name != "horizon"), "swift-client", "openstack-client")
LIBRARIES = (
    "django-openstack-auth",
    "general",
    "global-requirements",
    "oslo-config",
    "oslo-incubator",
    "oslo-messaging",
    "pycadf",
)
COMPONENTS = (
    *SERVICES,
    *CLIENTS,
    *LIBRARIES,
    "db",
    "neutron-fwaas",
    "neutron-lbaas",
    "neutron-vpnaas",
    "no-vnc",
    "novnc",
    "openvswitch",
    "qpid",
    "rabbit-mq",
)
"""All components that any version of Anvil had a file for."""

_TEXTS: Schema = {"type": "array", "items": {"type": "string"}}
_PERSONA: Schema = {
    "type": "object",
    "properties": {
        "components": {
            "type": "array",
            "minItems": 1,
            # Newer personas may say in which stage a component is built: `horizon: 2`.
            "items": {
                "anyOf": [
                    {"type": "string"},
                    {"type": "object", "maxProperties": 1, "additionalProperties": {"type": "integer"}},
                ]
            },
        },
        "description": {"type": "string"},
        "subsystems": {"type": ["object", "null"], "additionalProperties": _TEXTS},
        "options": {"type": ["object", "null"], "additionalProperties": {"type": ["object", "null"]}},
        "no-origin": {**_TEXTS, "type": ["array", "null"]},
        "supports": _TEXTS,
    },
    "required": ["components", "supports"],
    "additionalProperties": False,
}
_VERSION: Schema = {"type": ["string", "number"]}  # to YAML, 2014.2 is a number
# An origin may also have keys of the distribution's file.
_ORIGIN: Schema = {
    "type": "object",
    "properties": {
        "repo": {"type": "string"},
        "tag": _VERSION,
        "branch": _VERSION,
        "disabled": {"type": "boolean"},
        "use_tests_requires": {"type": "boolean"},
    },
}
_ORIGINS: Schema = {"type": "object", "additionalProperties": _ORIGIN}
_PATCH: Schema = {"type": "array", "items": {"type": "object", "required": ["op", "path"]}}


@dataclass(frozen=True)
class YamlDocument:
    """A YAML document that was given as a path or as text."""

    file: str
    text: str
    data: Any
    places: Places = field(repr=False)

    @classmethod
    def of(cls, given: str) -> "YamlDocument":
        """Return the document; raise `InvalidInput` if it cannot be read, or is not YAML."""
        text, file = source(given)
        return cls(file, text, *parse(text, file))

    def complaint(self, flaw: Flaw) -> Complaint:
        """Return the complaint for a flaw, with its place in the document."""
        return Complaint(self.file, *place(self.places, flaw.path), dotted(flaw.path), flaw.what, flaw.remedy)


@dataclass(frozen=True)
class Persona:
    """An Anvil persona."""

    listed: tuple[str, ...]  # all components in the file
    components: tuple[str, ...]  # those that the origins do not disable
    subsystems: Mapping[str, list[str]]
    options: Mapping[str, Mapping[str, Any]]
    versions: Mapping[str, str]  # component -> tag or branch in the origins
    document: YamlDocument
    origins: YamlDocument | None  # None: Anvil's own


def load(persona: str, origins: str | None) -> Persona:
    """Return a persona; raise `InvalidInput` with all complaints about it and its origins.

    Both arguments are a path, absolute or relative to the checkout, or the YAML text itself.
    """
    document, other = YamlDocument.of(persona), YamlDocument.of(origins) if origins else None
    complaints = [document.complaint(flaw) for flaw in flaws(document.data, _PERSONA)]
    if other:
        complaints += [other.complaint(flaw) for flaw in flaws(other.data, _ORIGINS)]
    if complaints:
        raise InvalidInput(complaints)
    known: Mapping[str, Mapping[str, Any]] = other.data if other else {}
    if complaints := [document.complaint(flaw) for flaw in _flaws(document.data, known if other else None)]:
        raise InvalidInput(complaints)
    disabled = {name for name, origin in known.items() if origin.get("disabled")}
    return Persona(
        tuple(_names(document.data)),
        tuple(name for name in _names(document.data) if name not in disabled),
        document.data.get("subsystems") or {},
        {name: options or {} for name, options in (document.data.get("options") or {}).items()},
        {
            name: str(origin.get("tag", origin.get("branch")))
            for name, origin in known.items()
            if {"tag", "branch"} & origin.keys()
        },
        document,
        other,
    )


def patch(given: str) -> YamlDocument:
    """Return a JSON patch (RFC 6902) that is given as a path or text; raise `InvalidInput` if it is not one."""
    document = YamlDocument.of(given)
    if complaints := [document.complaint(flaw) for flaw in flaws(document.data, _PATCH)]:
        raise InvalidInput(complaints)
    return document


def _names(data: Mapping[str, Any]) -> list[str]:
    return [one if isinstance(one, str) else next(iter(one), "") for one in data["components"]]


def _flaws(data: Mapping[str, Any], origins: Mapping[str, Any] | None) -> Iterator[Flaw]:
    names = _names(data)
    free = data.get("no-origin") or []
    seen = Counter[str]()
    for index, name in enumerate(names):
        here = ("components", index)
        seen[name] += 1
        if name not in COMPONENTS:
            yield Flaw(here, f"unknown component {name!r}", did_you_mean(name, COMPONENTS))
        elif seen[name] > 1:
            yield Flaw(here, f"names {name} a second time", "remove one of the two")
        elif origins is not None and name not in origins and name not in free:
            remedy = "add it to the origins or to `no-origin`, or remove it"
            yield Flaw(here, f"{name} has no origin, so Anvil would silently leave it out", remedy)
    for key in ("subsystems", "options"):
        for name in data.get(key) or {}:
            if name not in COMPONENTS:
                yield Flaw((key, str(name)), f"unknown component {name!r}", did_you_mean(str(name), COMPONENTS))
