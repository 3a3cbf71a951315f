"""What a load leaves that is killed in its middle goes: by the command `clean`, and by the DAG `janitor`."""

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from killed_load import DEAD_AFTER, LIMIT, KilledLoad, killed, run_dag
from scenario_trial import standing

from rallycross.cloud.cloud import Cloud

pytestmark = [pytest.mark.e2e, pytest.mark.full]

IN_FLIGHT = 30.0  # seconds in which the cloud may carry out requests of processes that are dead


def by_command(load: KilledLoad, cloud: Cloud) -> None:
    """Delete by the command."""
    command = [sys.executable, "-m", "rallycross.cli", "clean", "--cloud", cloud.name, "--yes"]
    subprocess.run(command, env=load.environment, check=True, timeout=LIMIT)


def by_dag(load: KilledLoad, cloud: Cloud) -> None:
    """Delete by a run of the DAG."""
    run_dag(load, cloud, may="all")


@pytest.mark.parametrize(
    ("clean", "has_ledger"), [(by_dag, True), (by_command, False)], ids=["DAG, by ledger", "command, by name"]
)
def test_a_cloud_is_as_before_a_load_that_was_killed(
    embedded_cloud: Cloud, tmp_path: Path, clean: Callable[[KilledLoad, Cloud], None], *, has_ledger: bool
) -> None:
    """After kill -9 of all processes in mid-load, all projects have what they had before, and the ledger is empty."""
    before = standing(embedded_cloud)
    load = killed(embedded_cloud, tmp_path)
    left = Counter(one.split(" ")[0] for one in (standing(embedded_cloud) - before).elements())
    assert min(left[kind] for kind in ("nova.servers", "cinder.volumes", "neutron.floatingip", "keystone.project")) > 1
    if not has_ledger:
        load.lose_ledger()
        time.sleep(IN_FLIGHT)
    time.sleep(DEAD_AFTER)
    clean(load, embedded_cloud)
    after = standing(embedded_cloud)
    assert (after - before, before - after) == (Counter(), Counter())
    assert load.store.ledger.standing(load.cloud) == []
    assert load.store.tasks.running() == []
