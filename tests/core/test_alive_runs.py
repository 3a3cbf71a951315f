"""Whose things are left: those of runs that have ended, and of those whose processes are dead."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from left_things import ALIVE, LEFT, fill
from small_cloud import SmallCloud
from sqlalchemy import update

from rallycross import janitor
from rallycross.cloud.naming import scenario_prefix
from rallycross.results.heartbeat import beating
from rallycross.results.models import TaskRow
from rallycross.results.store import Store
from rallycross.task.plan import Task

ANOTHER = "deadbeef-0000-4000-8000-000000000000"


@contextmanager
def signs_of_life(store: Store, *, behind: float) -> Iterator[None]:
    """Let a process give signs of life whose clock is behind by so many seconds."""

    def beat() -> None:
        with store.database.engine.begin() as connection:
            values = {"beat_at": time.time() - behind}
            connection.execute(update(TaskRow).where(TaskRow.uuid == ALIVE).values(**values))

    beat()
    with beating(beat, name="beats of a test"):
        yield


def test_a_process_whose_clock_is_behind_is_alive(sqlite_store: Store) -> None:
    """A process that gives signs of life is alive, whatever time its clock shows; when it stops, it is dead."""
    sqlite_store.tasks.begin(ALIVE, cloud="small", task=Task("t", ()), environment={})
    with signs_of_life(sqlite_store, behind=3600):
        assert janitor.alive_tasks(sqlite_store) == {ALIVE}
    assert janitor.alive_tasks(sqlite_store) == frozenset()


def test_a_process_that_never_gave_signs_of_life_may_be_alive(sqlite_store: Store) -> None:
    """A running task of an earlier version seems to be alive, however old it is."""
    sqlite_store.tasks.begin(ALIVE, cloud="small", task=Task("t", ()), environment={})
    with sqlite_store.database.engine.begin() as connection:
        connection.execute(update(TaskRow).values(beat_at=None, started_at=0.0))
    assert janitor.alive_tasks(sqlite_store) == {ALIVE}


def test_a_run_that_begins_during_the_search_keeps_its_things(
    sqlite_store: Store, small_cloud: SmallCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a run has made that began after the search did is not taken for left."""
    fill(small_cloud, sqlite_store)
    listed = small_cloud._list

    def begin_and_list(*asked: Any) -> list[dict[str, Any]]:
        sqlite_store.tasks.begin(ANOTHER, cloud="small", task=Task("t", ()), environment={})
        own = scenario_prefix(ANOTHER)
        return [{**one, "name": one["name"].replace("s_rally_DeadBeef_", own)} for one in listed(*asked)]

    monkeypatch.setattr(small_cloud, "_list", begin_and_list)
    found = janitor.find_by_name(small_cloud.cloud(), sqlite_store)
    assert {one.name for one in found.things} == {
        name for names in LEFT.values() for name in names if name.startswith("c_rally_")
    }


def test_names_can_be_chosen(sqlite_store: Store, small_cloud: SmallCloud) -> None:
    """With one beginning of names, only things whose names begin with it are found."""
    fill(small_cloud, sqlite_store)
    found = janitor.find_by_name(small_cloud.cloud(), sqlite_store, beginnings=["s_rally_"])
    assert {one.name for one in found.things} == {
        name for names in LEFT.values() for name in names if name.startswith("s_rally_")
    }


def test_who_is_not_an_administrator_is_told(sqlite_store: Store, small_cloud: SmallCloud) -> None:
    """A cloud whose user is not an administrator is not searched by name, and the reason is said."""
    fill(small_cloud, sqlite_store)
    small_cloud.administrators.clear()
    found = janitor.find_by_name(small_cloud.cloud(), sqlite_store)
    assert (found.things, "not an administrator" in found.not_searched) == ([], True)
