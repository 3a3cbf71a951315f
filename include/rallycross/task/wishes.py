"""What contexts ask for by bare names and versions: roles, domains, quotas, microversions, services."""

from dataclasses import dataclass

from rallycross.cloud.facts import CloudFacts
from rallycross.errors import did_you_mean


@dataclass(frozen=True)
class Wish:
    """One thing that a context asks for."""

    kind: str  # see `inventory.facts`
    key: str  # where in the context it stands
    wanted: str


def unmet(wish: Wish, facts: CloudFacts) -> tuple[str, str] | None:
    """Return what a cloud lacks of a wish, and a remedy; None where it has it, or has not told."""
    there = facts.things.get(wish.kind, ())
    if wish.kind.endswith("_microversion"):
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
    names = {one.name for one in there}
    client, _, quota = wish.kind.rpartition("_")
    if quota == "quota":
        return f"{client} of {facts.cloud} has no quota of '{wish.wanted}'", did_you_mean(wish.wanted, names)
    what = f"there is no {wish.kind.replace('_', ' ')} '{wish.wanted}' in {facts.cloud}"
    return what, did_you_mean(wish.wanted, names)


def _version(written: str) -> tuple[int, ...]:
    return tuple(int(part) for part in written.split("."))


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
