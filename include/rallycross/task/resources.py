"""Which thing in a cloud an argument of a task file means: by id, name, or pattern of names, with Rally's rules."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from rallycross.cloud.facts import Named

# Where a pattern fits several, the last by name is taken for an image; for all else that is an error.
_LAST_OF_MANY = frozenset({"image"})


class NotFound(Exception):  # noqa: N818 - what it says is the whole message
    """Nothing, or more than one thing, is meant."""


def find(kind: str, spec: Mapping[str, Any], things: Sequence[Named]) -> str:
    """Return the id of the one thing that `spec` means: a mapping with `id`, `name` or `regex`.

    An exact name wins. Without one the name is read as a pattern, as `regex` is. Raise `NotFound` with the reason.
    """
    if "id" in spec:
        if not any(thing.id == str(spec["id"]) for thing in things):
            raise NotFound(f"there is no {kind} with the id '{spec['id']}'")
        return str(spec["id"])
    pattern = spec.get("name", spec.get("regex"))
    if pattern is None:
        raise NotFound(f"says neither `id` nor `name` nor `regex` of the {kind}")
    exact = [thing for thing in things if thing.name == pattern] if "name" in spec else []
    fitting = exact or _fitting(kind, str(pattern), things, accurate=spec.get("accurate", False) and "name" in spec)
    if not fitting:
        raise NotFound(f"there is no {kind} '{pattern}'")
    if len(fitting) > 1 and (exact or kind not in _LAST_OF_MANY or spec.get("accurate", False)):
        names = ", ".join(f"{thing.name} ({thing.id})" for thing in fitting)
        raise NotFound(f"'{pattern}' fits {len(fitting)} {kind}s: {names}")
    return max(fitting, key=lambda thing: thing.name).id


def _fitting(kind: str, pattern: str, things: Sequence[Named], *, accurate: bool) -> list[Named]:
    if accurate:
        return []
    try:
        return [thing for thing in things if re.search(pattern, thing.name)]
    except re.error as error:
        raise NotFound(f"'{pattern}' is neither the name of any {kind} nor a regular expression ({error})") from error
