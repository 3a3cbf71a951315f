"""The checks of `doctor --deep`: database, samples, files, ledger and clouds, each compared with the others."""

import sqlite3
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import yaml

from rallycross import janitor
from rallycross.cli.named_cloud import named_cloud
from rallycross.cloud import registered
from rallycross.errors import RallycrossError
from rallycross.file_kind import UNREADABLE
from rallycross.judging.statistics import figures_of
from rallycross.results.database_errors import shown_url
from rallycross.results.figure_damage import figure_damage, report_damage
from rallycross.results.models import WorkloadRow
from rallycross.results.pruned_samples import pruned_at
from rallycross.results.sample_damage import DAMAGED_SAMPLES, damage_detail
from rallycross.results.store import Store
from rallycross.settings import Settings, settings
from rallycross.task.plan import Timing
from rallycross.views.wording import counted

_STALE = 3600.0  # seconds after which a temporary file is taken for abandoned


@dataclass(frozen=True)
class Finding:
    """A problem, as a message with a remedy; `mend` repairs it, if that is possible."""

    part: str
    what: str
    mend: Callable[[], object] | None = None


def findings(store: Store, paths: Settings) -> Iterator[Finding]:
    """Check everything; nothing is changed except by `mend`."""
    yield from _database(store)
    yield from _samples(store, paths)
    yield from _figures(store, paths)
    yield from _files(store, paths)
    yield from _ledger(store)
    yield from _clouds(store, paths)


def _database(store: Store) -> Iterator[Finding]:
    """Have SQLite check all pages, indexes and references; PostgreSQL checks its own."""
    if store.database.engine.dialect.name != "sqlite":
        return
    file = str(store.database.engine.url.database)
    with closing(sqlite3.connect(f"{Path(file).absolute().as_uri()}?mode=ro", uri=True)) as connection:
        said = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(10)")]
        loose = connection.execute("PRAGMA foreign_key_check").fetchall()
    remedy = f"restore a backup of {file}, or recover what is readable: sqlite3 {file} .recover"
    for line in said if said != ["ok"] else []:
        yield Finding("database", f"results database {shown_url(store.database.url)}: {line} - {remedy}")
    if loose:
        tables = ", ".join(sorted({str(row[0]) for row in loose}))
        yield Finding(
            "database",
            f"results database {shown_url(store.database.url)}: {len(loose)} rows of {tables} refer to missing rows"
            f" - {remedy}",
        )


def _samples(store: Store, paths: Settings) -> Iterator[Finding]:
    """Check the sample files of each workload by their checksums, and look for folders without a workload."""
    known: set[str] = set()
    for workload in store.workloads.all():
        known.add(workload.uuid)
        if workload.status in {"init", "running"}:
            continue
        detail = damage_detail(workload, paths.samples)
        if detail and all(row.criterion != DAMAGED_SAMPLES for row in workload.sla_rows):
            uuid = workload.uuid
            yield Finding(
                "samples",
                f"task {workload.task_uuid}, workload {workload.position + 1}: {detail}; the verdict omits it",
                lambda uuid=uuid, detail=detail: store.workloads.fail(uuid, DAMAGED_SAMPLES, detail),  # type: ignore[misc]
            )
        elif detail:
            yield Finding("samples", f"task {workload.task_uuid}, workload {workload.position + 1}: {detail}")
    for folder in sorted(paths.samples.iterdir()) if paths.samples.is_dir() else ():
        if folder.is_dir() and folder.name not in known:
            yield Finding(
                "samples",
                f"{folder}: samples of a workload that {shown_url(store.database.url)} does not have - delete the"
                " folder, or set RALLYCROSS_RESULTS_URL to the database that does",
            )


def _figures(store: Store, paths: Settings) -> Iterator[Finding]:
    """Read the stored figures of each workload; `mend` computes damaged ones again from the samples."""
    for workload in store.workloads.all():
        if detail := figure_damage(workload):

            def mend(workload: WorkloadRow = workload) -> None:
                task = store.tasks.of(workload.uuid)
                timing: Timing = "rally" if task and task.timing == "rally" else "intended"
                made = figures_of(paths.samples / workload.uuid, timing=timing, reported=workload.reported)
                store.workloads.save_figures(workload.uuid, made)

            # Without samples, the figures would be computed from nothing.
            can = None if pruned_at(paths.samples / workload.uuid) else mend
            yield Finding("figures", f"task {workload.task_uuid}, workload {workload.position + 1}: {detail}", can)
        if detail := report_damage(workload):
            yield Finding("figures", f"task {workload.task_uuid}, workload {workload.position + 1}: {detail}")


def _files(store: Store, paths: Settings) -> Iterator[Finding]:
    """Look for recorded files that are missing, and for abandoned temporary files."""
    for row in store.artifacts.all():
        if not Path(row.path).exists():
            yield Finding(
                "files",
                f"{row.path}: the {row.kind} of {row.owner_uuid} is gone - restore it, or write the report again:"
                f" ./rallycross results export {row.owner_uuid[:8]} --format html -o FILE",
                lambda row=row: store.artifacts.forget(row.id),  # type: ignore[misc]
            )
    now = time.time()
    for folder in dict.fromkeys((paths.reports, paths.samples, paths.clouds, paths.home)):
        parts = folder.glob(".*.part") if folder in {paths.home, paths.clouds} else folder.glob("**/.*.part")
        for part in sorted(parts):
            if now - part.stat().st_mtime > _STALE:
                yield Finding("files", f"{part}: an incomplete file, left by a killed process - delete it", part.unlink)


def _ledger(store: Store) -> Iterator[Finding]:
    """Report what tasks may have left in clouds; cleaning finds out what still exists."""
    alive = janitor.alive_tasks(store)
    for cloud, owner in store.ledger.owners():
        task = store.tasks.of(owner)
        if task is None or task.uuid in alive:
            continue
        rows = store.ledger.standing(cloud, owner)
        kinds = ", ".join(sorted({row.kind for row in rows}))
        yield Finding(
            "ledger",
            f"cloud {cloud}: {counted(len(rows), 'resource')} of task {task.uuid} may still exist ({kinds})"
            f" - run: ./rallycross clean --task {task.uuid}",
            lambda cloud=cloud, uuid=task.uuid: janitor.clean_task(named_cloud(cloud, store), store, uuid),  # type: ignore[misc]
        )


def _clouds(store: Store, paths: Settings) -> Iterator[Finding]:
    """Check the registered clouds: their files, and whether they answer."""
    specs = registered.specs(paths)
    rows = {row.name: row for row in store.clouds.all()}
    for name, row in rows.items():
        file = Path(row.clouds_yaml)
        urls = _auth_urls(file, name)
        if not urls:
            nothing = name not in specs and not file.exists()
            remedy = "nothing of it is left here" if nothing else "deploy its spec again, which reuses what exists"
            yield Finding(
                "clouds",
                f"cloud {name}: {file} does not say how to sign in - {remedy}",
                (lambda name=name: store.clouds.forget(name)) if nothing else None,  # type: ignore[misc]
            )
        for url in urls:
            if said := _silent(url):
                yield Finding("clouds", f"cloud {name}: {url} does not answer: {said} - {_remedy(row.engine)}")
    for name in sorted(specs.keys() - rows.keys()):
        last = store.deployments.last_of(name)
        if last is None or last.status != "running":
            yield Finding(
                "clouds",
                f"cloud {name}: its deployment did not finish, and parts of it may exist"
                f" - deploy it again, or run: ./rallycross cloud destroy {name}",
            )


def _auth_urls(file: Path, name: str) -> list[str]:
    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8"))
        return [str(found["clouds"][name]["auth"]["auth_url"])]
    except UNREADABLE:
        return []


def _silent(url: str) -> str:
    """Return why nothing answers at a URL; "" if something does, whatever the answer."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler())
    if url.rsplit("//", maxsplit=1)[-1].startswith(("127.", "localhost", "[::1]")):
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=settings().reach_limit):
            return ""
    except urllib.error.HTTPError as error:
        return "" if error.code < 500 else f"{error.code} {error.reason}"
    except urllib.error.URLError as error:
        # An unknown certificate is an answer, too.
        return "" if "CERTIFICATE" in str(error.reason).upper() else str(error.reason)
    except (OSError, ValueError) as error:
        return str(error)


def _remedy(engine: str) -> str:
    if engine == "existing":
        return "start it, or correct the URL in its spec and deploy that again"
    return "deploy it again from its spec, which reuses what exists: ./rallycross cloud create SPEC"


def mended(finding: Finding) -> str:
    """Repair a finding; return "" if that succeeded, else why not."""
    if finding.mend is None:
        return "not repaired: that cannot be done automatically"
    try:
        finding.mend()
    except (RallycrossError, OSError) as error:
        return f"not repaired: {error}"
    return ""
