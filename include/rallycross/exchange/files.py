"""Import from and export to Rally's files: the part that uses the disk and the store."""

import shutil
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

from rallycross.atomic_file import atomic_file
from rallycross.disk import refused
from rallycross.errors import RallycrossError
from rallycross.exchange.rally_export import rally_json
from rallycross.exchange.rally_import import Imported, read_rally
from rallycross.judging.statistics import figures_of
from rallycross.load.sample import Sample
from rallycross.results.generator_report import GeneratorReport
from rallycross.results.models import TaskRow
from rallycross.results.sample_file import SUFFIX, SampleWriter
from rallycross.results.store import Store
from rallycross.settings import NAMES
from rallycross.userfile import read_text

_BATCH = 10_000  # iterations in a record batch


def import_rally(store: Store, path: Path, *, samples: Path, cloud: str = "") -> list[str]:
    """Store the tasks of a file of Rally's results as if they had been run here; return their uuids.

    A task is imported whole or not at all. Raises `InvalidInput` for a file that cannot be read as results, and
    `RallycrossError` for a task that was imported before.
    """
    text = read_text(path, remedy="give Rally's JSON results", results=True)
    imported = read_rally(text, file=str(path), cloud=cloud)
    for one in imported:
        _keep(store, one, samples)
    return [one.task.uuid for one in imported]


def export_rally(tasks: Sequence[TaskRow], path: Path, *, samples: Path) -> None:
    """Write tasks as Rally's JSON results."""
    written = f"rallycross-{version('rallycross')}"

    def write(part: Path) -> None:
        with part.open("w", encoding="utf-8") as file:
            file.writelines(rally_json(tasks, samples, version=written, now=time.time()))

    whole(path, write)


def whole(path: Path, write: Callable[[Path], object]) -> None:
    """Call `write` with a temporary file, and move that to `path` once it is whole.

    Raises `RallycrossError` if the file cannot be written.
    """
    if path.is_dir():
        raise RallycrossError(f"{path}: is a folder - name a file in it")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_file(path) as part:
            write(part)
    except OSError as error:
        raise RallycrossError(refused(error) or f"{path}: cannot be written: {error}") from error


def _keep(store: Store, imported: Imported, samples: Path) -> None:
    task = imported.task
    if store.tasks.get(task.uuid) is not None:
        raise RallycrossError(
            f"task {task.uuid}: already exists - to import it again, first: ./rallycross results delete {task.uuid}"
        )
    folders = {workload.uuid: samples / workload.uuid for workload in task.workloads}
    there = [str(folder) for folder in folders.values() if folder.exists()]
    if there:
        raise RallycrossError(
            f"{', '.join(there)}: samples of this task exist without it, from an interrupted import or another results"
            " database - move them away and import again"
        )
    try:
        for workload in task.workloads:
            _write_samples(folders[workload.uuid], imported.samples(workload))
            workload.figures = figures_of(folders[workload.uuid], timing="rally", reported=GeneratorReport())
        store.tasks.add(task)
    except BaseException:
        for folder in folders.values():
            shutil.rmtree(folder, ignore_errors=True)
        raise


def _write_samples(folder: Path, samples: Iterable[Sample]) -> None:
    with closing(SampleWriter(folder / f"0{SUFFIX}", names=NAMES)) as writer:
        for number, sample in enumerate(samples, 1):
            writer.add(sample)
            if number % _BATCH == 0:
                writer.flush()
