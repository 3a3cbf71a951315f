"""Rally's names: tells names that are not supported yet, or no longer exist, from typing errors."""

from collections.abc import Iterable
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from rallycross.errors import brief, did_you_mean

_OF_A_PLUGIN = "Rally plugins such as xrally-kubernetes are not loaded: rewrite the scenario, see docs/scenarios.md"
_SHOWN = 100  # characters of a name


def unknown(kind: str, written: str, name: str, known: Iterable[str]) -> tuple[str, str]:
    """Return the complaint about a name that is not known here, and a remedy.

    `kind` is "scenario", "context", "runner", "SLA criterion", "hook trigger" or "hook action"; `name` is
    `written` without its platform.
    """
    names = _names()
    written = brief(written, _SHOWN)
    for pattern, reason in names["gone"].get(kind, {}).items():
        if fnmatchcase(name, pattern):
            return f"the {kind} '{written}' is gone: {reason['why']}", reason["instead"]
    alive = [one for of_service in names["alive"].get(kind, {}).values() for one in of_service]
    if name in alive:
        return f"the {kind} '{written}' is not supported yet", "leave it out for now"
    remedy = did_you_mean(name, {*known, *alive})
    if kind == "scenario" and not _like_a_group(name, {*known, *alive}):
        remedy = _OF_A_PLUGIN
    return f"unknown {kind} '{written}'", remedy


def _like_a_group(name: str, known: Iterable[str]) -> bool:
    """Return whether the part before the dot is that of a known scenario, apart from typing errors."""
    groups = {one.partition(".")[0] for one in known}
    return "." not in name or bool(get_close_matches(name.partition(".")[0][:_SHOWN], groups, n=1, cutoff=0.75))


@cache
def _names() -> Any:
    return yaml.safe_load(files(__package__).joinpath("rallys_names.yaml").read_text())
