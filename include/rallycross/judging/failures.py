"""What went wrong, and how often: failures with the same cause are one group, as a fold."""

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import blake2b

from rallycross.judging.batch import Batch
from rallycross.results.workload_figures import FailureGroup

# What differs from one failure to the next though the cause is the same; the longer forms come first.
_VARIABLE = (
    (re.compile(r"\breq-[0-9a-f-]{36}\b", re.IGNORECASE), "<request>"),
    (re.compile(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b", re.IGNORECASE), "<uuid>"),
    (re.compile(r"\b([cs]_rally_)[0-9a-f]{8}_[0-9a-zA-Z]{8}\b"), r"\1<name>"),  # as we name things: `cloud.naming`
    (re.compile(r"\b[0-9a-f]{32,64}\b", re.IGNORECASE), "<id>"),
    (re.compile(r"\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b", re.IGNORECASE), "<mac>"),
    (
        re.compile(
            r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?: ?Z\b| ?[+-]\d\d:?\d\d\b)?)?"
            r"|\b\d\d:\d\d:\d\d(?:[.,]\d+)?\b"
        ),
        "<time>",
    ),
    (re.compile(r"\b0x[0-9a-f]+\b", re.IGNORECASE), "<address>"),
    (re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b"), "<ip>"),
    (re.compile(r"\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{8,31}\b", re.IGNORECASE), "<id>"),
)
# A number that stands alone, or has a unit behind it. In a name, such as m1.tiny, v2.1 or ipv4, it is part of the name.
_NUMBER = re.compile(r"(?<![A-Za-z_\d.<])[+-]?\d+(?:[.,]\d+)*(?=(?:[A-Za-z%]{1,3})?(?![\w]))")
# What says that the next number is a code, which tells one cause from another: HTTP's, the system's, a program's.
_CODE = re.compile(
    r"(?:\b(?:HTTP(?:/[\d.]+)?|status|code|errno|signal|answered|returned|expected|to be|and is)\b"
    r"\W{0,4}(?:is|was|of)?\W{0,3}"
    r"|^(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) \S+: )$",
    re.IGNORECASE,
)
# A status with words around it by which it is known: "404 Client Error", as requests has it; "(403, <request>)".
_ERROR_BEHIND = re.compile(r":? (?:Client|Server) Error\b|, <request>", re.IGNORECASE)
_LOOK_BACK = 24  # characters in front of a number in which such a word stands; a whole request may be longer
_SHOWN = 50  # groups; a report with more than these helps nobody
_KEPT = 1000  # groups; there are more only where each failure has a text of its own


@lru_cache(maxsize=1024)
def normalised(message: str) -> str:
    """Return a message without what differs from one time to the next: ids, names, addresses, times, figures.

    Codes stay: a status of 404 and one of 500 are two causes.
    """
    for pattern, name in _VARIABLE:
        message = pattern.sub(name, message)
    return _NUMBER.sub(_figure, message).strip()


def _figure(found: re.Match[str]) -> str:
    text, at = found.string, found.start()
    before = text[text.rfind("\n", 0, at) + 1 : at]
    is_code = _CODE.search(before[-_LOOK_BACK:]) or _CODE.match(before) or _ERROR_BEHIND.match(text, found.end())
    return found[0] if is_code else "<n>"


_Key = tuple[str, str]  # kind, normalised message


@dataclass(frozen=True, order=True)
class _Example:
    iteration: int
    message: str
    detail: str
    request_id: str


@dataclass
class _Group:
    count: int
    first: float
    last: float
    example: _Example

    def merge(self, other: "_Group") -> None:
        self.count += other.count
        self.first = min(self.first, other.first)
        self.last = max(self.last, other.last)
        self.example = min(self.example, other.example)

    def told(self, kind: str, message: str) -> FailureGroup:
        return FailureGroup(
            kind=kind,
            message=message,
            count=self.count,
            first=self.first,
            last=self.last,
            iteration=self.example.iteration,
            example=self.example.message,
            detail=self.example.detail,
            request_id=self.example.request_id,
        )


class Failures:
    """Groups failures by their kind and normalised message, with the earliest iteration's as the example."""

    def __init__(self) -> None:
        self._groups: dict[_Key, _Group] = {}
        self._others: _Group | None = None  # what no group is kept for
        self._bound: bytes | None = None  # the least lot for which none is

    def add(self, batch: Batch) -> None:
        """Take some samples."""
        for position, failure in batch.failures:
            at = float(batch.ended[position])
            example = _Example(
                int(batch.iteration[position]), failure["message"], failure["detail"], failure["request_id"]
            )
            self._take((failure["kind"], normalised(failure["message"])), _Group(1, at, at, example))

    def merge(self, other: "Failures") -> None:
        """Take what another has taken."""
        for key, group in other._groups.items():
            self._take(key, replace(group))
        if other._others:
            self._take_other(other._others)

    def close(self) -> tuple[FailureGroup, ...]:
        """Return the groups, the most frequent first; of more than 50 the rest are one without a kind."""
        groups = sorted(self._groups.items(), key=lambda item: (-item[1].count, item[0]))
        told = [group.told(kind, message) for (kind, message), group in groups[:_SHOWN]]
        rest = [group for _, group in groups[_SHOWN:]] + ([self._others] if self._others else [])
        if rest:
            whole = replace(rest[0])
            for group in rest[1:]:
                whole.merge(group)
            told.append(whole.told("", f"{len(rest)}{' or more' if self._others else ''} other causes"))
        return tuple(told)

    def _take(self, key: _Key, group: _Group) -> None:
        if key in self._groups:
            self._groups[key].merge(group)
            return
        if self._bound is not None and _lot(key) >= self._bound:
            self._take_other(group)
            return
        self._groups[key] = group
        if len(self._groups) > _KEPT:
            last = max(self._groups, key=_lot)
            self._bound = _lot(last)
            self._take_other(self._groups.pop(last))

    def _take_other(self, group: _Group) -> None:
        if self._others:
            self._others.merge(group)
        else:
            self._others = replace(group)


@lru_cache(maxsize=2 * _KEPT)
def _lot(key: _Key) -> bytes:
    """Return by what lot a cause is kept or not: the least ones are, of a part as of the whole, in whatever order."""
    return blake2b("\0".join(key).encode(errors="replace"), digest_size=8).digest()
