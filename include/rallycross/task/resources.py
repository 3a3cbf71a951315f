"""Which thing in a cloud an argument of a task file means: by id, name, or pattern of names, with Rally's rules."""

from collections.abc import Mapping, Sequence
from typing import Any

from rallycross.cloud.facts import NamedResource
from rallycross.cloud.service import is_exact
from rallycross.errors import brief
from rallycross.regex_search import BadPatterns, search_all

# Where a pattern fits several, the last by name is taken for an image; for all else that is an error.
_LAST_OF_MANY = frozenset({"image"})


class NotFound(Exception):  # noqa: N818 - what it says is the whole message
    """Nothing, or more than one thing, is meant."""

    remedy = ""


class _Several(NotFound):
    """More than one thing is meant."""


class _Unusable(NotFound):
    """What is meant cannot be used."""

    remedy = "name another, or make it usable"


def find(kind: str, spec: Mapping[str, Any] | str, things: Sequence[NamedResource]) -> NamedResource:
    """Return the one thing that `spec` means, of those that can be used; raise `NotFound` with the reason.

    As in Rally these are images that are active (unless `list_kwargs` asks for another status), public volume types,
    flavors that are not disabled.
    """
    wrong = {thing.id: _wrong(kind, spec, thing) for thing in things}
    try:
        return _find(kind, spec, [thing for thing in things if not wrong[thing.id]])
    except _Several:
        raise
    except NotFound as reason:
        try:
            meant = _find(kind, spec, [thing for thing in things if wrong[thing.id]])
        except NotFound:
            raise reason from None
        raise _Unusable(f"the {kind.replace('_', ' ')} '{meant.name}' is {wrong[meant.id]}") from None


def is_usable(kind: str, thing: NamedResource) -> bool:
    """Return whether a thing is among those that can be meant."""
    return not _wrong(kind, "", thing)


def _wrong(kind: str, spec: Mapping[str, Any] | str, thing: NamedResource) -> str:
    """Return why a thing is not among those that Rally would list; nothing where it is."""
    filters = (spec.get("list_kwargs") or {}) if isinstance(spec, Mapping) else {}
    if kind == "image" and "status" not in filters and thing.details.get("status", "active") != "active":
        return str(thing.details["status"])
    if kind == "flavor" and thing.details.get("disabled"):
        return "disabled"
    if kind == "volume_type" and not thing.details.get("public", True):
        return "not public"
    return ""


def _find(kind: str, spec: Mapping[str, Any] | str, things: Sequence[NamedResource]) -> NamedResource:
    """Return the one thing that `spec` means: a mapping with `id`, `name` or `regex`; or a bare text, name or id.

    An exact name wins. Without one the name is read as a pattern, as `regex` is. Raise `NotFound` with the reason.
    """
    called = kind.replace("_", " ")
    if isinstance(spec, str):
        return _first([thing for thing in things if spec in {thing.name, thing.id}], f"there is no {called} '{spec}'")
    if "id" in spec:
        wanted = str(spec["id"])
        return _first([thing for thing in things if thing.id == wanted], f"there is no {called} with the id '{wanted}'")
    pattern = spec.get("name", spec.get("regex"))
    if pattern is None:
        raise NotFound(f"says neither `id` nor `name` nor `regex` of the {called}")
    things = [thing for thing in things if _listed(thing, spec.get("list_kwargs") or {})]
    exact = [thing for thing in things if thing.name == pattern] if "name" in spec else []
    if is_exact(kind):
        return _first(exact, f"there is no {called} '{pattern}'")
    fitting = exact or _fitting(kind, str(pattern), things, accurate=spec.get("accurate", False) and "name" in spec)
    if not fitting:
        raise NotFound(f"there is no {called} '{pattern}'")
    if len(fitting) > 1 and (exact or kind not in _LAST_OF_MANY or spec.get("accurate", False)):
        names = ", ".join(f"{thing.name} ({thing.id})" for thing in fitting)
        raise _Several(f"'{pattern}' fits {len(fitting)} {called}s: {names}")
    return max(fitting, key=lambda thing: thing.name)


def _first(things: Sequence[NamedResource], reason: str) -> NamedResource:
    if not things:
        raise NotFound(reason)
    return things[0]


def _listed(thing: NamedResource, filters: Mapping[str, Any]) -> bool:
    """Return whether a list with glance's filters would have the thing; a filter on what is not known lets it pass."""
    return all(thing.details.get(key, value) == value for key, value in filters.items() if value is not None)


def _fitting(kind: str, pattern: str, things: Sequence[NamedResource], *, accurate: bool) -> list[NamedResource]:
    if accurate:
        return []
    try:
        (numbers,) = search_all([pattern], [thing.name for thing in things])
    except BadPatterns as error:
        why = error.why[0].removeprefix("not a regular expression: ")
        raise NotFound(
            f"'{brief(pattern)}' is neither the name of any {kind} nor a regular expression that can be used ({why})"
        ) from error
    return [things[number] for number in sorted(numbers)]
