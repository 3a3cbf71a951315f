"""Finds the resource in a cloud that an argument means: by id, name, or pattern of names, by Rally's rules."""

from collections.abc import Mapping, Sequence
from typing import Any

from rallycross.cloud.facts import NamedResource
from rallycross.cloud.service import is_exact
from rallycross.errors import brief
from rallycross.regex_search import BadPatterns, search_all

# If a pattern matches several images, the last by name is used; for other kinds that is an error.
_LAST_OF_MANY = frozenset({"image"})


class NotFound(Exception):  # noqa: N818 - its text is the whole message
    """No resource matches, or more than one does."""

    remedy = ""


class _Several(NotFound):
    """More than one resource matches."""


class _Unusable(NotFound):
    """The matching resource cannot be used."""

    remedy = "name another, or make it usable"


def find(kind: str, spec: Mapping[str, Any] | str, things: Sequence[NamedResource]) -> NamedResource:
    """Return the one usable resource that `spec` means; raise `NotFound` with the reason if there is not exactly one.

    As in Rally, usable are active images (unless `list_kwargs` asks for another status), public volume types, and
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
    """Return whether a resource can be used."""
    return not _wrong(kind, "", thing)


def _wrong(kind: str, spec: Mapping[str, Any] | str, thing: NamedResource) -> str:
    """Return why Rally would not list a resource; "" if it would."""
    filters = (spec.get("list_kwargs") or {}) if isinstance(spec, Mapping) else {}
    if kind == "image" and "status" not in filters and thing.details.get("status", "active") != "active":
        return str(thing.details["status"])
    if kind == "flavor" and thing.details.get("disabled"):
        return "disabled"
    if kind == "volume_type" and not thing.details.get("public", True):
        return "not public"
    return ""


def _find(kind: str, spec: Mapping[str, Any] | str, things: Sequence[NamedResource]) -> NamedResource:
    """Return the one resource that `spec` means: a mapping with `id`, `name` or `regex`, or a string with a name or id.

    An exact name wins; otherwise the name is a pattern, like `regex`. Raise `NotFound` with the reason.
    """
    called = kind.replace("_", " ")
    if isinstance(spec, str):
        return _first([thing for thing in things if spec in {thing.name, thing.id}], f"there is no {called} '{spec}'")
    if "id" in spec:
        wanted = str(spec["id"])
        return _first([thing for thing in things if thing.id == wanted], f"there is no {called} with the id '{wanted}'")
    pattern = spec.get("name", spec.get("regex"))
    if pattern is None:
        raise NotFound(f"has no `id`, `name` or `regex` of the {called}")
    things = [thing for thing in things if _listed(thing, spec.get("list_kwargs") or {})]
    exact = [thing for thing in things if thing.name == pattern] if "name" in spec else []
    if is_exact(kind):
        return _first(exact, f"there is no {called} '{pattern}'")
    fitting = exact or _fitting(kind, str(pattern), things, accurate=spec.get("accurate", False) and "name" in spec)
    if not fitting:
        raise NotFound(f"there is no {called} '{pattern}'")
    if len(fitting) > 1 and (exact or kind not in _LAST_OF_MANY or spec.get("accurate", False)):
        names = ", ".join(f"{thing.name} ({thing.id})" for thing in fitting)
        raise _Several(f"'{pattern}' matches {len(fitting)} {called}s: {names}")
    return max(fitting, key=lambda thing: thing.name)


def _first(things: Sequence[NamedResource], reason: str) -> NamedResource:
    if not things:
        raise NotFound(reason)
    return things[0]


def _listed(thing: NamedResource, filters: Mapping[str, Any]) -> bool:
    """Return whether glance would list the resource with these filters; filters on unknown fields are ignored."""
    return all(thing.details.get(key, value) == value for key, value in filters.items() if value is not None)


def _fitting(kind: str, pattern: str, things: Sequence[NamedResource], *, accurate: bool) -> list[NamedResource]:
    if accurate:
        return []
    try:
        (numbers,) = search_all([pattern], [thing.name for thing in things])
    except BadPatterns as error:
        why = error.why[0].removeprefix("not a regular expression: ")
        raise NotFound(
            f"'{brief(pattern)}' is neither the name of any {kind} nor a usable regular expression ({why})"
        ) from error
    return [things[number] for number in sorted(numbers)]
