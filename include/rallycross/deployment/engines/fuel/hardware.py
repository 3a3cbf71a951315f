"""Filters on a node's hardware, as in Rally: `ram>=8G`, `cpus>4`, `storage>=1T`, `mac==64:60:46:2e:8c:01`."""

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

_EXPRESSION = re.compile(r"(ram|cpus|storage|mac)(==|!=|<=|>=|<|>)(.+)")
_NUMBER = re.compile(r"(\d+)([KMGT]?)")
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}


def complain(expressions: Iterable[Any]) -> str | None:
    """Return what is wrong with the filters of a role, or None."""
    for expression in expressions:
        match = _EXPRESSION.fullmatch(expression) if isinstance(expression, str) else None
        if match is None:
            return f"must be expressions such as ram>=8G, cpus>4, storage>=1T or mac==..., not {expression!r}"
        if match[1] == "mac":
            if match[2] not in {"==", "!="}:
                return f"must compare a mac by == or !=, not {expression!r}"
        elif not _NUMBER.fullmatch(match[3]):
            return f"must compare with a whole number, optionally with K, M, G or T, not {expression!r}"
    return None


def fits(node: Mapping[str, Any], expressions: Iterable[str]) -> bool:
    """Return whether a node, as Nailgun returns it, matches all of these checked filters."""
    for expression in expressions:
        match = _EXPRESSION.fullmatch(expression)
        assert match is not None
        key, sign, wanted = match.groups()
        if not _COMPARE[sign](_value(node, key), wanted.lower() if key == "mac" else _number(wanted)):
            return False
    return True


def described(node: Mapping[str, Any]) -> str:
    """Return the values that filters compare, for messages."""
    ram, storage = _value(node, "ram") / (1 << 30), _value(node, "storage") / (1 << 30)
    return f"ram {ram:.4g}G, cpus {_value(node, 'cpus')}, storage {storage:.4g}G, mac {_value(node, 'mac')}"


def _value(node: Mapping[str, Any], key: str) -> Any:
    meta = node.get("meta") or {}
    match key:
        case "ram":
            return (meta.get("memory") or {}).get("total") or 0
        case "cpus":
            return (meta.get("cpu") or {}).get("total") or 0
        case "storage":
            return sum(disk.get("size") or 0 for disk in meta.get("disks") or [])
    return str(node["mac"]).lower()


def _number(text: str) -> int:
    match = _NUMBER.fullmatch(text)
    assert match is not None
    return int(match[1]) * _UNITS[match[2]]
