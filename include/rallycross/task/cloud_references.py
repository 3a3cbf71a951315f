"""References of contexts and arguments to a cloud: roles, domains, quotas, networks, microversions."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rallycross.cloud.facts import CloudFacts, NamedResource
from rallycross.cloud.service import of_type
from rallycross.cloud.versions import as_numbers
from rallycross.errors import did_you_mean


@dataclass(frozen=True)
class CloudReference:
    """One thing in a cloud that a context or an argument refers to."""

    kind: str  # see `inventory.facts`
    key: str  # where it is in the context or the argument
    wanted: str
    by_id: bool = False  # `wanted` is an id: the API does not accept a name
    needed: bool = False  # of a microversion: what refers to it cannot do without


def microversion(service: str, wanted: str, key: str = "") -> CloudReference:
    """Return the reference to a microversion of a service, by its type, that is needed."""
    return CloudReference(of_type(service).microversion_fact, key, wanted, needed=True)


def unmet(reference: CloudReference, facts: CloudFacts) -> tuple[str, str] | None:
    """Return what is wrong with the reference, and a remedy; None if the cloud has it, or did not report that kind."""
    there = facts.things.get(reference.kind, ())
    if reference.kind.endswith("_microversion"):
        return _unmet_microversion(reference, facts)
    if reference.by_id:
        return _unmet_id(reference, facts)
    if not there or any(reference.wanted in {one.id, one.name} for one in there):
        return None
    names = {one.name for one in there}
    client, _, quota = reference.kind.rpartition("_")
    if quota == "quota":
        return f"{client} of {facts.cloud} has no quota of '{reference.wanted}'", did_you_mean(reference.wanted, names)
    what = f"there is no {reference.kind.replace('_', ' ')} '{reference.wanted}' in {facts.cloud}"
    return what, did_you_mean(reference.wanted, names)


def _unmet_microversion(reference: CloudReference, facts: CloudFacts) -> tuple[str, str] | None:
    for one in facts.things.get(reference.kind, ()):
        least, most, wanted = one.details["min"], one.details["max"], as_numbers(reference.wanted)
        if least <= wanted <= most:
            continue
        spoken = f"{_dotted(least)} to {_dotted(most)}"
        if reference.needed:
            other = f"a newer {one.name}" if wanted > most else f"an older {one.name}"
            what = f"needs {one.name}'s microversion {reference.wanted}; {facts.cloud} has {spoken}"
            return what, f"leave it out, or choose a cloud with {other}"
        return f"{facts.cloud} has {one.name}'s microversions {spoken}, not {reference.wanted}", "use one of these"
    return None


def _unmet_id(reference: CloudReference, facts: CloudFacts) -> tuple[str, str] | None:
    there = facts.things.get(reference.kind, ())
    if any(reference.wanted == one.id for one in there):
        return None
    called = next((one.id for one in there if one.name == reference.wanted), "")
    remedy = (
        f"use the id of the {reference.kind} of this name: {called}"
        if called
        else did_you_mean(reference.wanted, _ids(there))
    )
    return f"there is no {reference.kind} with the id '{reference.wanted}' in {facts.cloud}", remedy


def _ids(things: tuple[NamedResource, ...]) -> set[str]:
    return {one.id for one in things}


def networks_of(nics: Any) -> Iterator[CloudReference]:
    """Yield the networks in novaclient's `nics`, which a server is attached to by id."""
    for number, nic in enumerate(nics if isinstance(nics, list) else ()):
        for key in ("net-id", "uuid"):
            if isinstance(nic, dict) and isinstance(nic.get(key), str):
                yield CloudReference("network", f"[{number}].{key}", nic[key], by_id=True)
        if isinstance(nic, str):
            yield CloudReference("network", f"[{number}]", nic, by_id=True)


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
