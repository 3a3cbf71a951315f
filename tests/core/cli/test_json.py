"""Commands that list or show something print JSON documents."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from rallycross.cli.main import main
from rallycross.results.store import Store
from rallycross.task.plan import Subtask, Task
from rallycross.verification.test import TestResult

EVIL = "\x1b]0;PWN\a\u202e=1 password=Canary-7Xk9"
UUID = "4dd85e21-2222-4333-8444-555555555555"
LATER = "4dd85e22-2222-4333-8444-555555555555"
TASK_UUID = "4dd85e23-2222-4333-8444-555555555555"
NAMED = "a.b.C.test_é_日本_🚗"
WORKLOAD = {"scenario": {"Dummy.dummy": {}}, "runner": {"constant": {"times": 7, "concurrency": 2}}}
TASK = {"version": 2, "title": EVIL, "subtasks": [{"title": "s", "workloads": [WORKLOAD]}]}


@pytest.fixture(name="home", autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a state folder with a verification, and a cloud whose deployment failed."""
    monkeypatch.setenv("RALLYCROSS_HOME", str(tmp_path / "home"))
    store = Store.open()
    test = TestResult("a.b.C.test_d", "fail", 1.0, 0.5, (), EVIL, f"{EVIL}\nValueError: {EVIL}")
    store.verifications.add(UUID, cloud="small", chosen=EVIL, tests=[test], environment={"verifier": EVIL})
    later = TestResult("a.b.C.test_d", "success", 1.0, 0.5)
    named = TestResult(NAMED, "fail", 1.0, 0.5)
    store.verifications.add(LATER, cloud="small", chosen="c", tests=[later, named], environment={})
    task = Task(EVIL, (Subtask("s", ()),))
    store.tasks.begin(TASK_UUID, cloud="small", task=task, environment={})
    store.ledger.remember(TASK_UUID, "small", "nova.server", EVIL)
    auth = {"auth_url": "http://127.0.0.1:9/v3", "password": "Canary-7Xk9"}
    spec = {"name": "small", "engine": "existing", "auth": auth}
    file = tmp_path / "small.yaml"
    file.write_text(yaml.safe_dump({**spec, "region_name": "R"}))
    main(["cloud", "create", str(file)])
    (tmp_path / "task.yaml").write_text(yaml.safe_dump(TASK))
    (tmp_path / "wrong.yaml").write_text(yaml.safe_dump({**TASK, "subtasks": [{"title": EVIL}]}))
    log = tmp_path / "home/airflow/log/scheduler.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(f"{EVIL}\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "keys"),
    [
        ("cloud list", {"clouds"}),
        ("cloud show small", {"name", "engine", "state", "error", "steps", "logs", "standing", "environment"}),
        ("results list", {"results"}),
        (f"results show {UUID}", {"format", "verification", "task"}),
        ("verify history", {"results"}),
        ("verify history a.b.C.test_d", {"test", "results"}),
        ("verify show", {"format", "verification"}),
        ("verify verifiers", {"verifiers"}),
        ("verify compare", {"verifications", "broken", "mended", "same"}),
        ("clean --dry-run", {"tasks"}),
        ("logs", {"logs"}),
        ("logs scheduler --lines 3", {"logs"}),
        ("plan task.yaml", {"title", "subtasks", "warnings", "complaints"}),
        ("plan wrong.yaml", {"complaints"}),
        ("status", {"airflow", "clouds", "settings"}),
    ],
)
def test_it_is_one_document(words: str, keys: set[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Each document has the documented keys and no secrets, and cannot control a terminal."""
    capsys.readouterr()
    main([*words.split(), "--json"])
    said = capsys.readouterr().out
    assert keys <= json.loads(said).keys()
    assert not {one for one in said if not one.isprintable() and one != "\n"}
    assert "Canary" not in said


def test_the_texts_of_a_document_are_as_they_were(capsys: pytest.CaptureFixture[str]) -> None:
    """Unsafe characters are escaped, and read back as they were; secrets are masked."""
    capsys.readouterr()
    main(["results", "list", "--json"])
    row = json.loads(capsys.readouterr().out)["results"][0]
    assert row["title"] == "\x1b]0;PWN\a\u202e=1 password=***"
    assert (row["verdict"], row["kind"]) == ("failed", "verification")


@pytest.mark.parametrize(
    "locale", [{"LANG": "C"}, {"LC_ALL": "POSIX"}, {"PYTHONUTF8": "0", "PYTHONIOENCODING": "latin-1"}]
)
@pytest.mark.parametrize("words", ["verify compare --json", f"results show {LATER} --json"])
def test_a_document_is_utf8_in_every_locale(words: str, locale: dict[str, str]) -> None:
    """Names are readable in every locale, and no locale makes the command fail."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG"))}
    run = [sys.executable, "-m", "rallycross.cli", *words.split()]
    ran = subprocess.run(run, env={**environment, **locale}, capture_output=True, check=False, timeout=60)
    assert ran.stderr == b""
    assert NAMED in ran.stdout.decode("utf-8")
    assert json.loads(ran.stdout)


def test_a_plan_is_told_to_programs(capsys: pytest.CaptureFixture[str]) -> None:
    """The document has what will run, and how often; for an invalid file it has all complaints."""
    capsys.readouterr()
    assert main(["plan", "task.yaml", "--json"]) == 0
    [subtask] = json.loads(capsys.readouterr().out)["subtasks"]
    [workload] = subtask["workloads"]
    assert (workload["scenario"], workload["iterations"], workload["calls"]) == ("Dummy.dummy", 7, 0)
    assert main(["plan", "wrong.yaml", "--json"]) == 2
    [complaint] = json.loads(capsys.readouterr().out)["complaints"]
    assert (Path(complaint["file"]).name, complaint["key"]) == ("wrong.yaml", "subtasks[0]")


@pytest.mark.parametrize(
    "words",
    [
        "results list --cloud nope",
        "results show nope",
        "verify show nope",
        "verify history --cloud nope",
        "verify compare nope never",
        "verify list --load-list /nope",
        "cloud show nope",
        "cloud check nope",
        "clean --cloud nope",
        "clean --task nope",
        "logs nope",
        "plan /nope",
        "plan task.yaml --cloud nope",
    ],
)
def test_what_cannot_be_done_is_a_document_too(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """An error is a JSON document, and also a message on standard error."""
    capsys.readouterr()
    assert main([*words.split(), "--json"]) == 2
    said = capsys.readouterr()
    told = json.loads(said.out)
    [why] = [told["error"]] if "error" in told else [one["what"] for one in told["complaints"]]
    assert why.splitlines()[0] in said.err


@pytest.mark.parametrize(
    ("shell", "code", "said"),
    [
        (
            "{run} results list --json > /dev/full",
            2,
            "rallycross: standard output: No space left on device - make room on its disk",
        ),
        (
            "{run} results list > /dev/full",
            2,
            "rallycross: standard output: No space left on device - make room on its disk",
        ),
        (
            "{run} results --help > /dev/full",
            2,
            "rallycross: standard output: No space left on device - make room on its disk",
        ),
        ("{run} cloud list --json > /dev/full", 2, "rallycross: standard output: No space left on device"),
        ("{run} status > /dev/full", 2, "rallycross: standard output: No space left on device"),
        ("{run} results list 2> /dev/full", 0, ""),
        ("{run} cloud show nope 2> /dev/full", 2, ""),
        ("{run} results list >&-", 0, ""),
        ("{run} results list --json >&-", 0, ""),
        ("{run} results list >&- 2>&-", 0, ""),
        ("{run} plan - <&-", 2, "<stdin>: is closed - name a file"),
        ("mkdir gone && cd gone && rmdir ../gone && {run} results list", 2, "the current folder is gone"),
        ("{run} results export 4dd85e21 --format json -o - | head -n 1", 0, "{{"),
        ("echo before > out && {run} results export 4dd85e21 --format junit -o - >> out && cat out", 0, "<testsuite"),
    ],
)
def test_what_a_shell_does_to_its_ends_is_a_sentence(shell: str, code: int, said: str) -> None:
    """A full disk, a closed stream and a missing folder are reported; `-` is standard output only."""
    ran = subprocess.run(
        ["bash", "-c", shell.format(run=f"{sys.executable} -m rallycross.cli")],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        # Unbuffered, Python would not hold back what it cannot write until its end.
        env={name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"},
    )
    assert ran.returncode == code
    assert said.replace("{{", "{") in ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr
    assert "before" not in shell or ran.stdout.startswith("before\n")
    assert "wrote" not in ran.stdout


def test_what_stands_is_told_to_programs(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left is listed by task; a dry run deletes nothing."""
    monkeypatch.setenv("RALLYCROSS_DEAD_AFTER", "1e9")
    for _ in range(2):
        capsys.readouterr()
        assert main(["clean", "--dry-run", "--json"]) == 0
        [task] = json.loads(capsys.readouterr().out)["tasks"]
        assert (task["task"], task["seems_running"], task["cleaned"]) == (TASK_UUID, True, None)
        assert [one["kind"] for one in task["standing"]] == ["nova.server"]
