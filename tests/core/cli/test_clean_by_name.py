"""`clean --cloud` finds what dead runs have left by the names alone."""

import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from left_things import ALIVE, EVERYTHING, LEFT, WHAT_STAYS, fill, names
from small_cloud import SmallCloud
from sqlalchemy import update

from rallycross.leftovers.by_name import _NAME
from rallycross.results.models import TaskRow
from rallycross.results.store import Store
from rallycross.views.history import verdict_word

DEAD_AFTER = 3600  # seconds; longer than a busy machine takes for any of the tests


@pytest.fixture(name="home")
def _home(tmp_path: Path, small_cloud: SmallCloud) -> Path:
    """Return a state in which a run is alive, and fill the cloud with what it, others and nobody of ours have made."""
    home = tmp_path / "home"
    home.mkdir()
    store = Store.open(f"sqlite:///{home / 'results.db'}")
    fill(small_cloud, store)
    (tmp_path / "clouds.yaml").write_text(yaml.safe_dump({"clouds": {"small": small_cloud.cloud().config}}))
    return home


def clean(home: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    """Run the command, without a terminal that could be asked."""
    return subprocess.run(
        [sys.executable, "-m", "rallycross.cli", "clean", "--cloud", "small", *options],
        env={
            **os.environ,
            "RALLYCROSS_HOME": str(home),
            "OS_CLIENT_CONFIG_FILE": str(home.parent / "clouds.yaml"),
            "RALLYCROSS_DEAD_AFTER": f"{DEAD_AFTER}",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize("options", [(), ("--dry-run",), ("--dry-run", "--yes"), ("--json",)])
def test_nothing_is_deleted_unasked(home: Path, small_cloud: SmallCloud, options: tuple[str, ...]) -> None:
    """Without --yes, and without anybody to ask, or for a dry run, what was found is only shown."""
    ran = clean(home, *options)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert names(small_cloud) == EVERYTHING
    if "--json" in options:
        found = {(one["kind"], one["name"]) for one in json.loads(ran.stdout)["by_name"]["things"]}
        assert found == {
            *(("nova.servers", name) for name in LEFT["servers"]),
            *(("neutron.network", name) for name in LEFT["networks"]),
            *(("cinder.volumes", name) for name in LEFT["volumes"]),
            *(("keystone.user", name) for name in LEFT["users"]),
            *(("keystone.project", name) for name in LEFT["projects"]),
        }
        return
    [row] = [line.split() for line in ran.stdout.splitlines() if line.split()[:1] == ["nova.servers"]]
    assert (row[1], row[2], row[-1]) == ("2", "s_rally_DeadBeef_...", "c_rally_0badcafe_bbbbbbbb")
    assert row[4] == "d"  # years old
    assert ("--yes" in ran.stderr) == (options == ())


def test_what_dead_runs_have_left_is_deleted(home: Path, small_cloud: SmallCloud) -> None:
    """With --yes all of it goes, and nothing with another name, or of a run that is alive; then nothing is found."""
    ran = clean(home, "--yes")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert names(small_cloud) == WHAT_STAYS
    assert f"{sum(map(len, LEFT.values()))} deleted" in ran.stdout
    assert "nothing to clean up" in clean(home, "--yes").stdout


def test_what_cannot_be_deleted_is_told(home: Path, small_cloud: SmallCloud) -> None:
    """A refused deletion is told with the thing's name, and ends in 1; everything else goes."""
    small_cloud.refuse[f"DELETE compute /servers/id of {LEFT['servers'][0]}"] = 403
    ran = clean(home, "--yes")
    assert ran.returncode == 1
    assert LEFT["servers"][0] in ran.stdout
    assert LEFT["servers"][1] not in names(small_cloud)["servers"]


def test_a_kind_that_cannot_be_listed_is_told(home: Path, small_cloud: SmallCloud) -> None:
    """It costs nothing else."""
    small_cloud.refuse["GET network /networks"] = 403
    ran = clean(home, "--dry-run")
    assert "neutron.network in the cloud: cannot be listed" in ran.stderr
    assert "nova.servers" in ran.stdout


def test_what_may_be_of_a_run_that_is_alive_elsewhere_can_be_left(home: Path, small_cloud: SmallCloud) -> None:
    """With --older-than a run that has made something since, also in its own project, keeps all that it has."""
    small_cloud.things["servers"][f"id of {LEFT['servers'][1]}"]["created"] = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    ran = clean(home, "--yes", "--older-than", "60")
    assert "nothing to clean up" in ran.stdout, ran.stdout + ran.stderr
    assert names(small_cloud) == EVERYTHING
    small_cloud.things["servers"][f"id of {LEFT['servers'][1]}"]["created"] = "2026-01-01T00:00:00Z"
    assert clean(home, "--yes", "--older-than", "60").returncode == 0
    assert names(small_cloud) == WHAT_STAYS


def test_a_run_whose_process_is_dead_is_cleaned_up_after(home: Path, small_cloud: SmallCloud) -> None:
    """A running task without a sign of life ends as crashed and is judged; its things go by the ledger and by name."""
    store = Store.open(f"sqlite:///{home / 'results.db'}")
    [key] = [key for key in small_cloud.things["servers"] if "a11feed0" in key]
    row = store.ledger.remember(ALIVE, "small", "nova.servers", small_cloud.things["servers"][key]["name"])
    store.ledger.learned(row, key)
    assert "it seems to be running" in clean(home, "--yes").stdout
    assert any("a11feed0" in name for name in names(small_cloud)["servers"])
    silent_since(store, time.time() - 2 * DEAD_AFTER)
    ran = clean(home, "--yes")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert f"task {ALIVE}  1 cleaned up" in ran.stdout
    assert not any("a11feed0" in name for kind in names(small_cloud).values() for name in kind)
    task = store.tasks.get(ALIVE)
    assert task is not None
    assert (task.status, verdict_word(task), store.ledger.standing("small")) == ("crashed", "failed", [])


def silent_since(store: Store, moment: float) -> None:
    """Give the run that is alive its last sign of life at a moment."""
    with store.database.engine.begin() as connection:
        connection.execute(update(TaskRow).where(TaskRow.uuid == ALIVE).values(beat_at=moment))


@pytest.mark.parametrize(
    ("name", "is_ours"),
    [
        ("s_rally_AbCd1234_AbCd1234", True),
        ("c_rally_AbCd1234_AbCd1234", True),
        ("s_rally_AbCd1234_AbCd1234-12", True),
        ("s_rally_AbCd1234_AbCd1234-x", False),
        ("s_rally_AbCd1234_AbCd12345", False),
        ("rally_AbCd1234_AbCd1234", False),
        (" s_rally_AbCd1234_AbCd1234", False),
        ("s_rally_AbCd1234_AbCd1234\n", False),
        ("", False),
    ],
)
def test_only_whole_names_count(name: str, *, is_ours: bool) -> None:
    """A name counts only if it has exactly the form that runs give."""
    assert (_NAME.fullmatch(name) is not None) == is_ours
