"""Reads the parameters of a page's address; each complaint says which one, what is wrong, and what to do."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from rallycross.errors import RallycrossError, brief, did_you_mean
from rallycross.results.run_list import KINDS, VERDICTS, Marker, RunFilter

SIZE, LARGEST_SIZE = 50, 200  # rows of a page
LONGEST = 300  # characters of a parameter
_MARKER = re.compile(r"([0-9]{1,12}\.[0-9]{1,9})~([\w-]{1,36})")


class BadParameter(RallycrossError):  # noqa: N818 - reads as what it says
    """A parameter of an address cannot be used."""


def text(given: Mapping[str, str], name: str) -> str:
    """Return a text; "" if it is not given."""
    value = given.get(name, "").strip()
    if len(value) > LONGEST:
        raise BadParameter(f"{name}: has {len(value)} characters - use at most {LONGEST}")
    if "\0" in value or any("\ud800" <= one <= "\udfff" for one in value):
        raise BadParameter(f"{name}: has characters that no text has - leave them out")
    return value


def choice(given: Mapping[str, str], name: str, allowed: Sequence[str]) -> str:
    """Return one of several words; "" if it is not given."""
    value = text(given, name)
    if value and value not in allowed:
        remedy = did_you_mean(value, allowed) or f"use one of {', '.join(allowed)}"
        raise BadParameter(f"{name}: {brief(value)!r} is not known - {remedy}")
    return value


def whole(given: Mapping[str, str], name: str, *, default: int, least: int, most: int) -> int:
    """Return a whole number."""
    value = text(given, name)
    if not value:
        return default
    if not re.fullmatch(r"[0-9]{1,9}", value) or not least <= int(value) <= most:
        raise BadParameter(
            f"{name}: {brief(value)!r} is not a whole number from {least} to {most} - write such a number"
        )
    return int(value)


def moment(given: Mapping[str, str], name: str, *, end: bool = False) -> float | None:
    """Return a date, or a date with a time, in UTC, as seconds since the epoch; `end`: the end of a mere date."""
    value = text(given, name)
    if not value:
        return None
    try:
        at = datetime.fromisoformat(value)
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        found = (at + timedelta(days=1) if end and re.fullmatch(r"[\d-]+", value) else at).timestamp()
    except (ValueError, OverflowError):
        raise BadParameter(
            f"{name}: {brief(value)!r} is not a date - write it as 2026-11-30, or 2026-11-30T14:05, in UTC"
        ) from None
    return found


def marker(given: Mapping[str, str], name: str = "after") -> Marker | None:
    """Return where a page begins; None: at the newest run."""
    value = text(given, name)
    if not value:
        return None
    found = _MARKER.fullmatch(value)
    if found is None:
        raise BadParameter(f"{name}: {brief(value)!r} is not the end of a page - begin at the first page")
    return Marker(float(found[1]), found[2])


def shown_marker(found: Marker) -> str:
    """Return a marker as `marker` reads it."""
    return f"{found.started_at:.9f}~{found.uuid}"


def uuid(value: str) -> str:
    """Return a uuid in its usual form."""
    try:
        return str(UUID(value))
    except ValueError:
        raise BadParameter(f"{brief(value)!r} is not the uuid of a run - choose one from the list of runs") from None


def run_filter(given: Mapping[str, str]) -> RunFilter:
    """Return the filter of the list of runs."""
    return RunFilter(
        kind=choice(given, "kind", KINDS),  # type: ignore[arg-type]
        cloud=text(given, "cloud"),
        title=text(given, "title"),
        tag=text(given, "tag"),
        verdict=choice(given, "verdict", VERDICTS),  # type: ignore[arg-type]
        since=moment(given, "since"),
        until=moment(given, "until", end=True),
    )
