"""A small real test project, and the processes that run it."""

import sys
import textwrap
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from rallycross.verification import worker, worker_pool
from rallycross.verification.test import TestResult
from rallycross.verification.testid import TestId

RunProject = Callable[..., list[TestResult]]


@pytest.fixture
def run_project(tmp_path: Path) -> RunProject:
    """Return a function that runs the tests of a module `small`, given as source, in real worker processes."""

    def run(
        source: str,
        names: list[str],
        *,
        concurrency: int = 2,
        stop: threading.Event | None = None,
        ended: Callable[[TestResult], None] = lambda _: None,
    ) -> list[TestResult]:
        (tmp_path / "small.py").write_text(textwrap.dedent(source))
        results: list[TestResult] = []

        def record(result: TestResult) -> None:
            results.append(result)
            ended(result)

        worker_pool.run(
            [TestId(f"small.{name}") for name in names],
            record,
            command=(sys.executable, "-P", worker.__file__),
            env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
            folder=tmp_path,
            concurrency=concurrency,
            stop=stop or threading.Event(),
        )
        return results

    return run
