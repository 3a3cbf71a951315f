"""A stestr project verifies a cloud with users that exist only for the run."""

import re
import shutil
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from verifiable_cloud import VerifiableCloud, small_project, standing_environment

from rallycross.errors import RallycrossError
from rallycross.verification.project import title, where
from rallycross.verification.selection import Choice
from rallycross.verification.source import Source
from rallycross.verification.test import TestResult
from rallycross.verification.verify import VerificationRequest, list_tests, verify

PROJECT = """
    import os, unittest, yaml

    class Finds(unittest.TestCase):
        def test_the_cloud(self):
            with open(os.environ["OS_CLIENT_CONFIG_FILE"]) as file:
                clouds = yaml.safe_load(file)["clouds"]
            users = {name: clouds[name]["auth"]["username"] for name in sorted(clouds)}
            self.assertEqual(os.environ["OS_CLOUD"], "admin")
            self.fail(f"{users} {os.environ['HOME']}")

        def test_an_option(self):
            self.assertEqual(os.environ["MY_FLAVOR"], "small")
"""


@pytest.fixture(name="cloud")
def _cloud() -> Iterator[VerifiableCloud]:
    with VerifiableCloud() as cloud:
        yield cloud


def test_a_project_runs_as_users_of_its_own(cloud: VerifiableCloud, tmp_path: Path) -> None:
    """Its tests find an administrator and an ordinary user, created for the run and deleted after it."""
    source = Source("project", small_project(tmp_path / "small", PROJECT))
    standing_environment(tmp_path / "environments", source)
    results: dict[str, TestResult] = {}
    begun: list[Any] = []
    totals = verify(
        cloud.cloud(),
        VerificationRequest(Choice(set="full"), source, options={"MY_FLAVOR": "small"}),
        workspace=tmp_path / "w",
        environments=tmp_path / "environments",
        begin=lambda total, environment: begun.append((total, environment)),
        record=lambda result: results.update({result.name: result}),
        stop=threading.Event(),
    )
    assert (totals.passed, totals.failed, totals.left_behind) == (1, 1, ())
    found = results["tests.test_small.Finds.test_the_cloud"].traceback
    assert "-admin'" in found
    assert "-member'" in found
    assert str(tmp_path / "w") in found
    (total, environment) = begun[0]
    assert total == 2
    assert environment["verifier"] == "small 1.0"
    assert environment["options"]["MY_FLAVOR"] == {"value": "small", "why": "asked for"}
    assert stat.S_IMODE((tmp_path / "w" / "clouds.yaml").stat().st_mode) == 0o600
    entries = yaml.safe_load((tmp_path / "w" / "clouds.yaml").read_text())["clouds"]
    assert not any("secret" in str(entry) for entry in entries.values())  # the cloud's own password
    assert [cloud.count(kind) for kind in ("users", "projects")] == [0, 0]
    assert list(cloud.things["domains"]) == ["default"]


def test_two_workspaces_never_share_a_prefix(cloud: VerifiableCloud, tmp_path: Path) -> None:
    """A workspace keeps its prefix; another workspace, even at the same path, has a different one."""
    source = Source("project", small_project(tmp_path / "small", PROJECT))
    standing_environment(tmp_path / "environments", source)

    def administrator() -> str:
        told: list[str] = []
        verify(
            cloud.cloud(),
            VerificationRequest(Choice(set="full"), source),
            workspace=tmp_path / "w",
            environments=tmp_path / "environments",
            begin=lambda *_: None,
            record=lambda result: told.append(result.traceback),
            stop=threading.Event(),
        )
        return re.findall(r"'admin': '(tempest-[0-9a-f]+)-admin'", "".join(told))[0]

    first = administrator()
    assert administrator() == first
    shutil.rmtree(tmp_path / "w")  # as on another machine
    assert administrator() != first


def test_a_project_s_tests_are_listed_without_a_cloud(tmp_path: Path) -> None:
    """Listing does not need a cloud, and respects skip lists."""
    source = Source("project", small_project(tmp_path / "small", PROJECT))
    standing_environment(tmp_path / "environments", source)
    request = VerificationRequest(Choice(set="full", skips={"test_an_option": "no flavor"}), source)
    _, found = list_tests(request, workspace=tmp_path / "w", environments=tmp_path / "environments", say=print)
    assert [test.name for test in found.run] == ["tests.test_small.Finds.test_the_cloud"]
    assert [reason for _, reason in found.skipped] == ["no flavor"]


def test_a_project_that_cannot_be_imported_is_told_by_its_error(tmp_path: Path) -> None:
    """The message has the missing module."""
    source = Source("project", small_project(tmp_path / "small", "import no_such_module"))
    standing_environment(tmp_path / "environments", source)
    with pytest.raises(RallycrossError, match=r"(?s)cannot list its tests.*no_such_module"):
        list_tests(
            VerificationRequest(Choice(set="full"), source),
            workspace=tmp_path / "w",
            environments=tmp_path / "environments",
            say=print,
        )


def test_where_the_tests_are_is_read_from_the_project(tmp_path: Path) -> None:
    """The place of the tests comes from .stestr.conf or pyproject.toml; without it the user is asked to name it."""
    folder = tmp_path / "p"
    folder.mkdir()
    source = Source("project", str(folder))
    with pytest.raises(RallycrossError, match=r"neither \.stestr\.conf nor"):
        where(source)
    (folder / "pyproject.toml").write_text('[tool.stestr]\ntest_path = "./functional"\n')
    assert where(source) == ("./.", "./functional")
    (folder / ".stestr.conf").write_text("[DEFAULT]\ntest_path=${OS_TEST_PATH:-./unit}\ntop_dir=./src\n")
    assert where(source) == ("./src", "./unit")
    with pytest.raises(RallycrossError, match="the package of its tests is not known"):
        where(Source("project", "openstacksdk==4.22.0"))


@pytest.mark.parametrize(
    ("package", "named"),
    [
        ("openstacksdk==4.22.0", "openstacksdk 4.22.0"),
        ("https://git.example.org/a/openstacksdk.git", "openstacksdk 4.22.0"),
        ("other>=1", "other"),
    ],
)
def test_a_project_is_named_with_its_version(package: str, named: str) -> None:
    """The title has name and version, from whatever source the project was installed."""
    assert title(Source("project", package), {"openstacksdk": "4.22.0"}) == named


def test_options_must_be_variables(cloud: VerifiableCloud, tmp_path: Path) -> None:
    """An option in the form of tempest is refused, and the resources of the run are deleted."""
    source = Source("project", small_project(tmp_path / "small", PROJECT))
    standing_environment(tmp_path / "environments", source)
    with pytest.raises(RallycrossError, match=r"'compute\.image_ref': not the name of an environment variable"):
        verify(
            cloud.cloud(),
            VerificationRequest(Choice(set="full"), source, options={"compute.image_ref": "x"}),
            workspace=tmp_path / "w",
            environments=tmp_path / "environments",
            begin=lambda *_: pytest.fail("it began"),
            record=lambda _: pytest.fail("a test was run"),
            stop=threading.Event(),
        )
    assert cloud.count("users") == 0
