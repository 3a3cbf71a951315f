"""Arguments of a task file that mean something on this machine, or are only written differently."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rallycross.errors import InvalidInput
from rallycross.settings import CHECKOUT
from rallycross.task.plan import Task
from rallycross.task.resources import NotFound
from rallycross.task.url import wrong_with
from rallycross.userfile import read_text

_URL = ("http://", "https://")


def file_of(task: Task, location: str) -> str:
    """Return where a file is: a URL as it is, `~` expanded; from the current folder or else from the task file's.

    Rally looks in the current folder alone. Raises `NotAllowed` where the task may not have the file.
    """
    if location.startswith(_URL):
        return location
    path = Path(location).expanduser()
    beside = (CHECKOUT / task.file).parent / path
    return str(task.permissions.file(path.absolute() if path.is_file() or not beside.is_file() else beside))


def _location(task: Task, wanted: str) -> str:
    path = file_of(task, wanted)
    if path.startswith(_URL) and (what := wrong_with(path)):
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
    """Translate glance's API v1: `is_public` is `visibility`, which goes before it."""
    options = dict(wanted)
    if "is_public" in options:
        options.setdefault("visibility", "public" if options["is_public"] else "private")
        del options["is_public"]
    return options


# Kind -> how to make of what is written in a task what the scenario gets. Raise `NotFound` or `NotAllowed`.
LOCAL: dict[str, Callable[[Task, Any], Any]] = {
    "file": _location,
    "text": _text,
    "texts": _texts,
    "path": _path,
    "image_options": _image_options,
}
