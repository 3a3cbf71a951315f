"""Which results are kept, and the deletion of the others: `results prune` and the DAG `prune_results`.

Results that run, or that may have left something in a cloud, are never touched.
"""

import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from rallycross.results.models import TaskRow, VerificationRow
from rallycross.results.pruned_samples import prune_samples
from rallycross.results.reference import RECIPE_TAG
from rallycross.results.sample_file import SUFFIX
from rallycross.results.store import Store
from rallycross.settings import Settings
from rallycross.verification_jobs.job import log_of
from rallycross.verification_jobs.request import forget_secrets
from rallycross.views.wording import counted, data_size, moment

RUNNING, LEFT_SOMETHING, YOUNG, TAGGED, LAST = (
    "running",
    "may have left something in a cloud",
    "young",
    "tagged",
    "last",
)


@dataclass(frozen=True)
class Policy:
    """What is kept: what ended less than `older_than` ago, and what the other fields say."""

    older_than: timedelta
    keep_tagged: bool = False  # tasks with a tag, apart from the one that every run of a scheduled recipe has
    keep_last: int = 0  # so many of each series: a recipe (or a title, or a set of tests) on a cloud
    samples_only: bool = False  # rows, figures and reports of all are kept
    cloud: str | None = None  # only results of this cloud are deleted; None: of all


@dataclass(frozen=True)
class Result:
    """A task or a verification, as far as its retention depends on it."""

    uuid: str
    kind: str  # `task` or `verification`
    cloud: str
    title: str
    tags: tuple[str, ...]
    running: bool
    ended_at: float  # seconds since the epoch; of a result without an end, its start
    leaves: bool = False  # whether the ledger has something that it may have left in a cloud

    @property
    def series(self) -> tuple[str, str, str]:
        """Kind, cloud, and the recipe or else the title: what is repeated has the same."""
        recipe = next((tag for tag in self.tags if tag.startswith(RECIPE_TAG)), self.title)
        return self.kind, self.cloud, recipe

    @property
    def tagged(self) -> bool:
        """Whether somebody gave it a tag."""
        return any(not tag.startswith(RECIPE_TAG) for tag in self.tags)


@dataclass(frozen=True)
class Removal:
    """What was, or would be, deleted of one result."""

    result: Result
    bytes: int

    def __str__(self) -> str:
        one = self.result
        return (
            f"{one.uuid[:8]}  {one.kind}  {one.cloud}  {one.title}  ended {moment(one.ended_at)}"
            f"  {data_size(self.bytes)}"
        )


@dataclass
class Pruned:
    """What was, or would be, deleted, and why the other results were kept."""

    removed: list[Removal] = field(default_factory=list)
    kept: Counter[str] = field(default_factory=Counter)  # reason -> number of results

    @property
    def bytes(self) -> int:
        """The size of all deleted files."""
        return sum(one.bytes for one in self.removed)


def choose(results: Iterable[Result], policy: Policy, now: float) -> tuple[list[Result], Counter[str]]:
    """Return the results that the policy does not keep, the oldest first, and the number of kept ones by reason."""
    kept: Counter[str] = Counter()
    newer: defaultdict[tuple[str, str, str], int] = defaultdict(int)  # results of a series that are newer
    gone: list[Result] = []
    for one in sorted(results, key=lambda result: (result.ended_at, result.uuid), reverse=True):
        if policy.cloud not in {None, one.cloud}:
            continue
        if one.running:
            kept[RUNNING] += 1
            continue
        newer[one.series] += 1
        if newer[one.series] <= policy.keep_last:
            kept[LAST] += 1
        elif one.ended_at > now - policy.older_than.total_seconds():
            kept[YOUNG] += 1
        elif policy.keep_tagged and one.tagged:
            kept[TAGGED] += 1
        elif one.leaves and not policy.samples_only:
            kept[LEFT_SOMETHING] += 1
        else:
            gone.append(one)
    return gone[::-1], kept


def prune(
    store: Store,
    paths: Settings,
    policy: Policy,
    *,
    now: float,
    dry_run: bool,
    tell: Callable[[Removal], object] = lambda _: None,
) -> Pruned:
    """Delete what the policy does not keep, or with `dry_run` only find it; `tell` is called for each result."""
    gone, kept = choose(_results(store), policy, now)
    pruned = Pruned(kept=kept)
    for one in gone:
        size = _delete(store, paths, one, policy, dry_run=dry_run)
        if size is None:
            continue
        pruned.removed.append(Removal(one, size))
        tell(pruned.removed[-1])
    return pruned


def summary(pruned: Pruned, *, dry_run: bool) -> str:
    """Return what was, or would be, deleted in a sentence, with the reasons why the others are kept."""
    what = f"{counted(len(pruned.removed), 'result')}, {data_size(pruned.bytes)} of files"
    reasons = ", ".join(f"{counted(number, reason, reason)}" for reason, number in sorted(pruned.kept.items()))
    return f"{what} {'would be deleted' if dry_run else 'deleted'}; kept: {reasons or 'nothing'}"


def document(pruned: Pruned, *, dry_run: bool) -> dict[str, Any]:
    """Return the same for programs."""
    removed = [
        {
            "uuid": one.result.uuid,
            "kind": one.result.kind,
            "cloud": one.result.cloud,
            "title": one.result.title,
            "tags": list(one.result.tags),
            "ended_at": one.result.ended_at,
            "bytes": one.bytes,
        }
        for one in pruned.removed
    ]
    return {"dry_run": dry_run, "bytes": pruned.bytes, "removed": removed, "kept": dict(pruned.kept)}


def may_have_left_something(store: Store, uuid: str) -> bool:
    """Tell whether the ledger has something of a task. Without the task, `clean` does not find that."""
    task = store.tasks.get(uuid)
    own = {uuid, *(workload.uuid for workload in task.workloads)} if task else {uuid}
    return any(owner in own for _, owner in store.ledger.owners())


def delete(store: Store, paths: Settings, uuid: str) -> int:
    """Delete a task or a verification with its samples and reports; return the size of the files in bytes."""
    files = [*_reports(store, paths, uuid), *(log for log in [log_of(paths, uuid)] if log.is_file())]
    folders = _sample_folders(store, paths, uuid)
    # Rows first, so that every listed result still has its files.
    store.history.delete(uuid)
    forget_secrets(uuid, paths=paths)
    size = sum(map(_size, [*files, *(path for folder in folders for path in folder.iterdir())]))
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
    for path in files:
        path.unlink(missing_ok=True)
        with suppress(OSError):  # other files are there
            if path.is_relative_to(paths.reports) and path.parent != paths.reports:
                path.parent.rmdir()
    return size


def _delete(store: Store, paths: Settings, one: Result, policy: Policy, *, dry_run: bool) -> int | None:
    """Delete a result or its samples, or only measure them; return the bytes, or None if there is nothing to delete."""
    folders = _sample_folders(store, paths, one.uuid)
    if policy.samples_only:
        size = sum(_size(path) for folder in folders for path in folder.glob(f"*{SUFFIX}"))
        return (size if dry_run else sum(map(prune_samples, folders))) or None
    if dry_run:
        files = [*_reports(store, paths, one.uuid), log_of(paths, one.uuid)]
        return sum(map(_size, [*files, *(path for folder in folders for path in folder.iterdir())]))
    return delete(store, paths, one.uuid)


def _results(store: Store) -> Iterator[Result]:
    owners = {owner for _, owner in store.ledger.owners()}
    for row in store.tasks.latest():
        own = {row.uuid, *(workload.uuid for workload in row.workloads)} if owners else set()
        yield Result(
            row.uuid,
            "task",
            row.cloud,
            row.title,
            tuple(row.tags),
            row.status == "running",
            _ended(row),
            leaves=not owners.isdisjoint(own),
        )
    for test_run in store.verifications.latest(limit=None):
        running, ended = test_run.status == "running", _ended(test_run)
        leaves = test_run.uuid in owners
        yield Result(test_run.uuid, "verification", test_run.cloud, test_run.chosen, (), running, ended, leaves=leaves)


def _ended(row: TaskRow | VerificationRow) -> float:
    return row.started_at if row.ended_at is None else row.ended_at


def _sample_folders(store: Store, paths: Settings, uuid: str) -> list[Path]:
    task = store.tasks.get(uuid)
    folders = [paths.samples / workload.uuid for workload in task.workloads] if task else []
    return [folder for folder in folders if folder.is_dir()]


def _reports(store: Store, paths: Settings, uuid: str) -> list[Path]:
    """Return the files of a result's reports that no other result shares, below the folder of reports."""
    found = [Path(row.path) for row in store.artifacts.of(uuid)]
    own = [path for path in found if path.is_relative_to(paths.reports) and path.is_file()]
    return [path for path in own if store.artifacts.owners(str(path)) == {uuid}]


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
