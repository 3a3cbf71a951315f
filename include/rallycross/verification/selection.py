"""Selects the tests of a verification: a set, a pattern or a list, without those that cannot work on the cloud."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from rallycross.errors import RallycrossError, did_you_mean
from rallycross.regex_search import search_all
from rallycross.verification.lists import read_list
from rallycross.verification.testid import TestId
from rallycross.verification.verifier import Verifier

FAKE_HYPERVISOR, PRE_PROVISIONED = "fake-hypervisor", "pre-provisioned"  # skip lists
_NAMED = 10  # tests that a message names


@dataclass(frozen=True)
class Choice:
    """The tests that a user asks for: exactly one of `set`, `pattern` and `tests`.

    `skips` and `expected` map regular expressions, searched for in a test's name, to reasons. Tests that match `skips`
    are not run but reported as skipped; tests that match `expected` are expected to fail.
    """

    set: str = ""
    pattern: str = ""  # searched for in a test's id with its attributes
    tests: tuple[str, ...] = ()  # names
    skips: Mapping[str, str] = field(default_factory=dict)
    expected: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if sum(map(bool, (self.set, self.pattern, self.tests))) != 1:
            raise RallycrossError("tests: need exactly one of a set, a pattern or a list - choose one")
        search_all((self.pattern, *self.skips, *self.expected))  # raises if one is not a regular expression

    @property
    def title(self) -> str:
        """A short description of the choice."""
        if self.set or self.pattern:
            return self.set or f"pattern {self.pattern}"
        return self.tests[0] if len(self.tests) == 1 else f"{len(self.tests)} listed tests"

    def data(self) -> dict[str, Any]:
        """Return the choice as JSON data."""
        return {
            "set": self.set,
            "pattern": self.pattern,
            "tests": list(self.tests),
            "skips": dict(self.skips),
            "expected": dict(self.expected),
        }

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "Choice":
        """Return the choice of JSON data."""
        return cls(**{**data, "tests": tuple(data.get("tests", ()))})


@dataclass(frozen=True)
class Selection:
    """The tests of a verification."""

    run: tuple[TestId, ...]
    skipped: tuple[tuple[TestId, str], ...] = ()  # with the reason
    expected: Mapping[str, str] = field(default_factory=dict)  # name of a test that is expected to fail -> reason
    notes: tuple[str, ...] = ()  # about entries of lists without a test

    @property
    def total(self) -> int:
        """The number of results that are expected."""
        return len(self.run) + len(self.skipped)


def check_set(name: str, sets: Mapping[str, str]) -> None:
    """Raise if there is no such set."""
    if name not in sets:
        raise RallycrossError(f"set {name!r}: unknown - {did_you_mean(name, sets)}")


def select(
    choice: Choice, verifier: Verifier, available: Sequence[TestId], *, also_skip: Mapping[str, str]
) -> Selection:
    """Return the chosen tests among those `available`.

    `also_skip` has further skips; the choice's own take precedence. Raises if the choice matches nothing, or names a
    test that the verifier does not have. Lists of skips and of expected failures are written for many clouds, versions
    and plugins: an entry without a test is only noted.
    """
    chosen = _chosen(choice, verifier, available)
    lists = {"skip list": choice.skips, "list of expected failures": choice.expected}
    notes = tuple(note for what, entries in lists.items() for note in _unknown(what, entries, verifier, available))
    skips = {**also_skip, **choice.skips}
    reasons = _reasons(chosen, skips)
    expected = {test.name: reason for test, reason in _reasons(chosen, choice.expected).items()}
    return Selection(tuple(test for test in chosen if test not in reasons), tuple(reasons.items()), expected, notes)


def skip_list(name: str) -> dict[str, str]:
    """Return a skip list that comes with Rallycross: regular expression -> reason."""
    return read_list(files("rallycross.verification").joinpath("skips", f"{name}.txt").read_text(), file=name)


def _chosen(choice: Choice, verifier: Verifier, available: Sequence[TestId]) -> list[TestId]:
    if choice.tests:
        by_name = {test.name: test for test in available} | {test.full: test for test in available}
        _check_names(choice.tests, by_name)
        return list(dict.fromkeys(by_name[name] for name in choice.tests))
    if choice.set:
        check_set(choice.set, verifier.sets)
        members = verifier.members(choice.set, available)
    else:
        (numbers,) = search_all([choice.pattern], [test.full for test in available])
        members = [test for number, test in enumerate(available) if number in numbers]
    if not members:
        raise RallycrossError(
            f"{choice.title!r}: matches none of the {len(available)} tests of {verifier.title}"
            " - list them: ./rallycross verify list"
        )
    return members


def _check_names(names: Iterable[str], known: Mapping[str, TestId]) -> None:
    if missing := [name for name in names if name not in known]:
        close = did_you_mean(missing[0], known) if len(missing) == 1 else ""
        raise RallycrossError(f"there is no test {_named(missing)}{f' - {close}' if close else ''}")


def _unknown(what: str, entries: Iterable[str], verifier: Verifier, available: Sequence[TestId]) -> Iterator[str]:
    """Yield a note about the entries of a list that name no test of the verifier, if there are any."""
    missing = [entry for entry, numbers in _named_by(entries, available) if not numbers]
    if missing:
        count = f"{len(missing)} of its entries" if len(missing) > 1 else "an entry"
        yield f"{what}: {verifier.title} has no test for {count}, which is ignored: {_named(missing)}"


def _named_by(entries: Iterable[str], tests: Sequence[TestId]) -> Iterator[tuple[str, frozenset[int]]]:
    """Yield each entry with the numbers of the tests that it names.

    An entry is a test's full name, also with the parentheses of a variant, or a pattern that is found in it.
    """
    entries, names = list(entries), [test.name for test in tests]
    whole = {name: number for number, name in enumerate(names)}
    for entry, numbers in zip(entries, search_all(entries, names), strict=True):
        yield entry, numbers | {whole[entry]} if entry in whole else numbers


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"


def _reasons(tests: Sequence[TestId], reasons: Mapping[str, str]) -> dict[TestId, str]:
    """Return the reason of each test that an entry names: that of the first such entry."""
    given: dict[int, str] = {}
    for entry, numbers in _named_by(reasons, tests):
        for number in numbers:
            given.setdefault(number, reasons[entry])
    return {test: given[number] for number, test in enumerate(tests) if number in given}
