"""The demo passes on the systems that README.md names, from nothing but a clone."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import quickstart_said
from bare_debian import BareDebian
from machines import NoMachinesError

pytestmark = pytest.mark.full  # a Debian of its own, and in it all that is downloaded and deployed

LIMIT = 5400.0


@pytest.fixture(name="system", scope="module", params=["trixie"])
def _system(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BareDebian]:
    try:
        with BareDebian(request.param, tmp_path_factory.mktemp(request.param)) as made:
            yield made
    except NoMachinesError as error:
        pytest.skip(f"{error}; `./rallycross test --full` runs this test as root")


def test_the_demo_passes_on_a_bare_system(system: BareDebian, tmp_path: Path) -> None:
    """One command on a bare Debian deploys, verifies and benchmarks without a failure; then all is gone."""
    release = system.run(". /etc/os-release; echo $VERSION_CODENAME; python3 --version", limit=60).stdout
    said = system.run("./rallycross demo", limit=LIMIT)
    (tmp_path / "demo.log").write_text(release + said.stdout)
    ended = system.run("./rallycross down --purge", limit=LIMIT)

    quickstart_said.passed(said.stdout, said.returncode)
    assert re.search(r"verify: done .* (\d+)/\1 tests, 0 failed", said.stdout)
    assert ended.returncode == 0, ended.stdout[-2000:]


def test_the_quick_tests_pass_on_a_bare_system(system: BareDebian) -> None:
    """The project's own tests, but for those that need a whole cloud, pass there."""
    said = system.run("./rallycross test --quick", limit=LIMIT)

    assert said.returncode == 0, said.stdout[-8000:]
