"""What lists or shows something gives a JSON document to programs."""

import json
from pathlib import Path

import pytest
import yaml

from rallycross.cli.main import main
from rallycross.results.store import Store
from rallycross.verification.test import TestResult

EVIL = "\x1b]0;PWN\a\u202e=1 password=Canary-7Xk9"
UUID = "4dd85e21-2222-4333-8444-555555555555"


@pytest.fixture(name="home", autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a state folder with a verification, and a cloud whose deployment has failed."""
    monkeypatch.setenv("RALLYCROSS_HOME", str(tmp_path / "home"))
    store = Store.open()
    test = TestResult("a.b.C.test_d", "fail", 1.0, 0.5, (), EVIL, f"{EVIL}\nValueError: {EVIL}")
    store.verifications.add(UUID, cloud="small", chosen=EVIL, tests=[test], environment={"verifier": EVIL})
    auth = {"auth_url": "http://127.0.0.1:9/v3", "password": "Canary-7Xk9"}
    spec = {"name": "small", "engine": "existing", "auth": auth}
    file = tmp_path / "small.yaml"
    file.write_text(yaml.safe_dump({**spec, "region_name": "R"}))
    main(["cloud", "create", str(file)])
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
    ],
)
def test_it_is_one_document(words: str, keys: set[str], capsys: pytest.CaptureFixture[str]) -> None:
    """With the keys that are documented, in ASCII, whatever strangers wrote, and without secrets."""
    capsys.readouterr()
    main([*words.split(), "--json"])
    said = capsys.readouterr().out
    assert keys <= json.loads(said).keys()
    assert said.isascii()
    assert not {one for one in said if not one.isprintable() and one != "\n"}
    assert "Canary" not in said


def test_the_texts_of_a_document_are_as_they_were(capsys: pytest.CaptureFixture[str]) -> None:
    """Written out for the way, and read as what they are, but for the secret."""
    capsys.readouterr()
    main(["results", "list", "--json"])
    [row] = json.loads(capsys.readouterr().out)["results"]
    assert row["title"] == "\x1b]0;PWN\a\u202e=1 password=***"
    assert (row["verdict"], row["kind"]) == ("failed", "verification")
