"""Files that say how a recipe is scheduled."""

import json
import os
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from rallycross.cli.main import main
from rallycross.errors import InvalidInput
from rallycross.scheduled_recipes import (
    InvalidRecipe,
    Schedule,
    ScheduledRecipe,
    scheduled_recipe,
    scheduled_recipes,
)
from rallycross.settings import settings

LEAST = "schedule: '@daily'\nclouds: c\n"


@pytest.fixture(name="folder", scope="module")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a task file."""
    folder = tmp_path_factory.mktemp("recipes")
    (folder / "n.yaml").write_text("version: 2\n")
    return folder


def read(text: str, folder: Path, name: str = "n") -> ScheduledRecipe:
    """Read a file of that text."""
    return scheduled_recipe(text, file="n.schedule.yaml", name=name, folder=folder)


def test_two_keys_are_enough(folder: Path) -> None:
    """A schedule and a cloud are enough: the task file is the one of the same name."""
    found = read(LEAST, folder)
    assert found == ScheduledRecipe(
        "n", "n.schedule.yaml", str(folder / "n.yaml"), Schedule("cron", "@daily"), ("c",), confirmations=2
    )
    assert found.history_tag == "recipe:n"


def test_all_keys_are_read(folder: Path) -> None:
    """Every key has its value."""
    (folder / "other.json").write_text("{}")
    found = read(
        "schedule: 0 2 * * mon-fri\ntimezone: Europe/Berlin\nclouds: [a, b.c]\ntask_file: other.json\n"
        "task_args: {image: x, times: 3}\ndeadline: 90m\nconfirmations: 0\ntags: [x, y z]\npaused: true\n",
        folder,
    )
    assert found == ScheduledRecipe(
        "n",
        "n.schedule.yaml",
        str(folder / "other.json"),
        Schedule("cron", "0 2 * * mon-fri"),
        ("a", "b.c"),
        "Europe/Berlin",
        {"image": "x", "times": 3},
        timedelta(minutes=90),
        0,
        ("x", "y z"),
        paused=True,
    )


@pytest.mark.parametrize(
    ("written", "schedule"),
    [
        ("'@continuous'", Schedule("continuous")),
        ("verified", Schedule("verified")),
        ("{verified: other}", Schedule("verified", "other")),
        ("{asset: images}", Schedule("asset", "images")),
        ("'*/5 1,2 29 2 *'", Schedule("cron", "*/5 1,2 29 2 *")),
        ("'@quarterly'", Schedule("cron", "@quarterly")),
    ],
)
def test_a_schedule_is_a_cron_expression_or_an_asset(written: str, schedule: Schedule, folder: Path) -> None:
    """A schedule is a cron expression, a preset, a verification, or an asset of Airflow."""
    assert read(f"schedule: {written}\nclouds: c\n", folder).schedule == schedule


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "n.schedule.yaml: is empty - add `schedule:` and `clouds:`"),
        ("- a\n", "n.schedule.yaml:1:1: must be a mapping, not a list"),
        ("clouds: c\n", "lacks the key 'schedule' - add `schedule:`"),
        ("schedule: '@daily'\n", "lacks the key 'clouds'"),
        (f"{LEAST}shedule: x\n", "3:1: shedule: unknown key - did you mean schedule?"),
        (f"{LEAST}schedule: '@daily'\n", "3:1: schedule: duplicate key"),
        ("schedule: 7\nclouds: c\n", "1:1: schedule: must be a string or a mapping, not"),
        ("schedule: daily\nclouds: c\n", "1:1: schedule: 'daily' is not a cron expression - write five fields"),
        ("schedule: '@reboot'\nclouds: c\n", "'@reboot' is not a cron expression"),
        ("schedule: 0 0 0 2 * *\nclouds: c\n", "is not a cron expression"),
        ("schedule: 0 25 * * *\nclouds: c\n", "is not a cron expression that is ever due"),
        ("schedule: 0 0 30 2 *\nclouds: c\n", "is not a cron expression that is ever due"),
        ("schedule: {verified: c, asset: d}\nclouds: c\n", "1:1: schedule: must have 1 key, not 2: verified, asset"),
        ("schedule: {verifed: c}\nclouds: c\n", "schedule.verifed: unknown key - did you mean verified?"),
        ("schedule: '@daily'\nclouds: []\n", "2:1: clouds: must have 1 or more items"),
        ("schedule: '@daily'\nclouds: [a, a]\n", "2:1: clouds: has an item twice"),
        ("schedule: '@daily'\nclouds: [a b]\n", "2:10: clouds[0]: must match"),
        ('schedule: "@daily"\nclouds: "a\\n"\n', "2:1: clouds: must match"),
        ('schedule: {verified: "a\\n"}\nclouds: c\n', "schedule.verified: must match"),
        ("schedule: R R(0-6) * * *\nclouds: c\n", "is not a cron expression"),
        (f"{LEAST}timezone: Mars\n", "3:1: timezone: there is no time zone 'Mars' - use one such as Europe/Berlin"),
        (f"{LEAST}timezone: Europe\n", "there is no time zone 'Europe'"),
        (f"{LEAST}timezone: /etc/passwd\n", "there is no time zone"),
        (f"{LEAST}deadline: soon\n", "3:1: deadline: 'soon' is not a duration - write a number and"),
        (f"{LEAST}confirmations: 21\n", "3:1: confirmations: must be 20 or less, not 21"),
        (f"{LEAST}tags: ['a', \"\\t\"]\n", "3:13: tags[1]: must have visible characters only"),
        (f"{LEAST}paused: nightly\n", "3:1: paused: must be true or false, not 'nightly'"),
        (f"{LEAST}task_args: [a]\n", "3:1: task_args: must be a mapping, not a list"),
        (f"{LEAST}task_args: {{1: a}}\n", "is not the name of an argument"),
        (f"{LEAST}task_file: no.yaml\n", "3:1: task_file: there is no task file no.yaml in"),
        (f'{LEAST}task_file: "a\\0b"\n', "cannot be stored"),
        ("a: [\n", "not valid YAML"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, complaint: str, folder: Path) -> None:
    """Each mistake is a complaint with file, line and column."""
    with pytest.raises(InvalidInput) as caught:
        read(text, folder)
    assert complaint in str(caught.value)


def test_a_task_file_that_is_missing_is_told(tmp_path: Path) -> None:
    """Without a task file of the same name, the names that were looked for are told."""
    with pytest.raises(InvalidInput, match=r"there is no task file n\.yaml or n\.yml or n\.json in .*task_file"):
        read(LEAST, tmp_path)


KEYS = [
    "schedule",
    "clouds",
    "timezone",
    "task_file",
    "task_args",
    "deadline",
    "confirmations",
    "tags",
    "paused",
    "other",
]
WORDS = st.sampled_from(
    ["@daily", "@continuous", "verified", "0 2 * * *", "* * * * *", "90m", "UTC", "c", "", "\u202e"]
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(max_size=12)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS | st.text(max_size=5), inner, max_size=3)
)


@given(st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=6))
def test_any_file_is_a_recipe_or_told(folder: Path, data: dict[str, object]) -> None:
    """Any YAML is either a scheduled recipe or a list of complaints with places, and never another error."""
    try:
        found = read(yaml.safe_dump({**data}, allow_unicode=True), folder)
    except InvalidInput as error:
        complaints = error.complaints
    else:
        assert found.clouds
        assert Path(found.task_file).is_file()
        return
    assert {one.file for one in complaints} == {"n.schedule.yaml"}


@given(st.lists(st.sampled_from([*"0123456789*/-,?#LWlw ", "mon", "feb", "@"]), max_size=14).map("".join))
def test_any_cron_expression_is_read_or_told(folder: Path, written: str) -> None:
    """Any text as the cron expression is accepted or refused as `schedule`, and never another error."""
    try:
        found = read(yaml.safe_dump({"schedule": written, "clouds": "c"}), folder)
    except InvalidInput as error:
        keys = {one.key for one in error.complaints}
    else:
        assert found.schedule.kind == "cron"
        return
    assert keys == {"schedule"}


def test_a_bad_file_affects_no_other(tmp_path: Path) -> None:
    """Files are found in subfolders; those with errors, or with a name that is taken, are told beside the others."""
    for name in ("good", "sub/good", "bad", "sub/deep/fine", "odd name"):
        path = tmp_path / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("version: 2\n")
        path.with_suffix(".schedule.yaml").write_text("schedule: x\n" if name == "bad" else LEAST)
    (tmp_path / "binary.schedule.yaml").write_bytes(b"\x89PNG\r\n\0")
    (tmp_path / "folder.schedule.yaml").mkdir()

    found = scheduled_recipes([tmp_path, tmp_path / "sub", tmp_path / "none"])

    assert {one.name: type(one) for one in found} == {
        "good": ScheduledRecipe,
        "good-2": InvalidRecipe,
        "bad": InvalidRecipe,
        "fine": ScheduledRecipe,
        "odd-name": InvalidRecipe,
        "binary": InvalidRecipe,
        "folder": InvalidRecipe,
    }
    errors = {one.name: one.error for one in found if isinstance(one, InvalidRecipe)}
    assert f"the name good is taken by {tmp_path}/good.schedule.yaml - rename one of the files" in errors["good-2"]
    assert "it is a folder" in errors["folder"]
    assert "rename the file" in errors["odd-name"]


@pytest.mark.parametrize("name", [b"\xff.schedule.yaml", b"\xff/n.schedule.yaml"])
def test_a_path_that_is_not_utf_8_is_told(name: bytes, tmp_path: Path) -> None:
    """A file whose path cannot be stored is told, in a text that can, and affects no other."""
    path = tmp_path / os.fsdecode(name)
    path.parent.mkdir(exist_ok=True)
    path.write_text(LEAST)
    (path.parent / "n.yaml").write_text("version: 2\n")

    (found,) = scheduled_recipes([tmp_path])

    assert isinstance(found, InvalidRecipe)
    assert "its path is not UTF-8 - rename the file, or its folder" in found.error
    assert f"{found.name}{found.file}{found.error}".encode()


def test_a_folder_of_the_users_own_is_looked_through(tmp_path: Path) -> None:
    """The folders that RALLYCROSS_RECIPES names are looked through after the shipped recipes, which are valid."""
    (tmp_path / "mine.yaml").write_text("version: 2\n")
    (tmp_path / "mine.schedule.yaml").write_text(LEAST)

    found = {one.name: one for one in scheduled_recipes(settings({"RALLYCROSS_RECIPES": str(tmp_path)}).recipes)}

    assert {type(one) for one in found.values()} == {ScheduledRecipe}
    assert {"mine", "nightly"} <= found.keys()
    nightly = found["nightly"]
    assert isinstance(nightly, ScheduledRecipe)
    assert (nightly.clouds, nightly.paused) == (("embedded",), True)


def test_the_doctor_tells_a_wrong_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`doctor` has the complaints about every file, as Airflow shows them."""
    (tmp_path / "mine.schedule.yaml").write_text("schedule: never\nclouds: c\n")
    monkeypatch.setenv("RALLYCROSS_RECIPES", str(tmp_path))
    monkeypatch.setenv("RALLYCROSS_HOME", str(tmp_path / "home"))

    assert main(["doctor", "--json"]) == 2

    wrong = json.loads(capsys.readouterr().out)["wrong"]
    assert any(f"{tmp_path}/mine.schedule.yaml:1:1: schedule: 'never' is not a cron" in one for one in wrong)
