"""Sets, skip lists, and the tests of the tempest that is installed."""

import re
from importlib.resources import files
from pathlib import Path

import pytest

from rallycross.errors import RallycrossError
from rallycross.verification import SETS, tempest
from rallycross.verification.selection import FAKE_HYPERVISOR, check_set, read_list, select, skip_list
from rallycross.verification.testid import TestId

SERVICES = ("identity", "image", "compute", "network", "volume")


@pytest.fixture(scope="module")
def available(tmp_path_factory: pytest.TempPathFactory) -> list[TestId]:
    """Return the tests of the tempest that is installed."""
    return tempest.tests(tmp_path_factory.mktemp("verifier"))


def test_all_of_tempest_is_listed(available: list[TestId]) -> None:
    """Listing takes no cloud and no configuration, and finds the tests of every service and scenario."""
    modules = {".".join(test.name.split(".")[:3]) for test in available}
    assert {f"tempest.api.{service}" for service in SERVICES} <= modules
    assert len({test.full for test in available}) == len(available) > 1000


def test_listing_writes_nothing_outside_its_folder(tmp_path: Path) -> None:
    """The home that tempest sees is the verifier's folder."""
    assert tempest.environment(tmp_path, {"HOME": "/root", "OS_CLOUD": "mine", "PATH": "/bin"})["HOME"] == str(tmp_path)
    assert "OS_CLOUD" not in tempest.environment(tmp_path, {"OS_CLOUD": "mine"})


def test_smoke_is_what_tempest_calls_smoke(available: list[TestId]) -> None:
    """The set smoke is all tests with that attribute, and no others."""
    chosen = select("smoke", available, {})
    assert chosen.run == tuple(test for test in available if "smoke" in test.tags)
    assert 100 <= chosen.total <= 130


def test_quick_covers_the_five_services_with_20_to_40_smoke_tests(available: list[TestId]) -> None:
    """The curated set exists in this tempest, is small, and leaves no service out."""
    chosen = select("quick", available, {})
    assert 20 <= chosen.total <= 40
    for service in SERVICES:
        assert any(test.name.startswith(f"tempest.api.{service}.") for test in chosen.run), service


def test_every_line_of_the_shipped_lists_has_its_reason() -> None:
    """Nothing is chosen, and nothing is left out, without saying why."""
    for name in ("sets/quick.txt", f"skips/{FAKE_HYPERVISOR}.txt"):
        entries = read_list(files("rallycross.verification").joinpath(name).read_text())
        assert entries
        assert all(entries.values()), name


def test_every_skip_of_the_shipped_list_names_tests_that_exist(available: list[TestId]) -> None:
    """An entry that matches nothing is a mistake, or out of date."""
    for pattern in skip_list(FAKE_HYPERVISOR):
        assert any(re.search(pattern, test.name) for test in available), pattern


def test_skipped_tests_are_kept_with_their_reason() -> None:
    """A test on the skip list is not run, and is not lost."""
    ids = [TestId("tempest.api.A.test_1[smoke]"), TestId("tempest.api.A.test_2[smoke]")]
    chosen = select("smoke", ids, {r"test_2$": "needs a guest"})
    assert chosen.run == (ids[0],)
    assert chosen.skipped == ((ids[1], "needs a guest"),)
    assert chosen.total == 2


def test_an_unknown_set_is_refused_with_what_was_meant() -> None:
    """The message says which sets there are, or which was meant."""
    with pytest.raises(RallycrossError, match=r"'smok'.*did you mean smoke\?"):
        check_set("smok")
    with pytest.raises(RallycrossError, match="there is: full, quick, smoke"):
        select("everything", [], {})


def test_a_set_that_matches_nothing_is_refused() -> None:
    """No test run is no success."""
    with pytest.raises(RallycrossError, match="'smoke': matches none of the verifier's 1 tests"):
        select("smoke", [TestId("tempest.api.A.test_1")], {})


def test_a_listed_test_that_tempest_does_not_have_is_named() -> None:
    """A curated list that does not fit the installed tempest is told by the names of the missing tests."""
    with pytest.raises(RallycrossError, match=r"does not have tempest\.api\.[\w.]+"):
        select("quick", [TestId("tempest.api.A.test_1[smoke]")], {})


def test_sets_are_described() -> None:
    """Each set has words for a form or a help text."""
    assert all(SETS.values())
    assert list(SETS) == ["quick", "smoke", "full"]


def test_lists_leave_out_comments_and_empty_lines() -> None:
    """An entry keeps the comment behind it; lines that are comments are none."""
    assert read_list("# why\n\n  a.b  # because\nc.d\n") == {"a.b": "because", "c.d": ""}
