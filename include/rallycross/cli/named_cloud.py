"""Finds a cloud by name: one of this checkout, or an entry in the user's own `clouds.yaml`."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from rallycross.cloud.cloud import NO_CLOUD, Cloud
from rallycross.errors import RallycrossError, brief, did_you_mean
from rallycross.results.store import Store

if TYPE_CHECKING:
    from rallycross.cloud.clouds_file import CloudsFile

LONGEST_NAME = 255  # characters that the results database keeps of a cloud's name


def named_cloud(name: str, store: Store) -> Cloud:
    """Return the cloud; one of this checkout takes precedence over an entry in the user's `clouds.yaml`."""
    if cloud := cloud_with_entry(name, store):
        return cloud
    file = _users_file()
    raise _unknown(name, {*(one.name for one in store.clouds.all()), *(file.names if file else ())})


def cloud_with_entry(name: str, store: Store) -> Cloud | None:
    """Return the cloud as `named_cloud` does; None if nothing to sign in with is known."""
    if row := store.clouds.get(name):
        return Cloud.from_file(Path(row.clouds_yaml), name)
    file = _users_file()
    return file.cloud(name) if file and name in file.names else None


def check_name(name: str | None, store: Store) -> None:
    """Raise an error for an unknown name (None: no name was given), so that a typo does not show as an empty list.

    Known are clouds with results or recorded resources, clouds that `named_cloud` finds, and the name for loads without
    a cloud. The latter is never suggested, because it is not a cloud.
    """
    if name is None or name in (kept := {*store.history.cloud_names(), NO_CLOUD.name}):
        return
    file = _users_file()
    known = kept | set(file.names if file else ())
    if name not in known:
        raise _unknown(name, known - {NO_CLOUD.name})


def check_new_name(name: str) -> None:
    """Raise an error for a new cloud name that the store cannot keep, or that cannot be typed."""
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        what = "is empty" if not name.strip() else f"{brief(name)!r} is not allowed"
        remedy = f"use at most {LONGEST_NAME} printable characters"
        raise RallycrossError(f"the cloud's name: {what} - {remedy}")


def _users_file() -> "CloudsFile | None":
    """Return the `clouds.yaml` that OpenStack's clients use, without `OS_` variables, as in Airflow."""
    from rallycross.cloud.clouds_file import CloudsFile  # noqa: PLC0415 - it imports openstacksdk

    return CloudsFile.read() if CloudsFile.usual() else None


def _unknown(name: str, known: Iterable[str]) -> RallycrossError:
    remedy = did_you_mean(name, known) or "./rallycross cloud list has those of this checkout"
    return RallycrossError(f"there is no cloud {name!r} - {remedy}")
