"""What `doctor --deep` looks at: database, samples, files, ledger and clouds, each against the others."""

import sqlite3
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import yaml

from rallycross import benchmark
from rallycross.cli.named_cloud import named_cloud
from rallycross.cloud import registered
from rallycross.errors import RallycrossError
from rallycross.file_kind import UNREADABLE
from rallycross.judging.statistics import figures_of
from rallycross.results.database_errors import shown_url
from rallycross.results.figure_damage import figure_damage
from rallycross.results.models import WorkloadRow
from rallycross.results.sample_damage import DAMAGED_SAMPLES, damage_detail
from rallycross.results.store import Store
from rallycross.settings import Settings, settings
from rallycross.task.plan import Timing

_STALE = 3600.0  # seconds after which nobody writes a part of a file any more


@dataclass(frozen=True)
class Finding:
    """Something that is wrong, in a sentence with its remedy; `mend` mends it, where that can be done."""

    part: str
    what: str
    mend: Callable[[], object] | None = None


def findings(store: Store, paths: Settings) -> Iterator[Finding]:
    """Look at everything; nothing is changed but by `mend`."""
    yield from _database(store)
    yield from _samples(store, paths)
    yield from _figures(store, paths)
    yield from _files(store, paths)
    yield from _ledger(store)
    yield from _clouds(store, paths)


def _database(store: Store) -> Iterator[Finding]:
    """Ask SQLite to look at each page, each index and each reference; PostgreSQL looks after its own."""
    if store.database.engine.dialect.name != "sqlite":
        return
    file = str(store.database.engine.url.database)
    with closing(sqlite3.connect(f"{Path(file).absolute().as_uri()}?mode=ro", uri=True)) as connection:
        said = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(10)")]
        loose = connection.execute("PRAGMA foreign_key_check").fetchall()
    remedy = f"put back a copy of {file}, or save what can be read with: sqlite3 {file} .recover"
    for line in said if said != ["ok"] else []:
        yield Finding("database", f"results database {shown_url(store.database.url)}: {line} - {remedy}")
    if loose:
        tables = ", ".join(sorted({str(row[0]) for row in loose}))
        yield Finding(
            "database", f"results database {shown_url(store.database.url)}: {len(loose)} rows of {tables} - {remedy}"
        )


def _samples(store: Store, paths: Settings) -> Iterator[Finding]:
    """Hold each workload's files against their checksums, and the folders against the workloads."""
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
                f"task {workload.task_uuid}, number {workload.position + 1}: {detail}, which the verdict does not say",
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
    """Read what the database has of each workload's figures; what is damaged is made anew from the samples."""
    for workload in store.workloads.all():
        if detail := figure_damage(workload):

            def mend(workload: WorkloadRow = workload) -> None:
                task = store.tasks.of(workload.uuid)
                timing: Timing = "rally" if task and task.timing == "rally" else "intended"
                made = figures_of(paths.samples / workload.uuid, timing=timing, generator=workload.generator)
                store.workloads.save_figures(workload.uuid, made)

            yield Finding("figures", f"task {workload.task_uuid}, workload {workload.position + 1}: {detail}", mend)


def _files(store: Store, paths: Settings) -> Iterator[Finding]:
    """Look for files that are noted and not there, and for parts of files that nobody came to finish."""
    for row in store.artifacts.all():
        if not Path(row.path).exists():
            yield Finding(
                "files",
                f"{row.path}: the {row.kind} of {row.owner_uuid} is gone - put it back, or write the report anew by:"
                f" ./rallycross results export {row.owner_uuid[:8]} --format html -o FILE",
                lambda row=row: store.artifacts.forget(row.id),  # type: ignore[misc]
            )
    now = time.time()
    for folder in dict.fromkeys((paths.reports, paths.samples, paths.clouds, paths.home)):
        parts = folder.glob(".*.part") if folder in {paths.home, paths.clouds} else folder.glob("**/.*.part")
        for part in sorted(parts):
            if now - part.stat().st_mtime > _STALE:
                yield Finding("files", f"{part}: half a file, left by what was killed - delete it", part.unlink)


def _ledger(store: Store) -> Iterator[Finding]:
    """Name what runs have left in clouds, or what is recorded and may be gone: cleaning finds out which."""
    for cloud, owner in store.ledger.owners():
        task = store.tasks.of(owner)
        if task is None or task.status == "running":
            continue
        rows = store.ledger.standing(cloud, owner)
        kinds = ", ".join(sorted({row.kind for row in rows}))
        yield Finding(
            "ledger",
            f"cloud {cloud}: {len(rows)} things of task {task.uuid} stand, or are recorded and gone ({kinds})"
            f" - ./rallycross clean --task {task.uuid}",
            lambda cloud=cloud, uuid=task.uuid: benchmark.clean(named_cloud(cloud, store), store, uuid=uuid),  # type: ignore[misc]
        )


def _clouds(store: Store, paths: Settings) -> Iterator[Finding]:
    """Hold the clouds that are registered against their files, and against what answers."""
    specs = registered.specs(paths)
    rows = {row.name: row for row in store.clouds.all()}
    for name, row in rows.items():
        file = Path(row.clouds_yaml)
        urls = _auth_urls(file, name)
        if not urls:
            nothing = name not in specs and not file.exists()
            remedy = "nothing of it is left here" if nothing else "deploy its spec again, which takes up what stands"
            yield Finding(
                "clouds",
                f"cloud {name}: {file} does not say how to sign in - {remedy}",
                (lambda name=name: store.clouds.forget(name)) if nothing else None,  # type: ignore[misc]
            )
        for url in urls:
            if said := _silent(url):
                yield Finding("clouds", f"cloud {name}: {url} does not answer: {said} - {_remedy(row.engine, name)}")
    for name in sorted(specs.keys() - rows.keys()):
        last = store.deployments.last_of(name)
        if last is None or last.status != "running":
            yield Finding(
                "clouds",
                f"cloud {name}: its deployment did not come to its end, and things of it may stand"
                f" - deploy it again, or: ./rallycross cloud destroy {name}",
            )


def _auth_urls(file: Path, name: str) -> list[str]:
    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8"))
        return [str(found["clouds"][name]["auth"]["auth_url"])]
    except UNREADABLE:
        return []


def _silent(url: str) -> str:
    """Return why nothing answers at a URL; empty where something does, whatever it says."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler())
    if url.rsplit("//", maxsplit=1)[-1].startswith(("127.", "localhost", "[::1]")):
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=settings().reach_limit):
            return ""
    except urllib.error.HTTPError as error:
        return "" if error.code < 500 else f"{error.code} {error.reason}"
    except urllib.error.URLError as error:
        # A certificate that this machine does not know is an answer.
        return "" if "CERTIFICATE" in str(error.reason).upper() else str(error.reason)
    except (OSError, ValueError) as error:
        return str(error)


def _remedy(engine: str, name: str) -> str:
    if engine == "existing":
        return "start it, or deploy its spec anew with the right URL"
    return f"deploy it again by its spec, which takes up what stands: ./rallycross cloud deploy {name}"


def mended(finding: Finding) -> str:
    """Mend what can be mended; return what was done, or why it could not be."""
    if finding.mend is None:
        return "is left: it cannot be mended here"
    try:
        finding.mend()
    except (RallycrossError, OSError) as error:
        return f"is left: {error}"
    return ""
