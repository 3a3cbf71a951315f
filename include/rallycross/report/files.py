"""Writes the report of a run as HTML, JUnit XML and JSON files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from rallycross.atomic_file import atomic_file
from rallycross.file_modes import results_file, results_folder
from rallycross.report.document import document
from rallycross.report.junit import junit
from rallycross.report.markdown import markdown
from rallycross.report.run import gather
from rallycross.results.store import Store
from rallycross.settings import settings


def write(
    store: Store,
    *,
    deployment: str | None,
    verification: str | None,
    task: str | None,
    folder: Path,
    title: str = "",
    samples: Path | None = None,
    problems: Mapping[str, str] | None = None,
    logs: Mapping[str, str] | None = None,
) -> dict[str, Path]:
    """Write `report.html`, `junit.xml` and `report.json` into `folder`; return their paths as html, junit, json.

    Stages are given by uuid; None is a stage that was not requested. A stage that never began, or did not end, is
    reported as such. `problems` are failed stages with their messages, `logs` the addresses of the logs of stages.
    `samples` is the folder of the sample files (default: from the settings). The files are recorded in the store as
    artifacts of each stage.
    """
    from rallycross.report.html import page  # noqa: PLC0415 - imports pandas, which only the page needs

    samples = samples or settings().samples
    run = gather(
        store,
        deployment=deployment,
        verification=verification,
        task=task,
        samples=samples,
        title=title,
        problems=problems,
        logs=logs,
    )
    results_folder(folder)
    written = {"html": folder / "report.html", "junit": folder / "junit.xml", "json": folder / "report.json"}
    content = {"html": page(run).encode(), "junit": junit(run), "json": document(run).encode()}
    for form, path in written.items():
        with atomic_file(path) as part, results_file(part) as file:
            file.write(content[form])
    for owner in (deployment, verification, task):
        for kind, path in written.items() if owner else ():
            store.artifacts.add(str(owner), kind, str(path))
    return written


def rendered(
    store: Store,
    form: Literal["html", "junit", "json", "markdown"],
    *,
    verification: str | None,
    task: str | None,
    samples: Path,
) -> bytes:
    """Return the report of a verification, a task or both in one format; it is not recorded as an artifact."""
    run = gather(store, deployment=None, verification=verification, task=task, samples=samples)
    if form == "junit":
        return junit(run)
    if form == "json":
        return document(run).encode()
    if form == "markdown":
        return markdown(run).encode()
    from rallycross.report.html import page  # noqa: PLC0415 - imports pandas, which only the page needs

    return page(run).encode()
