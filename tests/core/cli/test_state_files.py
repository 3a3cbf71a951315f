"""State files that a power cut emptied or spoiled are replaced."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from rallycross.atomic_file import atomic_file
from rallycross.cli.airflow.processes import Process
from rallycross.cli.airflow.scheduler import _is_left
from rallycross.cli.airflow.secrets import Secrets
from rallycross.cli.airflow.server import AirflowServer
from rallycross.cli.airflow.settings import MARK
from rallycross.cli.clouds import clouds
from rallycross.cli.main import main
from rallycross.cloud import registered
from rallycross.settings import settings
from rallycross.verification.environments import READY, installed_environments
from rallycross.verification.prefix import prefix_of

_SPOILT = (b"", b"\0" * 64, b"\xff\xfe garbage", b"[]", b"null", b"{", b"   \n")


@pytest.fixture(name="home", autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RALLYCROSS_HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("spoilt", _SPOILT)
def test_ports_that_cannot_be_read_are_none(spoilt: bytes, tmp_path: Path) -> None:
    """If the ports file is spoiled, the next start chooses new ports."""
    (tmp_path / "ports.json").write_bytes(spoilt)

    assert AirflowServer(tmp_path).ports == {}
    assert AirflowServer(tmp_path).states() == []


@pytest.mark.parametrize("spoilt", [b"", b"\0" * 64, b"\xff\xfe garbage", b"  \n"])
def test_secrets_that_cannot_be_read_are_made_anew(spoilt: bytes, tmp_path: Path) -> None:
    """Each spoiled secret is generated again; the others stay."""
    before = Secrets.kept(tmp_path)
    for name in ("passwords.json", "jwt_secret"):
        (tmp_path / name).write_bytes(spoilt)
    after = Secrets.kept(tmp_path)

    assert (after.password, after.jwt_secret) != (before.password, before.jwt_secret)
    assert len(after.password) == len(before.password)
    assert (after.fernet_key, after.secret_key, after.supervisor) == (
        before.fernet_key,
        before.secret_key,
        before.supervisor,
    )
    assert Secrets.kept(tmp_path) == after
    assert json.loads((tmp_path / "passwords.json").read_text()) == {"admin": after.password}


@pytest.mark.parametrize("spoilt", _SPOILT)
def test_a_scheduler_starts_whatever_stands_in_its_pid_file(spoilt: bytes, tmp_path: Path) -> None:
    """The program ends leftover workers, and then becomes the scheduler."""
    (tmp_path / "scheduler.pid").write_bytes(spoilt)
    code = (
        "import os; os.execv = lambda _, words: print(words[1]); "
        "from rallycross.cli.airflow.scheduler import main; main()"
    )
    environment = {**os.environ, MARK: str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)

    assert (done.stdout, done.stderr) == ("scheduler\n", "")
    assert (tmp_path / "scheduler.pid").read_text().isdecimal()


def test_a_scheduler_whose_group_nobody_knows_is_known_by_its_name() -> None:
    """Processes of other components, or of a recorded group, are recognized."""
    worker = Process(1, 77, "airflow worker -- LocalExecutor: idle")

    assert _is_left(worker, None)
    assert not _is_left(Process(1, 77, "airflow api-server"), None)
    assert _is_left(worker, 77)
    assert not _is_left(worker, 78)


@pytest.mark.parametrize("spoilt", _SPOILT)
def test_a_spoilt_cloud_costs_no_other_cloud(spoilt: bytes, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A cloud with a spoiled spec or entry is skipped, and the message names its file."""
    paths = settings()
    for name in ("good", "spoilt"):
        registered.keep_spec(paths, name, f"name: {name}\nengine: embedded\n")
        registered.keep(paths, name, yaml.safe_dump({"clouds": {name: {"auth": {}}}}))
    (home / "clouds" / "spoilt.spec.yaml").write_bytes(spoilt)
    (home / "clouds" / "spoilt.clouds.yaml").write_bytes(spoilt)
    registered.keep(paths, "good", yaml.safe_dump({"clouds": {"good": {"auth": {}}}}))

    assert [cloud.name for cloud in clouds()] == ["good"]
    assert "spoilt.spec.yaml" in capsys.readouterr().err.replace("\n", "")
    assert list(yaml.safe_load(paths.clouds_yaml.read_text())["clouds"]) == ["good"]
    assert main(["cloud", "list"]) == 0


@pytest.mark.parametrize("spoilt", _SPOILT)
def test_a_spoilt_verifier_is_made_anew(spoilt: bytes, tmp_path: Path) -> None:
    """An environment with a spoiled stamp is not used, and neither is a spoiled prefix."""
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / READY).write_bytes(spoilt)
    (tmp_path / "prefix").write_bytes(spoilt)

    assert list(installed_environments(tmp_path)) == []
    assert prefix_of(tmp_path).startswith("tempest-")
    assert prefix_of(tmp_path) == prefix_of(tmp_path)


def test_half_a_file_never_has_its_name(tmp_path: Path) -> None:
    """If writing fails, the old file stays, and no temporary file is left."""
    file = tmp_path / "file"
    file.write_text("before")

    def breaks_off() -> None:
        with atomic_file(file) as part:
            part.write_text("half")
            raise OSError("No space")

    with pytest.raises(OSError, match="No space"):
        breaks_off()
    assert file.read_text() == "before"

    with atomic_file(file) as part:
        part.write_text("after")
    assert file.read_text() == "after"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_what_a_link_leads_to_is_written_and_the_link_stays(tmp_path: Path) -> None:
    """A link is followed, even to an open file such as /dev/stdout; neither it nor its target is replaced."""
    file, link, opened = tmp_path / "file", tmp_path / "link", tmp_path / "opened"
    link.symlink_to(file.name)
    with atomic_file(link) as part:
        part.write_text("by a link")
    assert file.read_text() == "by a link"

    with file.open("w") as descriptor:
        opened.symlink_to(f"/proc/self/fd/{descriptor.fileno()}")
        for path in (opened, Path(f"/proc/self/fd/{descriptor.fileno()}")):
            with atomic_file(path) as part:
                part.write_text(f"by {path}")
            assert file.read_text() == f"by {path}"
            assert os.fstat(descriptor.fileno()).st_ino == file.stat().st_ino

    assert link.is_symlink()
    assert opened.is_symlink()
    assert {path.name for path in tmp_path.iterdir()} == {"file", "link", "opened"}
