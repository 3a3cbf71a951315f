"""Arguments of a task file that refer to files of this machine, or need a translation."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rallycross.errors import InvalidInput
from rallycross.settings import CHECKOUT
from rallycross.task.plan import Task
from rallycross.task.resources import NotFound
from rallycross.task.url import url_problem
from rallycross.userfile import read_text

_URL = ("http://", "https://")


def file_of(task: Task, location: str) -> str:
    """Return a file's location: a URL unchanged, or a path, looked up in the current folder and then the task file's.

    `~` is expanded. Rally looks in the current folder only. Raises `NotAllowed` if the task may not read the file.
    """
    if location.startswith(_URL):
        return location
    path = Path(location).expanduser()
    beside = (CHECKOUT / task.file).parent / path
    return str(task.permissions.file(path.absolute() if path.is_file() or not beside.is_file() else beside))


def _location(task: Task, wanted: str) -> str:
    path = file_of(task, wanted)
    if path.startswith(_URL) and (what := url_problem(path)):
        raise NotFound(f"'{wanted}' is {what}")
    if not path.startswith(_URL) and not Path(path).is_file():
        raise NotFound(f"there is no file '{wanted}'")
    return path


def _text(task: Task, wanted: str) -> str:
    try:
        return read_text(file_of(task, wanted), name=wanted)
    except InvalidInput as error:
        raise NotFound(f"the file '{wanted}' {error.complaints[0].what}") from error


def _texts(task: Task, wanted: list[str]) -> dict[str, str]:
    return {path: _text(task, path) for path in wanted}


def _path(task: Task, wanted: str) -> str:
    return str(task.permissions.file(Path(wanted).expanduser()))


def _image_options(_: Task, wanted: dict[str, Any]) -> dict[str, Any]:
    """Translate `is_public` of glance's API v1 to `visibility`, unless that is given."""
    options = dict(wanted)
    if "is_public" in options:
        options.setdefault("visibility", "public" if options["is_public"] else "private")
        del options["is_public"]
    return options


# Kind -> function that turns the value in the task file into the scenario's. Raises `NotFound` or `NotAllowed`.
LOCAL: dict[str, Callable[[Task, Any], Any]] = {
    "file": _location,
    "text": _text,
    "texts": _texts,
    "path": _path,
    "image_options": _image_options,
}
