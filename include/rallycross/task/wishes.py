"""What contexts ask for by bare names and versions: roles, domains, microversions, types and names of services."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rallycross.cloud.facts import CloudFacts
from rallycross.cloud.versions import MICROVERSIONS
from rallycross.errors import did_you_mean
from rallycross.task.plan import Workload


@dataclass(frozen=True)
class Wish:
    """One thing that a context asks for."""

    context: str
    key: str  # where in the context it stands
    wanted: str


def wishes_of(workload: Workload) -> dict[str, list[Wish]]:
    """Return what a workload's contexts ask for, by kind: see `inventory.KINDS`."""
    found: dict[str, list[Wish]] = {}
    for kind, wish in _wishes(workload.contexts):
        found.setdefault(kind, []).append(wish)
    return found


def _wishes(contexts: Mapping[str, Any]) -> Iterator[tuple[str, Wish]]:
    for number, role in enumerate(contexts.get("roles") or ()):
        yield "role", Wish("roles", f"[{number}]", str(role))
    users = contexts.get("users") or {}
    for key in ("project_domain", "user_domain"):
        if key in users:
            yield "domain", Wish("users", key, str(users[key]))
    for client, asked in (contexts.get("api_versions") or {}).items():
        if "version" in asked and client in MICROVERSIONS and _is_micro(str(asked["version"])):
            yield f"{client}_microversion", Wish("api_versions", f"{client}.version", str(asked["version"]))
        if "service_type" in asked:
            yield "service_type", Wish("api_versions", f"{client}.service_type", str(asked["service_type"]))
        if "service_name" in asked:
            yield "service_name", Wish("api_versions", f"{client}.service_name", str(asked["service_name"]))


def unmet(kind: str, wish: Wish, facts: CloudFacts) -> tuple[str, str] | None:
    """Return what a cloud lacks of a wish, and a remedy; None where it has it, or has not told."""
    there = facts.things.get(kind, ())
    if kind.endswith("_microversion"):
        for one in there:
            least, most = one.details["min"], one.details["max"]
            if not least <= _version(wish.wanted) <= most:
                spoken = f"{_dotted(least)} to {_dotted(most)}"
                return (
                    f"{facts.cloud} has {one.name}'s microversions {spoken}, not {wish.wanted}",
                    "ask for one of these",
                )
        return None
    if not there or any(wish.wanted in {one.id, one.name} for one in there):
        return None
    what = f"there is no {kind.replace('_', ' ')} '{wish.wanted}' in {facts.cloud}"
    return what, did_you_mean(wish.wanted, {one.name for one in there})


def _is_micro(written: str) -> bool:
    return bool(written.partition(".")[2].strip("0"))


def _version(written: str) -> tuple[int, ...]:
    return tuple(int(part) for part in written.split("."))


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
