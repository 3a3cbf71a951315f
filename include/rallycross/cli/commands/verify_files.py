"""`verify import` and `verify export`."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast
from uuid import uuid4

from rallycross.atomic_file import atomic_file
from rallycross.cli.console import console, progress
from rallycross.cli.named_cloud import check_new_name
from rallycross.disk import refused
from rallycross.errors import RallycrossError
from rallycross.report.run import RunResults, gather
from rallycross.results.store import Store
from rallycross.settings import settings
from rallycross.userfile import read_bytes
from rallycross.verification.exporting import subunit
from rallycross.verification.importing import results
from rallycross.verification.test import Status, TestResult


def import_(options: argparse.Namespace) -> int:
    """Import the results from a file; nothing is imported from an incomplete one."""
    check_new_name(options.cloud)
    path, remedy = Path(options.file).expanduser(), "name a subunit or JUnit file"
    content = read_bytes(path, name=options.file, remedy=remedy, results=True)
    found = results(content, file=options.file)
    store, uuid, name = Store.open(), str(uuid4()), Path(options.file).name
    store.verifications.add(
        uuid, cloud=options.cloud, chosen=name, tests=found, environment={"verifier": f"imported from {name}"}
    )
    console.print(f"verification {uuid}: {len(found)} tests")
    return 0


def export_(options: argparse.Namespace) -> int:
    """Write a verification to a file, or to standard output."""
    store = Store.open()
    row = store.verifications.find(options.uuid)
    run = gather(store, deployment=None, verification=row.uuid, task=None, samples=settings().samples)
    write(_FORMATS[options.format](run), options.to)
    if options.to != "-":
        progress.print(f"{options.to}: {len(run.tests)} tests")
    return 0


def write(content: bytes, to: str) -> None:
    """Write to a file, or to standard output if it is `-`."""
    if to == "-":
        sys.stdout.buffer.write(content)
        sys.stdout.flush()
        return
    path = Path(to).expanduser()
    try:
        with atomic_file(path) as part:
            part.write_bytes(content)
    except OSError as error:
        raise RallycrossError(
            refused(error) or f"{path}: cannot be written ({error.strerror}) - name another file"
        ) from error


def _json(run: RunResults) -> bytes:
    from rallycross.report.document import document  # noqa: PLC0415 - each format has its own imports

    return document(run).encode()


def _junit(run: RunResults) -> bytes:
    from rallycross.report.junit import junit  # noqa: PLC0415

    return junit(run)


def _html(run: RunResults) -> bytes:
    from rallycross.report.html import page  # noqa: PLC0415 - imports pandas

    return page(run).encode()


def _subunit(run: RunResults) -> bytes:
    return subunit(
        TestResult(
            test.name,
            cast("Status", test.status),
            test.started_at,
            test.seconds,
            tuple(test.tags),
            test.reason,
            test.traceback,
        )
        for test in run.tests
    )


_FORMATS: dict[str, Callable[[RunResults], bytes]] = {
    "json": _json,
    "junit": _junit,
    "html": _html,
    "subunit": _subunit,
}
