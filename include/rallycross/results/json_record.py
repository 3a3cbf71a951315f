"""Frozen dataclasses as JSON documents that other versions of the program can read.

A key that the dataclass does not have is kept in `unknown` and written again. A missing key gets the field's default. A
value of the wrong type is damage, and is reported with its place. The smallest part that can be left out is dropped
with it: a value that may be None, a record in a list or a mapping, a list that may be empty, else the whole record.
"""

import json
import reprlib
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

_LARGEST = 2**63  # the limit of a database's integer
_NAMED = 3  # damaged places that a message names

# Metadata of a field. "key" is the field's key in the document, where it differs from the field's name.
APART: Mapping[str, Any] = {"key": None}  # has no key of its own: the caller of `read` and `written` handles it
ADDED: Mapping[str, Any] = {"added": True}  # added in a later version: if it is None, its key is left out


@dataclass(frozen=True)
class Record:
    """A dataclass that is stored as a JSON object, with a key for each field.

    Fields have the types int, float, str, `X | None`, `tuple[X, ...]`, `Mapping[str, X]` and other records.
    """

    unknown: Mapping[str, Any] = field(default_factory=dict, kw_only=True, metadata=APART)

    def flaw(self) -> str:
        """Return in what way the fields contradict each other, or ""."""
        return ""


R = TypeVar("R", bound=Record)


def read(kind: type[R], document: Any, place: str, damage: list[str]) -> R | None:
    """Return a document as a record, or None if it cannot be read; append each damaged place to `damage`."""
    try:
        record: R = _record(kind, document, place, damage)
    except _Damaged as error:
        damage.append(str(error))
        return None
    return record


def written(record: Record) -> dict[str, Any]:
    """Return a record as a document."""
    kind: Any = type(record)
    document = {}
    for one, name in _keys(kind):
        value = getattr(record, one.name)
        if value is not None or "added" not in one.metadata:
            document[name] = _plain(value)
    return {**document, **record.unknown}


def damage_summary(damage: list[str]) -> str:
    """Return the first damaged places, and how many more there are, as one sentence."""
    more = f"; and {len(damage) - _NAMED} more places" if len(damage) > _NAMED else ""
    return "; ".join(damage[:_NAMED]) + more


class _Damaged(Exception):  # noqa: N818 - never leaves this module
    pass


def _plain(value: Any) -> Any:
    if isinstance(value, Record):
        return written(value)
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    return value


def _value(kind: Any, given: Any, place: str, damage: list[str]) -> Any:
    """Return a value converted to a field's type. Raises `_Damaged` if it has another type."""
    if kind in _PLAIN:
        return _PLAIN[kind](given, place)
    origin, inner = get_origin(kind), get_args(kind)
    if origin is UnionType:
        return None if given is None else _optional(inner, given, place, damage)
    if origin is tuple:
        return _list(inner[0], given, place, damage)
    if origin is Mapping:
        named = {name: read(inner[1], one, f"{place}.{name}", damage) for name, one in _object(given, place).items()}
        return {name: one for name, one in named.items() if one is not None}
    return _record(kind, given, place, damage)


def _list(kind: Any, given: Any, place: str, damage: list[str]) -> tuple[Any, ...]:
    entries = given if isinstance(given, list) else _raise(given, place, "a list")
    of_numbers = set(map(type, entries)) <= _NUMBERS.get(kind, _NONE)
    if of_numbers and all(-_LARGEST < one < _LARGEST for one in entries if one):
        return tuple(entries)  # fast path: a course has thousands of numbers, nearly always undamaged
    if not issubclass(get_origin(kind) or kind, Record):
        return tuple(_value(kind, one, f"{place}[{at}]", damage) for at, one in enumerate(entries))
    every = [read(kind, one, f"{place}[{at}]", damage) for at, one in enumerate(entries)]
    return tuple(one for one in every if one is not None)


def _optional(inner: tuple[Any, ...], given: Any, place: str, damage: list[str]) -> Any:
    try:
        return _value(next(one for one in inner if one is not NoneType), given, place, damage)
    except _Damaged as error:
        damage.append(str(error))
        return None


def _record(kind: Any, document: Any, place: str, damage: list[str]) -> Any:
    given = _object(document, place)
    types = _types(kind)
    values: dict[str, Any] = {}
    known = set()
    for one, name in _keys(kind):
        known.add(name)
        if name in given:
            try:
                values[one.name] = _value(types[one.name], given[name], f"{place}.{name}", damage)
            except _Damaged as error:
                if one.default != ():
                    raise
                damage.append(str(error))
        elif one.default is MISSING and one.default_factory is MISSING:
            raise _Damaged(f"{place}.{name} is missing")
    others = [name for name in given if name not in known and _is_json(given[name], f"{place}.{name}", damage)]
    record = kind(**values, unknown={name: given[name] for name in others})
    if flaw := record.flaw():
        raise _Damaged(f"{place}: {flaw}")
    return record


def _is_number(given: Any) -> bool:
    return (
        isinstance(given, int | float) and not isinstance(given, bool) and abs(given) < _LARGEST
    )  # NaN fails this comparison


def _number(given: Any, place: str) -> Any:
    return given if _is_number(given) else _raise(given, place, "a number")


def _whole(given: Any, place: str) -> int:
    fits = _is_number(given) and given == int(given)
    return int(given) if fits else int(_raise(given, place, "a whole number"))


def _text(given: Any, place: str) -> str:
    return given if isinstance(given, str) else str(_raise(given, place, "a text"))


# The Python types that JSON numbers may have in a list of these types.
_NUMBERS: dict[Any, set[type]] = {float: {float, int}, int: {int}, float | None: {float, int, NoneType}}
_NONE: set[type] = set()
_PLAIN: dict[Any, Callable[[Any, str], Any]] = {float: _number, int: _whole, str: _text}


_WORDS = {None: "null", True: "true", False: "false"}


def _is_json(value: Any, place: str, damage: list[str]) -> bool:
    """Tell whether an unknown value can be written again: JSON has no NaN."""
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        damage.append(f"{place} is not JSON")
        return False
    return True


def _object(given: Any, place: str) -> Mapping[str, Any]:
    return given if isinstance(given, Mapping) else _raise(given, place, "an object")


def _raise(given: Any, place: str, wanted: str) -> Any:
    shown = _WORDS.get(given, "") if given is None or isinstance(given, bool) else reprlib.repr(given)
    raise _Damaged(f"{place} is {shown}, not {wanted}")


@cache
def _keys(kind: Any) -> tuple[tuple[Field[Any], str], ...]:
    """Return the fields that have a key of their own, with these keys."""
    named = ((one, one.metadata.get("key", one.name)) for one in fields(kind))
    return tuple((one, name) for one, name in named if name is not None)


@cache
def _types(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)
