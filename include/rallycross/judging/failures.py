"""Groups failures by cause and counts them, as a fold."""

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import blake2b

from rallycross.judging.batch import Batch
from rallycross.results.workload_figures import FailureGroup

# Parts of a message that differ between failures with the same cause; longer forms first.
_VARIABLE = (
    (re.compile(r"\breq-[0-9a-f-]{36}\b", re.IGNORECASE), "<request>"),
    (re.compile(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b", re.IGNORECASE), "<uuid>"),
    (re.compile(r"\b([cs]_rally_)[0-9a-f]{8}_[0-9a-zA-Z]{8}\b"), r"\1<name>"),  # our names: see `cloud.naming`
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
# A number on its own, or with a unit. A number within a name, such as m1.tiny, v2.1 or ipv4, is part of the name.
_NUMBER = re.compile(r"(?<![A-Za-z_\d.<])[+-]?\d+(?:[.,]\d+)*(?=(?:[A-Za-z%]{1,3})?(?![\w]))")
# Words after which a number is a code (HTTP status, errno, exit code). Codes distinguish causes.
_CODE = re.compile(
    r"(?:\b(?:HTTP(?:/[\d.]+)?|status|code|errno|signal|answered|returned|expected|to be|and is)\b"
    r"\W{0,4}(?:is|was|of)?\W{0,3}"
    r"|^(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) \S+: )$",
    re.IGNORECASE,
)
# Words after a number that mark it as a status: "404 Client Error", from requests; "(403, <request>)".
_ERROR_BEHIND = re.compile(r":? (?:Client|Server) Error\b|, <request>", re.IGNORECASE)
_LOOK_BACK = 24  # characters before a number that are searched for such a word; a whole request may be longer
_SHOWN = 50  # groups that the report shows
_KEPT = 1000  # groups in memory; there are more only if each failure has a text of its own


@lru_cache(maxsize=1024)
def normalised(message: str) -> str:
    """Return a message without the parts that differ each time: ids, names, addresses, times, figures.

    Codes stay: a status of 404 and a status of 500 are different causes.
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

    def figures(self, kind: str, message: str) -> FailureGroup:
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
    """Groups failures by kind and normalised message. The example of a group is from its earliest iteration."""

    def __init__(self) -> None:
        self._groups: dict[_Key, _Group] = {}
        self._others: _Group | None = None  # all failures whose groups were dropped
        self._bound: bytes | None = None  # the smallest rank of a dropped group

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
        """Return the groups, the most frequent first. Beyond 50 the rest is one group without a kind."""
        groups = sorted(self._groups.items(), key=lambda item: (-item[1].count, item[0]))
        told = [group.figures(kind, message) for (kind, message), group in groups[:_SHOWN]]
        rest = [group for _, group in groups[_SHOWN:]] + ([self._others] if self._others else [])
        if rest:
            whole = replace(rest[0])
            for group in rest[1:]:
                whole.merge(group)
            told.append(whole.figures("", f"{len(rest)}{' or more' if self._others else ''} other causes"))
        return tuple(told)

    def _take(self, key: _Key, group: _Group) -> None:
        if key in self._groups:
            self._groups[key].merge(group)
            return
        if self._bound is not None and _rank(key) >= self._bound:
            self._take_other(group)
            return
        self._groups[key] = group
        if len(self._groups) > _KEPT:
            last = max(self._groups, key=_rank)
            self._bound = _rank(last)
            self._take_other(self._groups.pop(last))

    def _take_other(self, group: _Group) -> None:
        if self._others:
            self._others.merge(group)
        else:
            self._others = replace(group)


@lru_cache(maxsize=2 * _KEPT)
def _rank(key: _Key) -> bytes:
    """Return the rank of a cause. Those with the lowest ranks are kept, so the order of failures does not matter."""
    return blake2b("\0".join(key).encode(errors="replace"), digest_size=8).digest()
