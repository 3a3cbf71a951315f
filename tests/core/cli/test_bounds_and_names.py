"""Numbers out of bounds are refused with the bounds, and unknown names with the known ones."""

import argparse
import io
import json
import sys
from contextlib import nullcontext, suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rallycross.cli.main import main
from rallycross.cli.parser import number, whole
from rallycross.results.store import Store
from rallycross.task.plan import Task
from rallycross.verification.test import TestResult

TASK = "version: 2\ntitle: T\nsubtasks: [{title: s, scenario: {Dummy.dummy: {}}}]\n"


@pytest.fixture(name="home")
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a state folder with one cloud, named like another."""
    monkeypatch.setenv("RALLYCROSS_HOME", str(tmp_path))
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(tmp_path / "clouds.yaml"))
    Store.open().clouds.register(
        "small", clouds_yaml="", spec="", engine="existing", root="", deployment=None, environment={}
    )
    return tmp_path


@pytest.mark.parametrize(
    ("words", "bounds"),
    [
        *(
            (["logs", "scheduler", "--lines", value], "from 1 to 1000000")
            for value in ("0", "-1", "x", "1e3", "9" * 30)
        ),
        *((["run", "t.yaml", f"--drain={value}"], "from 0 to 86400") for value in ("-1", "nan", "inf", "x")),
        *((["test", f"--{name}", "-1"], "from") for name in ("durations", "workers")),
        (["test", "--workers", "0"], "from 1 to 64"),
        (["demo", "--concurrency", "0"], "from 1 to 64"),
        (["up", "--limit", "0"], "from 1 to 86400"),
        (["results", "list", "--last", "0"], "from 1 to 1000000"),
        (["verify", "run", "c", "--concurrency", "65"], "from 1 to 64"),
        (["verify", "rerun", "u", "--concurrency", "0"], "from 1 to 64"),
        (["verify", "history", "--last", "-3"], "from 1 to 1000000"),
        (["verify", "compare", "--slower", "nan"], "from 1 to 1000"),
    ],
)
def test_a_number_out_of_bounds_is_refused(words: list[str], bounds: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The exit code is 2, and the message has both bounds."""
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert bounds in capsys.readouterr().err


@given(st.integers(-5, 15))
def test_bounds_are_allowed_themselves(value: int) -> None:
    """Numbers within the bounds are accepted."""
    refused = pytest.raises(argparse.ArgumentTypeError, match="from 0 to 10")
    for read in (whole(0, 10), number(0, 10)):
        with nullcontext() if 0 <= value <= 10 else refused:
            assert read(str(value)) == value


CLOUDLESS = [
    "clean --cloud smal",
    "run - --cloud smal",
    "plan - --cloud smal",
    "results list --cloud smal",
    "results list --cloud smal --json",
    "verify run smal",
    "verify history --cloud smal",
    "verify history a.b.C.test_d --cloud smal",
    "verify compare --cloud smal",
    "bench --cloud smal",
]


@pytest.mark.parametrize("words", CLOUDLESS)
def test_a_cloud_that_is_not_there_names_one_that_is(
    words: str, home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every command refuses an unknown cloud."""
    assert home.is_dir()
    monkeypatch.setattr(sys, "stdin", io.StringIO(TASK))
    assert main(words.split()) == 2
    said = capsys.readouterr()
    told = "there is no cloud 'smal' - did you mean small?"
    assert told in (json.loads(said.out)["error"] if "--json" in words else said.err)
    assert "--json" in words or not said.out
    assert told in said.err


@pytest.mark.parametrize("words", ["results list", "verify history"])
def test_a_cloud_is_known_by_its_results_or_its_entry(
    words: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A cloud that was destroyed, or whose results were imported, is known: an empty list of it is not an error."""
    (home / "clouds.yaml").write_text("clouds: {entry: {auth: {auth_url: http://127.0.0.1:9/v3}}}")
    tests = [TestResult("a.b.C.test_d", "success", 1.0, 0.5)]
    Store.open().verifications.add("u", cloud="elsewhere", chosen="c", tests=tests, environment={})
    for cloud in ("small", "elsewhere", "entry"):
        assert main([*words.split(), "--cloud", cloud]) == 0, capsys.readouterr().err


def test_a_cloud_without_sign_in_is_cleaned_by_the_ledger_alone(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What only results know has nothing to sign in with, which is told; an entry that cannot be used is an error."""
    (home / "clouds.yaml").write_text("clouds: {entry: {auth: {auth_url: http://127.0.0.1:9/v3}}}")
    tests = [TestResult("a.b.C.test_d", "success", 1.0, 0.5)]
    Store.open().verifications.add("u", cloud="elsewhere", chosen="c", tests=tests, environment={})

    assert main(["clean", "--cloud", "elsewhere"]) == 0
    assert "elsewhere: nothing to sign in with is known" in capsys.readouterr().err
    for cloud, told in (("small", "name a clouds.yaml"), ("entry", "cloud entry: its entry has no password")):
        assert main(["clean", "--cloud", cloud]) == 2
        assert told in capsys.readouterr().err


@pytest.mark.parametrize("words", ["results list", "verify history", "clean", "plan -", "run -"])
def test_an_empty_name_is_no_cloud(
    words: str, home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty name, as from an unset variable, is refused."""
    assert home.is_dir()
    monkeypatch.setattr(sys, "stdin", io.StringIO(TASK))
    assert main([*words.split(), "--cloud", ""]) == 2
    assert "there is no cloud '' - available: small" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["show", "check", "export", "destroy"])
def test_a_name_that_nobody_has_is_no_file(verb: str, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The message has the known clouds, or says that there are none."""
    assert home.is_dir()
    assert main(["cloud", verb, "nope"]) == 2
    said = capsys.readouterr().err
    assert "there is no cloud 'nope' - there are none yet" in said
    assert "cannot be read" not in said


@pytest.mark.parametrize("words", ["results list", "verify history", "clean"])
@pytest.mark.parametrize("cloud", ["nope", "non", "None"])
def test_nobody_is_asked_whether_no_cloud_was_meant(
    words: str, cloud: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Results of loads without a cloud are listed by their name, which is never suggested."""
    assert home.is_dir()
    store = Store.open()
    store.tasks.begin("u", cloud="none", task=Task("T", ()), environment={})
    assert main([*words.split(), "--cloud", cloud]) == 2
    said = capsys.readouterr().err
    assert f"there is no cloud '{cloud}' - available: small" in said
    assert main([*words.split(), "--cloud", "none"]) == 0


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        ("reslts list", "there is no 'reslts' - did you mean results"),
        ("PLAN x", "there is no 'PLAN' - did you mean plan?"),
        ("nonsense", "available: demo, plan, run"),
        ("results lst", "there is no 'lst' - did you mean list?"),
        ("cloud destry c", "there is no 'destry' - did you mean destroy?"),
        ("results export u --format parkett -o f", "there is no 'parkett' - did you mean parquet?"),
        ("run t.yaml --timing raly", "there is no 'raly' - did you mean rally?"),
        ("demo --verification qick", "there is no 'qick' - did you mean quick?"),
        ("results list --cloud SMAL", "there is no cloud 'SMAL' - did you mean small?"),
        ("verify list --set smke", "did you mean smoke?"),
        ("logs shceduler", "did you mean scheduler?"),
        ("completion zhs", "there is no 'zhs' - did you mean zsh?"),
    ],
)
def test_a_slip_of_the_pen_is_answered_by_what_was_meant(
    words: str, remedy: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Commands, verbs, choices of options and names are suggested, whatever their case."""
    assert home.is_dir()
    with suppress(SystemExit):
        main(words.split())
    assert remedy in capsys.readouterr().err


@pytest.mark.parametrize("name", ["", " ", "a\nb", "\x1b[31m", "\u202ex", "x" * 256])
@pytest.mark.parametrize("words", ["verify import f.xml", "results import f.json --cloud"])
def test_a_new_name_of_a_cloud_can_be_kept_and_typed(
    words: str, name: str, home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Imported results may have an unknown cloud's name, but not an invalid one."""
    monkeypatch.chdir(home)
    (home / "f.xml").write_text('<testsuite><testcase classname="a" name="b" time="1"/></testsuite>')
    assert main([*words.split(), name]) == 2
    said = capsys.readouterr().err
    as_the_file_says = words.startswith("results") and not name
    assert ("no such file" if as_the_file_says else "the cloud's name: ") in said
    assert main(["verify", "import", "f.xml", "a" * 255]) == 0
