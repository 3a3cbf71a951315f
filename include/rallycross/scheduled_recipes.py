"""Recipes that run on a schedule: what `NAME.schedule.yaml`, the file beside a task file, says.

The task file itself stays Rally's. Everything is checked here, without Airflow; `dags/benchmarks.py` makes the DAGs.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from croniter import croniter

from rallycross.duration import duration
from rallycross.errors import Complaint, InvalidInput, RallycrossError
from rallycross.printable import printable
from rallycross.results.reference import RECIPE_TAG
from rallycross.settings import CHECKOUT
from rallycross.task.flaw import Flaw, Schema, flaws
from rallycross.userfile import read_text
from rallycross.yamlfile import dotted, parse, place

SUFFIX = ".schedule.yaml"
TASK_FILES = (".yaml", ".yml", ".json")  # endings of a task file, in the order in which they are looked for
PRESETS = ("@hourly", "@daily", "@weekly", "@monthly", "@quarterly", "@yearly")
CONTINUOUS = "@continuous"
VERIFIED = "verified"
CONFIRMATIONS = 2  # further runs, after a suspected change, unless the file says otherwise
_FIELDS = 5  # of a cron expression; Airflow's scheduler does not look every second
_YEARS = 8  # within which a schedule must be due once: February 29th is every 8 years at worst
_LONGEST = 100  # characters of a name, which is part of the ids of DAGs
_NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9_-]{{0,{_LONGEST - 1}}}")
_CLOUD = r"^[A-Za-z0-9_][A-Za-z0-9_.:-]{0,199}\Z"  # a cloud, or an Airflow connection, and part of an asset's URI
_RANDOM = re.compile(r"(?<![a-z])r(?![a-z])", re.IGNORECASE)  # a field that is another time whenever it is read
_WORD: Schema = {"type": "string", "minLength": 1, "maxLength": 1000}
_CLOUDS: Schema = {"type": "string", "pattern": _CLOUD}

SCHEMA: Schema = {
    "type": "object",
    "additionalProperties": False,
    "required": ["schedule", "clouds"],
    "properties": {
        "schedule": {
            "anyOf": [
                _WORD,
                {
                    "type": "object",
                    "additionalProperties": False,
                    "minProperties": 1,
                    "maxProperties": 1,
                    "properties": {"verified": _CLOUDS, "asset": _WORD},
                },
            ]
        },
        "timezone": _WORD,
        "clouds": {
            "anyOf": [_CLOUDS, {"type": "array", "items": _CLOUDS, "minItems": 1, "maxItems": 100, "uniqueItems": True}]
        },
        "task_file": _WORD,
        "task_args": {"type": "object"},
        "deadline": _WORD,
        "confirmations": {"type": "integer", "minimum": 0, "maximum": 20},
        "tags": {
            "type": "array",
            "items": {"type": "string", "minLength": 1, "maxLength": 100},
            "maxItems": 50,
            "uniqueItems": True,
        },
        "paused": {"type": "boolean"},
    },
}


@dataclass(frozen=True)
class Schedule:
    """When a recipe runs.

    `cron`: at the times of the expression, or the preset, `value`. `continuous`: again after each run. `verified`: when
    the cloud `value` has passed a verification; "" = each cloud when it has passed its own. `asset`: when the Airflow
    asset named `value` is updated.
    """

    kind: Literal["cron", "continuous", "verified", "asset"]
    value: str = ""


@dataclass(frozen=True)
class ScheduledRecipe:
    """A task file that runs on a schedule, on one or several clouds."""

    name: str
    file: str  # that says so
    task_file: str
    schedule: Schedule
    clouds: tuple[str, ...]
    timezone: str = "UTC"
    task_args: Mapping[str, Any] = field(default_factory=dict)
    deadline: timedelta | None = None  # after which a run that was queued and has not ended is overdue
    confirmations: int = CONFIRMATIONS  # runs that a suspected change may start
    tags: tuple[str, ...] = ()  # of its results, and of its DAG
    paused: bool | None = None  # whether its DAG is paused when it is new; None: as Airflow is set

    @property
    def history_tag(self) -> str:
        """The tag of all its results: with the cloud, it identifies their history."""
        return f"{RECIPE_TAG}{self.name}"


@dataclass(frozen=True)
class InvalidRecipe:
    """A file that does not say how its recipe is scheduled."""

    name: str
    file: str
    error: str


def scheduled_recipes(folders: Iterable[Path]) -> list[ScheduledRecipe | InvalidRecipe]:
    """Return the scheduled recipes in folders and their subfolders, sorted by name; names are unique.

    A file with an error is an `InvalidRecipe`, and so is one whose name an earlier one has: no file affects another.
    """
    paths = dict.fromkeys(path for folder in folders for path in sorted(folder.rglob(f"*{SUFFIX}")))
    found: dict[str, ScheduledRecipe | InvalidRecipe] = {}
    invalid: list[InvalidRecipe] = []
    for path in paths:
        one = _read(path)
        if isinstance(one, InvalidRecipe):
            invalid.append(one)
        elif one.name in found:
            taken = f"{one.file}: the name {one.name} is taken by {found[one.name].file} - rename one of the files"
            invalid.append(InvalidRecipe(one.name, one.file, taken))
        else:
            found[one.name] = one
    for bad in invalid:
        name = re.sub(r"[^A-Za-z0-9_-]", "-", bad.name)[:_LONGEST] or "-"
        numbered = (f"{name}-{number}" for number in range(2, len(paths) + 2))
        free = name if name not in found else next(other for other in numbered if other not in found)
        found[free] = replace(bad, name=free)
    return [found[name] for name in sorted(found)]


def _read(path: Path) -> ScheduledRecipe | InvalidRecipe:
    name = path.name.removesuffix(SUFFIX)
    file = str(path.relative_to(CHECKOUT)) if path.is_relative_to(CHECKOUT) else str(path)
    try:
        file.encode()
    except UnicodeEncodeError:  # Airflow could not store its DAG, nor any other of the same look
        file = printable(file)
        return InvalidRecipe(name, file, f"{file}: its path is not UTF-8 - rename the file, or its folder")
    try:
        return scheduled_recipe(read_text(path, name=file), file=file, name=name, folder=path.parent)
    except RallycrossError as error:
        return InvalidRecipe(name, file, str(error))


def scheduled_recipe(text: str, *, file: str, name: str, folder: Path) -> ScheduledRecipe:
    """Return what the text of a file says; raise `InvalidInput` with all complaints about it.

    `folder` is where the file is: the task file is there, or is named relative to it.
    """
    complaints: list[Complaint] = []
    if not _NAME.fullmatch(name):
        what = f"the name {name!r} must be at most 100 letters, digits, dashes and underscores"
        complaints.append(Complaint(file, 0, 0, "", what, "rename the file"))
    data, places = parse(text, file, complaints)
    if data is None:
        raise InvalidInput([*complaints, Complaint(file, 0, 0, "", "is empty", "add `schedule:` and `clouds:`")])
    found = flaws(data, SCHEMA)
    if not found:
        found = list(_contradictions(data, name, folder))
    complaints += [Complaint(file, *place(places, one.path), dotted(one.path), one.what, one.remedy) for one in found]
    if complaints:
        raise InvalidInput(complaints)
    clouds = data["clouds"]
    return ScheduledRecipe(
        name,
        file,
        str(_task_file(data, name, folder)),
        _schedule(data["schedule"]),
        (clouds,) if isinstance(clouds, str) else tuple(clouds),
        data.get("timezone", "UTC"),
        data.get("task_args", {}),
        duration(data["deadline"]) if "deadline" in data else None,
        data.get("confirmations", CONFIRMATIONS),
        tuple(data.get("tags", ())),
        data.get("paused"),
    )


def _schedule(said: str | dict[str, str]) -> Schedule:
    if isinstance(said, dict):
        ((kind, value),) = said.items()
        return Schedule("verified" if kind == VERIFIED else "asset", value)
    if said == CONTINUOUS:
        return Schedule("continuous")
    return Schedule("verified") if said == VERIFIED else Schedule("cron", said)


def _contradictions(data: Mapping[str, Any], name: str, folder: Path) -> Iterator[Flaw]:
    """Yield what is wrong with values that have the right types."""
    schedule = _schedule(data["schedule"])
    if schedule.kind == "cron" and (what := cron_flaw(schedule.value)):
        remedy = f"write five fields, such as `0 2 * * *`, or one of {', '.join((*PRESETS, CONTINUOUS, VERIFIED))}"
        yield Flaw(("schedule",), what, remedy)
    if "timezone" in data:
        try:
            ZoneInfo(data["timezone"])
        except (KeyError, ValueError, OSError):  # OSError: the name of a folder of the database
            yield Flaw(("timezone",), f"there is no time zone {data['timezone']!r}", "use one such as Europe/Berlin")
    if "deadline" in data:
        try:
            duration(data["deadline"])
        except RallycrossError as error:
            what, _, remedy = str(error).partition(" - ")
            yield Flaw(("deadline",), what, remedy)
    for index, tag in enumerate(data.get("tags", ())):
        if not tag.isprintable() or not tag.strip():
            yield Flaw(("tags", index), "must have visible characters only", "write a word")
    if wrong := [key for key in data.get("task_args", {}) if not isinstance(key, str)]:
        yield Flaw(("task_args", str(wrong[0])), "is not the name of an argument", "use a string as the key")
    if _task_file(data, name, folder) is None:
        looked_for = data.get("task_file") or " or ".join(f"{name}{ending}" for ending in TASK_FILES)
        yield Flaw(
            ("task_file",) if "task_file" in data else (),
            f"there is no task file {looked_for} in {folder}",
            "put it there, or name another by `task_file:`",
        )


def _task_file(data: Mapping[str, Any], name: str, folder: Path) -> Path | None:
    named = [data["task_file"]] if "task_file" in data else [f"{name}{ending}" for ending in TASK_FILES]
    try:
        return next((path for one in named if (path := folder / one).is_file()), None)
    except (OSError, ValueError):  # a name that is too long, or has a NUL
        return None


def cron_flaw(said: str) -> str:
    """Return what is wrong with a cron expression, or ""."""
    if said in PRESETS:
        return ""
    if said.startswith("@") or len(said.split()) != _FIELDS or _RANDOM.search(said):
        return f"{said!r} is not a cron expression"
    try:
        croniter(said, datetime(2000, 1, 1, tzinfo=UTC), max_years_between_matches=_YEARS).get_next(datetime)
    except (ValueError, KeyError, IndexError, AttributeError, OverflowError) as error:
        return f"{said!r} is not a cron expression that is ever due: {error}"
    return ""
