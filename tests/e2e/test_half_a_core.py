"""The demo passes on a machine that has half a core: what is slow is waited for as long as it moves."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import quickstart_said
from cpu_quota import CPUQuota, NoQuotaError

from rallycross.cli.airflow.ports import free_port
from rallycross.settings import CHECKOUT

pytestmark = pytest.mark.full

LIMIT = 3600.0
_FIRST_PORT = 30_000  # below those that connections take, beside those of other tests


@pytest.fixture(name="half_a_core")
def _half_a_core() -> Iterator[CPUQuota]:
    try:
        with CPUQuota() as group:
            group.limit(0.5)
            yield group
    except NoQuotaError as error:
        pytest.skip(str(error))


def test_the_demo_passes_on_half_a_core(half_a_core: CPUQuota, tmp_path: Path) -> None:
    """A cloud is deployed, verified and benchmarked without a failure; of a load that is INVALID the quota is named."""
    home = {"RALLYCROSS_HOME": str(tmp_path), "RALLYCROSS_AIRFLOW_PORT": str(free_port(_FIRST_PORT))}
    with (tmp_path / "demo.log").open("w+") as log:
        command = ["./rallycross", "demo"]
        done = subprocess.run(
            command,
            cwd=CHECKOUT,
            env={**os.environ, **home},
            stdout=log,
            stderr=subprocess.STDOUT,
            preexec_fn=half_a_core.join,
            timeout=LIMIT,
            check=False,
        )
        log.seek(0)
        said = log.read()
    ended = subprocess.run(
        ["./rallycross", "down", "--purge"],  # of this state; the environment is the tests', too
        cwd=CHECKOUT,
        env={**os.environ, **home},
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )

    quickstart_said.passed(said, done.returncode)
    assert done.returncode == 0 or "its CPU quota was used up" in said, said
    assert ended.returncode == 0, ended.stdout + ended.stderr
