"""`rallycross verify`: output, exit codes, and errors."""

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import subunit
import yaml
from small_cloud import ADMIN
from verifiable_cloud import VerifiableCloud, small_project, standing_environment

from rallycross.cli.main import main
from rallycross.results.store import Store
from rallycross.settings import settings
from rallycross.verification.selection import Choice
from rallycross.verification.source import Source
from rallycross.verification.test import TestResult
from rallycross.verification.verify import VerificationRequest

PROJECT = """
    import pathlib, unittest

    class Works(unittest.TestCase):
        def test_a(self): pass
        def test_b(self): self.assertTrue((pathlib.Path(__file__).parent / "mended").exists(), "Quota exceeded")
        def test_c(self): self.skipTest("no such service")
"""


class Command:
    """The command, with a home, a cloud and a project of its own."""

    def __init__(self, folder: Path, cloud: VerifiableCloud, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.cloud, self._capsys = folder, cloud, capsys
        self.paths = settings({"RALLYCROSS_HOME": str(folder / "home")})
        entry = {"auth": {"auth_url": f"{cloud.url}/identity/v3", **ADMIN}, "region_name": "R"}
        dead = {"auth": {"auth_url": "http://127.0.0.1:9/v3", **ADMIN}}
        wrong = {**entry, "auth": {**entry["auth"], "password": "no"}}  # type: ignore[dict-item]
        self.paths.clouds_yaml.parent.mkdir(parents=True)
        clouds = {"clouds": {"small": entry, "dead": dead, "wrong": wrong}}
        self.paths.clouds_yaml.write_text(yaml.safe_dump(clouds))
        for name in clouds["clouds"]:
            where = str(self.paths.clouds_yaml)
            self.store.clouds.register(
                name, clouds_yaml=where, spec="", engine="existing", root="", deployment=None, environment={}
            )
        self.project = small_project(folder / "small", PROJECT)
        self.source = ("--verifier", "project", "--package", self.project)
        standing_environment(self.paths.verifiers / "environments", Source("project", self.project))

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        """Run the command; return its exit code, standard output and standard error."""
        code = main(["verify", *arguments])
        said = self._capsys.readouterr()
        return code, said.out, said.err

    @property
    def store(self) -> Store:
        """The results database."""
        return Store.open(self.paths.results_url)


@pytest.fixture(name="verify")
def _verify(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Command]:
    monkeypatch.setenv("RALLYCROSS_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("RALLYCROSS_RESULTS_URL", raising=False)
    with VerifiableCloud() as cloud:
        yield Command(tmp_path, cloud, capsys)


def test_a_run_is_told_test_by_test_and_can_be_read_again(verify: Command) -> None:
    """`run` prints one line per test, then totals and the failure with its cause; `show` prints the same later."""
    code, out, err = verify("run", "small", *verify.source)
    assert code == 1
    assert "/3] fail" in err
    assert "tests.test_small.Works.test_c  (no such service)" in err
    assert "1 passed (50.0 % of the tests that ran), 1 failed, 1 skipped" in out
    assert "Quota exceeded" in out
    code, out, _ = verify("show", "last", "--detailed")
    assert code == 1
    assert "requests: none known" in out
    assert verify("show", "last", "--sort-by", "name")[1].count("tests.test_small.Works.test_a") == 1


def test_what_failed_is_run_again_and_compared(verify: Command) -> None:
    """`rerun --failed` runs the failed test; the comparison lists it as mended, and the history has both results."""
    verify("run", "small", *verify.source)
    (Path(verify.project) / "tests" / "mended").touch()
    code, out, _ = verify("rerun", "last", "--failed")
    assert code == 0
    assert "1 of 1 tests" in out
    code, out, _ = verify("compare", "--cloud", "small")
    assert code == 0
    assert "1 mended: failed before, passes in the last" in out
    assert "test_b  fail > success" in out
    told = json.loads(verify("compare", "--cloud", "small", "--json")[1])
    assert [change["name"] for change in told["mended"]] == ["tests.test_small.Works.test_b"]
    file = verify.folder / "compared.html"
    assert verify("compare", "--cloud", "small", "--format", "html", "--to", str(file))[0] == 0
    assert "tests.test_small.Works.test_b" in file.read_text()
    assert "add --format html" in verify("compare", "--cloud", "small", "--to", str(file))[2]
    out = verify("history", "tests.test_small.Works.test_b")[1]
    assert "it changed between passing and failing 1 times in 2 verifications" in out
    assert verify("history")[1].count("finished") == 2
    assert verify("rerun", "last", "--failed")[:2][0] == 0


@pytest.mark.parametrize("form", ["json", "junit", "html", "subunit"])
def test_every_form_can_be_written(verify: Command, form: str) -> None:
    """A verification can be exported; subunit and JUnit files import as the same tests."""
    verify("run", "small", *verify.source)
    file = verify.folder / f"out.{form}"
    assert verify("export", "last", "--format", form, "--to", str(file))[0] == 0
    assert "test_b" in file.read_bytes().decode(errors="replace")
    if form in {"junit", "subunit"}:
        before = verify.store.verifications.latest()[0].uuid
        assert verify("import", str(file), "elsewhere")[0] == 0
        row = next(row for row in verify.store.verifications.latest() if row.uuid != before)
        assert (row.cloud, row.status) == ("elsewhere", "finished")
        ends = [{test.name: test.status for test in verify.store.tests.of(uuid)} for uuid in (before, row.uuid)]
        assert ends[0] == ends[1]


def test_one_run_taken_in_twice_does_not_differ(verify: Command) -> None:
    """Imports of the same verification from subunit and JUnit compare without a difference."""
    verify("run", "small", *verify.source)
    for form in ("subunit", "junit"):
        file = verify.folder / f"out.{form}"
        verify("export", "last", "--format", form, "--to", str(file))
        assert verify("import", str(file), "elsewhere")[0] == 0
    code, out, _ = verify("compare", "--cloud", "elsewhere")
    assert code == 0
    assert "1 failing as before" in out
    assert "no difference: 3 tests ended as before" in out


JUNIT = """<testsuite errors="0" failures="2" name="" tests="3" time="3.000">
<testcase classname="tempest.api.compute.X" name="test_a[id-1,smoke]" time="1.000"/>
<testcase classname="" name="setUpClass (tempest.api.compute.Y)" time="1.000">
<failure type="x">boom</failure>
</testcase>
<testcase classname="" name="tearDownClass (tempest.api.compute.X)" time="1.000">
<failure type="x">boom</failure>
</testcase>
</testsuite>"""


def test_one_run_taken_as_subunit_and_as_junit_does_not_differ(verify: Command) -> None:
    """subunit2junitxml's JUnit file of a run compares with its stream without a difference."""
    stream = io.BytesIO()
    writer = subunit.StreamResultToBytes(stream)
    for name in ("tempest.api.compute.X.test_a[id-1,smoke]", "setUpClass (tempest.api.compute.Y)"):
        writer.status(test_id=name, test_status="success" if "[" in name else "fail")
    writer.status(test_id="tearDownClass (tempest.api.compute.X)", test_status="fail")
    (verify.folder / "s").write_bytes(stream.getvalue())
    (verify.folder / "j").write_text(JUNIT)
    for name in ("s", "j"):
        assert "2 tests" in verify("import", str(verify.folder / name), "C")[1]
    told = json.loads(verify("compare", "--cloud", "C", "--json")[1])
    failing = {"tempest.api.compute.X.test_a", "tempest.api.compute.Y.setUpClass"}
    assert {change["name"] for change in told["failing"]} == failing
    assert not any(told[kind] for kind in ("broken", "mended", "flaky", "new", "gone"))


def test_lists_are_taken_from_files(verify: Command) -> None:
    """Skips and expected failures come from files with their reasons, and a run with both passes."""
    (verify.folder / "skips").write_text("test_c$ # nobody offers it\ntempest.api # of another verifier")
    (verify.folder / "expected").write_text("test_b$ # a known bug")
    lists = ("--skip-list", f"{verify.folder}/skips", "--expected-failures", f"{verify.folder}/expected")
    told = json.loads(verify("list", *verify.source, *lists, "--json")[1])
    assert told["verifier"] == "small 1.0"
    assert told.keys() == {"verifier", "run", "skipped", "notes"}
    code, _, err = verify("list", *verify.source, *lists)
    assert code == 0
    assert "skipped: tests.test_small.Works.test_c  (nobody offers it)" in err
    unknown = "skip list: small 1.0 has no test for an entry, which is ignored: tempest.api"
    assert unknown in " ".join(err.split())
    code, _, err = verify("run", "small", *verify.source, *lists)
    assert code == 0
    assert unknown in " ".join(err.split())
    ends = {
        test.name[-1]: (test.status, test.reason)
        for test in verify.store.tests.of(verify.store.verifications.latest()[0].uuid)
    }
    assert ends == {"a": ("success", ""), "b": ("xfail", "a known bug"), "c": ("skip", "nobody offers it")}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "nowhere"), "there is no cloud 'nowhere' - available: dead, small, wrong"),
        (("run", "dead"), "cannot sign in at http://127.0.0.1:9"),
        (("run", "wrong"), "cannot sign in"),
        (("run", "small", "--set", "smoek"), "did you mean smoke?"),
        (("run", "small", "--pattern", "("), "not a regular expression"),
        (("run", "small", "--accounts", "/none.yaml"), "/none.yaml: no such file"),
        (("run", "small", "--option", "x"), "option 'x': not of the form NAME=VALUE"),
        (("run", "small", "--load-list", "/none"), "/none: cannot be read"),
        (("run", "small", "--package", "/none"), "does not exist - name a folder"),
        (("run", "small", "--resume", "nothing"), "verification 'nothing': does not exist"),
        (("show", "nothing"), "verification 'nothing': does not exist"),
        (("compare",), "two verifications are needed"),
        (("history", "a.b"), "no verification has run it"),
        (("import", "/none", "small"), "/none: cannot be read"),
        (("verifiers", "--forget", "nothing"), "verifier 'nothing': there is none"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_half_made(verify: Command, arguments: tuple[str, ...], said: str) -> None:
    """Errors end in exit code 2 and a message; no verification is stored, and nothing is created in the cloud."""
    code, _, err = verify(*arguments)
    assert code == 2
    assert said in err
    assert verify.store.verifications.latest() == []
    assert [verify.cloud.count(kind) for kind in ("users", "projects")] == [0, 0]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--pattern", "nothing_like_it"), "matches none of the 3 tests"),
        (("--load-list", "LIST"), "there is no test tests.test_small.Works.test_d"),
    ],
)
def test_a_choice_of_what_is_not_there_is_refused(verify: Command, arguments: tuple[str, str], said: str) -> None:
    """A pattern and a load list are checked against the verifier's tests before anything is created."""
    file = verify.folder / "list"
    file.write_text("tests.test_small.Works.test_d")
    given = [str(file) if one == "LIST" else one for one in arguments]
    code, _, err = verify("run", "small", *verify.source, *given)
    assert code == 2
    assert said in err
    assert verify.store.verifications.latest() == []
    assert verify.cloud.count("users") == 0


def test_what_was_cut_off_goes_on_and_what_runs_is_left_alone(verify: Command) -> None:
    """`--resume` runs tests without a result; a running or finished verification is refused."""
    request = VerificationRequest(Choice(set="full"), Source("project", verify.project))
    store = verify.store
    store.verifications.begin("cut-off", cloud="small", chosen="full", request=request.data())
    store.tests.record("cut-off", TestResult("tests.test_small.Works.test_b", "success", 1.0, 2.0))
    code, _, err = verify("run", "small", "--resume", "cut-off")
    assert code == 2
    assert "is running, or died less than 45 s ago" in err
    store.verifications.end("cut-off", status="crashed", error="it was killed")
    code, out, err = verify("run", "small", "--resume", "cut-off")
    assert code == 0
    assert "results kept from an earlier attempt: 1" in err
    assert "3 of 3 tests" in out
    assert "has nothing left to run" in verify("run", "small", "--resume", "cut-off")[2]
    assert "is of the cloud small, not of dead" in verify("run", "dead", "--resume", "cut-off")[2]


def test_installed_verifiers_are_named_and_forgotten(verify: Command) -> None:
    """An installed verifier can be deleted by its name."""
    out = verify("verifiers")[1]
    name = next(word for word in out.split() if word.startswith("project-"))
    assert verify("verifiers", "--forget", name)[0] == 0
    assert name not in verify("verifiers")[1]
