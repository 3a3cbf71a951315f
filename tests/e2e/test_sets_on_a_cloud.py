"""The curated sets of workloads, on a real cloud."""

import threading
import uuid
from pathlib import Path
from typing import Any

import pytest
from judged import missed

from rallycross import catalogue, task
from rallycross.benchmark import task_run
from rallycross.cloud.cloud import Cloud
from rallycross.judging.judge import judge
from rallycross.results.store import Store
from rallycross.settings import CHECKOUT

pytestmark = pytest.mark.full


@pytest.mark.parametrize(("name", "args"), [("smoke", {}), ("core", {"seconds": 2}), ("mixed", {"minutes": 1})])
def test_a_set_passes_and_leaves_nothing(
    embedded_cloud: Cloud, tmp_path: Path, name: str, args: dict[str, Any]
) -> None:
    """Each workload of a set runs without a failed iteration, and the ledger is empty afterwards.

    That a machine with other work starves the generator is no matter here.
    """
    store, own = Store.open(f"sqlite:///{tmp_path / 'results.db'}"), str(uuid.uuid4())
    file = f"include/recipes/{name}.yaml"
    plan = task.load((CHECKOUT / file).read_text(), file=file, args=args, known=catalogue.known())
    task_run.run(plan, embedded_cloud, store, uuid=own, samples=tmp_path, stop=threading.Event())
    judgement = judge(store, own, samples=tmp_path)
    assert missed([row for workload in judgement.workloads for row in workload.rows]) == {}
    row = store.tasks.get(own)
    assert row is not None
    assert [workload.error for workload in row.workloads] == [""] * len(plan.workloads)
    assert store.ledger.standing(embedded_cloud.name) == []
