"""Sets, patterns and lists select tests of the installed tempest."""

import json
import re
import subprocess
import sys
import threading
from importlib.resources import files
from pathlib import Path

import pytest

from rallycross.errors import RallycrossError
from rallycross.verification import SETS
from rallycross.verification.environments import Environment
from rallycross.verification.known_sets import SERVICES
from rallycross.verification.lists import read_list
from rallycross.verification.selection import FAKE_HYPERVISOR, PRE_PROVISIONED, Choice, Selection, select, skip_list
from rallycross.verification.tempest import Tempest
from rallycross.verification.testid import TestId
from rallycross.verification.verifier import available_tests, basic_environment

TEMPEST = Tempest(Environment.own())
TWO = [TestId("tempest.api.A.test_1[smoke]"), TestId("tempest.api.A.test_2[smoke]")]


@pytest.fixture(scope="module")
def available(tmp_path_factory: pytest.TempPathFactory) -> list[TestId]:
    """Return the tests of the installed tempest, listed in a folder with an unreadable tempest.conf."""
    folder = tmp_path_factory.mktemp("verifier")
    (folder / "tempest.conf").write_text("[compute]\nmin_compute_nodes = many\n")
    return available_tests(TEMPEST, folder, stop=threading.Event())


def chosen(available: list[TestId], **choice: object) -> Selection:
    """Return the tests that a choice selects."""
    return select(Choice(**choice), TEMPEST, available, also_skip={})  # type: ignore[arg-type]


def test_all_of_tempest_is_listed(available: list[TestId]) -> None:
    """Listing needs neither cloud nor configuration, and finds the tests of all services."""
    modules = {".".join(test.name.split(".")[:3]) for test in available}
    assert {f"tempest.api.{service}" for service in SERVICES} <= modules
    assert len({test.full for test in available}) == len(available) > 1000


def test_listing_writes_nothing_outside_its_folder(tmp_path: Path) -> None:
    """The verifier's home is its folder, and it inherits nothing about this process's clouds."""
    seen = basic_environment(tmp_path, {"HOME": "/root", "OS_CLOUD": "mine", "PATH": "/bin"})
    assert seen["HOME"] == str(tmp_path)
    assert seen["PATH"] == "/bin"
    assert "OS_CLOUD" not in seen


def test_smoke_is_what_tempest_calls_smoke(available: list[TestId]) -> None:
    """The set smoke is exactly the tests with that attribute."""
    found = chosen(available, set="smoke")
    assert found.run == tuple(test for test in available if "smoke" in test.tags)
    assert 100 <= found.total <= 130


def test_quick_covers_the_five_services_with_20_to_40_smoke_tests(available: list[TestId]) -> None:
    """The set quick exists in this tempest, is small, and has tests of every service."""
    found = chosen(available, set="quick")
    assert 20 <= found.total <= 40
    for service in ("identity", "image", "compute", "network", "volume"):
        assert any(test.name.startswith(f"tempest.api.{service}.") for test in found.run), service


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_a_set(available: list[TestId], service: str) -> None:
    """A service's set is exactly the tests of its API."""
    found = chosen(available, set=service)
    assert {test.name.split(".")[2] for test in found.run} == {service}
    assert found.total == sum(test.name.startswith(f"tempest.api.{service}.") for test in available) > 10


def test_every_line_of_the_shipped_lists_has_its_reason() -> None:
    """Every entry of the shipped lists has a reason."""
    for name in ("sets/quick.txt", f"skips/{FAKE_HYPERVISOR}.txt", f"skips/{PRE_PROVISIONED}.txt"):
        entries = read_list(files("rallycross.verification").joinpath(name).read_text())
        assert entries
        assert all(entries.values()), name


@pytest.mark.parametrize("name", [FAKE_HYPERVISOR, PRE_PROVISIONED])
def test_every_skip_of_the_shipped_lists_names_tests_that_exist(available: list[TestId], name: str) -> None:
    """Every entry of the shipped skip lists matches a test of tempest or of a plugin."""
    own = [pattern for pattern in skip_list(name) if pattern.startswith("tempest")]
    assert own
    for pattern in own:
        assert any(re.search(pattern, test.name) for test in available), pattern


def test_the_tests_that_make_their_own_users_are_those_of_the_shipped_list(available: list[TestId]) -> None:
    """With given accounts exactly the classes that force users of their own are skipped."""
    script = """
import importlib, json, sys
for name in json.load(sys.stdin):
    module, _, cls = name.rpartition(".")
    if getattr(getattr(importlib.import_module(module), cls), "force_tenant_isolation", False):
        print(name)
"""
    classes = sorted({test.name.rpartition(".")[0] for test in available})
    command = [sys.executable, "-c", script]
    said = subprocess.run(command, input=json.dumps(classes), capture_output=True, text=True, check=True).stdout
    patterns = skip_list(PRE_PROVISIONED)
    skipped = {test.name.rpartition(".")[0] for test in available if any(re.search(one, test.name) for one in patterns)}
    assert skipped == {word for word in said.split() if word.startswith("tempest.")}  # it says its log as well


def test_skipped_tests_are_kept_with_their_reason() -> None:
    """A skipped test does not run, and is kept with its reason; so is one that cannot work on the cloud."""
    found = chosen(TWO, set="smoke", skips={r"test_2$": "needs a guest"})
    assert found.run == (TWO[0],)
    assert found.skipped == ((TWO[1], "needs a guest"),)
    assert found.total == 2
    beneath = select(Choice(set="smoke"), TEMPEST, TWO, also_skip={"test_1": "fake", "nothing": "of this tempest"})
    assert beneath.skipped == ((TWO[0], "fake"),)


def test_a_pattern_is_searched_for_in_the_whole_id() -> None:
    """A pattern also matches attributes, as tempest's --regex does."""
    assert chosen(TWO, pattern="smoke").total == 2
    assert chosen(TWO, pattern="test_1").run == (TWO[0],)


def test_listed_tests_are_known_with_and_without_attributes() -> None:
    """A load list may have names with or without attributes; a test that is listed twice runs once."""
    assert chosen(TWO, tests=("tempest.api.A.test_1", TWO[0].full, "tempest.api.A.test_2")).run == tuple(TWO)


def test_a_choice_is_one_thing() -> None:
    """A choice needs exactly one of set, pattern and tests, and a valid pattern."""
    for wrong in ({}, {"set": "smoke", "pattern": "x"}):
        with pytest.raises(RallycrossError, match="choose one"):
            Choice(**wrong)
    with pytest.raises(RallycrossError, match=r"'\('.*not a regular expression"):
        Choice(pattern="(")


def test_a_choice_is_kept_whole() -> None:
    """A choice survives its JSON form."""
    choice = Choice(pattern="x", skips={"a": "b"}, expected={"c": "d"})
    assert Choice.of(choice.data()) == choice


def test_what_does_not_exist_is_named() -> None:
    """An unknown set and an unknown test are named, with a suggestion."""
    with pytest.raises(RallycrossError, match=r"'smok'.*did you mean smoke\?"):
        chosen(TWO, set="smok")
    with pytest.raises(RallycrossError, match=r"there is no test tempest\.api\.A\.test_3 - did you mean"):
        chosen(TWO, tests=("tempest.api.A.test_3",))


def test_lists_that_were_made_for_many_clouds_are_taken() -> None:
    """Entries of skip lists and expected failures without a test are noted; the other entries apply."""
    skips = {"test_7": "", "test_2$": "a bug", "test_9": ""}
    found = chosen(TWO, set="smoke", skips=skips, expected={"test_1": "known", "test_8": ""})
    assert (found.run, found.skipped) == ((TWO[0],), ((TWO[1], "a bug"),))
    assert found.expected == {"tempest.api.A.test_1": "known"}
    first, second = found.notes
    assert first.startswith("skip list: tempest")
    assert first.endswith("has no test for 2 of its entries, which is ignored: test_7, test_9")
    assert second.endswith("has no test for an entry, which is ignored: test_8")
    assert not chosen(TWO, set="smoke", skips={"test_2": ""}).notes


def test_an_entry_may_be_a_name_with_a_variant_in_parentheses() -> None:
    """Parentheses in an entry match as a group of a pattern and literally as part of a name."""
    variant = TestId("tempest.api.A.test_1(v2.1)[id-1,smoke]")
    found = chosen([variant, *TWO], set="smoke", skips={"tempest.api.A.test_1(v2.1)": "why"})
    assert (found.skipped, found.notes) == (((variant, "why"),), ())


def test_what_matches_nothing_is_refused() -> None:
    """A choice without a test is refused."""
    with pytest.raises(RallycrossError, match="'smoke': matches none of the 1 tests of tempest"):
        chosen([TestId("tempest.api.A.test_1")], set="smoke")
    with pytest.raises(RallycrossError, match="'pattern nothing': matches none"):
        chosen(TWO, pattern="nothing")


def test_a_listed_test_that_tempest_does_not_have_is_named() -> None:
    """If the installed tempest lacks tests of the set quick, they are named."""
    with pytest.raises(RallycrossError, match=r"does not have tempest\.api\.[\w.]+"):
        chosen(TWO, set="quick")


def test_sets_are_described() -> None:
    """Each set has a description; the default is first."""
    assert all(SETS.values())
    assert next(iter(SETS)) == "quick"
