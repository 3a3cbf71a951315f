"""Which tests a verification runs: a set by its name, less what cannot work on this cloud."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

from rallycross.errors import RallycrossError, did_you_mean
from rallycross.verification.testid import TestId

SETS = {
    "quick": "a curated few over identity, image, compute, network and volume, for a first answer within a minute",
    "smoke": "all that tempest itself calls a smoke test",
    "full": "every test that there is",
}
FAKE_HYPERVISOR = "fake-hypervisor"


@dataclass(frozen=True)
class Selection:
    """The tests of a verification."""

    run: tuple[TestId, ...]
    skipped: tuple[tuple[TestId, str], ...]  # with the reason

    @property
    def total(self) -> int:
        """How many results there will be."""
        return len(self.run) + len(self.skipped)


def check_set(name: str) -> None:
    """Raise where there is no such set."""
    if name not in SETS:
        raise RallycrossError(f"verification set {name!r}: there is none of that name - {did_you_mean(name, SETS)}")


def select(name: str, available: Sequence[TestId], skips: Mapping[str, str]) -> Selection:
    """Return the tests of the set `name` among those `available`.

    `skips` maps regular expressions, searched for in a test's name, to reasons: those tests are not run but reported
    as skipped. Raises where the set is unknown, matches nothing, or lists a test that the verifier does not have.
    """
    check_set(name)
    chosen = CHOOSERS[name](available)
    if not chosen:
        raise RallycrossError(
            f"verification set {name!r}: matches none of the verifier's {len(available)} tests - choose another set"
        )
    reasons = {test: reason for test in chosen if (reason := _reason(test, skips)) is not None}
    return Selection(tuple(test for test in chosen if test not in reasons), tuple(reasons.items()))


def skip_list(name: str) -> dict[str, str]:
    """Return the skip list `name` of those that come with Rallycross: regular expression -> reason."""
    return read_list(files("rallycross.verification").joinpath("skips", f"{name}.txt").read_text())


def read_list(text: str) -> dict[str, str]:
    """Return a list file's entries, each with the comment that stands behind it (or nothing).

    An entry is a line; empty lines, and those that are a comment altogether, are left out.
    """
    parts = (line.partition("#") for line in text.splitlines())
    return {entry.strip(): comment.strip() for entry, _, comment in parts if entry.strip()}


def _quick(available: Iterable[TestId]) -> list[TestId]:
    wanted = read_list(files("rallycross.verification").joinpath("sets", "quick.txt").read_text())
    by_name = {test.name: test for test in available}
    if missing := [name for name in wanted if name not in by_name]:
        raise RallycrossError(
            f"verification set 'quick': this tempest does not have {', '.join(missing)} - choose the set smoke"
        )
    return [by_name[name] for name in wanted]


def _smoke(available: Iterable[TestId]) -> list[TestId]:
    return [test for test in available if "smoke" in test.tags]


def _reason(test: TestId, skips: Mapping[str, str]) -> str | None:
    return next((reason for pattern, reason in skips.items() if re.search(pattern, test.name)), None)


CHOOSERS: dict[str, Callable[[Sequence[TestId]], list[TestId]]] = {"quick": _quick, "smoke": _smoke, "full": list}
