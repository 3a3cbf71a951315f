"""The `rallycross` script: in an unsuitable environment it prints what is wrong and a remedy, with exit code 2."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from rallycross.cli.commands import COMMANDS
from rallycross.settings import CHECKOUT

TOOLS = ("bash", "env", "dirname", "readlink", "cat", "sha256sum", "cut", "awk", "grep", "mkdir", "flock", "id", "rm")
TOOLS = (*TOOLS, "tail", "sed", "df", "uname")


@pytest.fixture(name="checkout")
def _checkout(tmp_path: Path) -> Path:
    """Make a checkout that has nothing installed."""
    folder = tmp_path / "check out"
    (folder / "include/rallycross/cli").mkdir(parents=True)
    for name in ("rallycross", "requirements.txt", "requirements-dev.txt", "pyproject.toml"):
        shutil.copy2(CHECKOUT / name, folder / name)
    shutil.copy2(CHECKOUT / "include/rallycross/cli/machine.py", folder / "include/rallycross/cli/machine.py")
    return folder


@pytest.fixture(name="path")
def _path(tmp_path: Path) -> Path:
    """Return a PATH with the tools that every Debian has, without Python."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found, tool
        (folder / tool).symlink_to(found)
    return folder


def call(checkout: Path, path: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command with nothing in the environment but PATH and what is given."""
    return subprocess.run(
        [str(path / "bash"), str(checkout / "rallycross"), *arguments],
        env={"PATH": str(path), "HOME": str(checkout), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def script(path: Path, text: str) -> None:
    """Write an executable."""
    path.write_text(f"#!{shutil.which('bash')}\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def test_without_a_python(checkout: Path, path: Path) -> None:
    """If no Python is found, the remedy says what to install, and nothing is created."""
    ended = call(checkout, path, "up")

    assert ended.returncode == 2
    assert "no Python 3.11, 3.12 or 3.13 was found" in ended.stderr
    assert "apt-get install python3" in ended.stderr
    assert not (checkout / ".venv").exists()


def test_a_python_that_does_not_run_does_not_count(checkout: Path, path: Path) -> None:
    """A version manager's stub, and a Python that is too old, are passed over."""
    script(path / "python3.12", "echo 'pyenv: python3.12: command not found' >&2; exit 127")
    script(path / "python3", "exit 1")

    assert call(checkout, path, "up").returncode == 2


def test_a_named_python_must_fit(checkout: Path, path: Path) -> None:
    """An unsuitable Python that the user chose is named in the message, and no other is used."""
    script(path / "python3.12", f'exec {sys.executable} "$@"')

    ended = call(checkout, path, "up", RALLYCROSS_PYTHON="/no/such/python")

    assert ended.returncode == 2
    assert "RALLYCROSS_PYTHON=/no/such/python" in ended.stderr


def test_an_index_that_does_not_answer(checkout: Path, path: Path) -> None:
    """An unreachable package index ends in exit code 2 within seconds, with the settings to change."""
    script(path / "python3.12", f'exec {sys.executable} "$@"')
    nowhere = "http://127.0.0.1:9/simple"

    ended = call(checkout, path, "up", PIP_INDEX_URL=nowhere, UV_DEFAULT_INDEX=nowhere, PIP_CONFIG_FILE=os.devnull)

    assert ended.returncode == 2
    assert "Is a package index in reach?" in ended.stderr
    assert "setup.log" in ended.stderr
    assert not (checkout / ".venv/.rallycross-stamp").exists()


@pytest.mark.parametrize(("tested", "files"), [(False, 1), (True, 2)])
def test_what_tests_need_stays(checkout: Path, path: Path, *, tested: bool, files: int) -> None:
    """Any command installs changed requirements, including the test requirements if these were installed."""
    programs = checkout / ".venv/bin"
    programs.mkdir(parents=True)
    script(programs / "python", f'[[ ${{2:-}} != rallycross.cli ]] || exit 0\nexec {sys.executable} "$@"')
    script(programs / "uv", f"echo \"$@\" >> '{checkout}/asked'")
    stamp = checkout / ".venv/.rallycross-stamp"
    stamp.write_text("of another day" + " dev" * tested)

    assert call(checkout, path, "status").returncode == 0

    synced = next(line for line in (checkout / "asked").read_text().splitlines() if "sync" in line)
    assert synced.count("requirements") == files
    assert stamp.read_text().endswith(" dev\n") == tested
    (checkout / "asked").unlink()
    assert call(checkout, path, "status").returncode == 0
    assert not (checkout / "asked").exists()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_the_program_is_passed_on(checkout: Path, path: Path, command: str) -> None:
    """The script has each command in its list, and does not take it for an unknown one."""
    assert f"\n  {command}" in call(checkout, path, "--help").stdout
    assert "usage:" not in call(checkout, path, command).stderr


@pytest.mark.parametrize("arguments", [(), ("dance",), ("--dance",)])
def test_an_unknown_command_shows_the_commands(checkout: Path, path: Path, arguments: tuple[str, ...]) -> None:
    """An unknown command ends in exit code 2 with the list of commands, before anything is created."""
    ended = call(checkout, path, *arguments)

    assert ended.returncode == 2
    assert "demo" in ended.stderr
    assert not (checkout / ".rallycross").exists()


@pytest.mark.parametrize("argument", ["help", "--help", "-h"])
def test_help_needs_nothing(checkout: Path, path: Path, argument: str) -> None:
    """Help is printed without Python or an environment."""
    ended = call(checkout, path, argument)

    assert ended.returncode == 0
    assert "demo" in ended.stdout


@pytest.mark.parametrize("end", [">&-", ">/dev/full", "2>&-", "2>/dev/full"])
@pytest.mark.parametrize("argument", ["--help", "nonsense"])
def test_help_that_cannot_be_printed_makes_nothing(checkout: Path, path: Path, argument: str, end: str) -> None:
    """It ends with 2 (0 if only standard error is closed or full), and no environment is made for it."""
    ended = subprocess.run(
        [path / "bash", "-c", f'"$0" "$1" "$2" {end}', path / "bash", checkout / "rallycross", argument],
        env={"PATH": str(path), "HOME": str(checkout)},
        capture_output=True,
        check=False,
        timeout=120,
    )

    assert ended.returncode == (0 if argument == "--help" and end.startswith("2") else 2)
    assert not (checkout / ".rallycross").exists()


def test_down_before_the_first_start(checkout: Path, path: Path) -> None:
    """`down` succeeds if nothing was ever started, and creates nothing."""
    ended = call(checkout, path, "down")

    assert (ended.returncode, ended.stderr) == (0, "")
    assert not (checkout / ".rallycross").exists()


def test_runs_through_a_link(checkout: Path, path: Path, tmp_path: Path) -> None:
    """A symbolic link to the script finds the checkout."""
    link = tmp_path / "link"
    link.symlink_to(checkout / "rallycross")

    ended = subprocess.run(
        [str(path / "bash"), str(link), "up"], env={"PATH": str(path)}, check=False, capture_output=True
    )

    assert ended.returncode == 2
    assert (checkout / ".rallycross").exists()


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({}, "localhost,127.0.0.1"),
        ({"no_proxy": "example.com"}, "example.com,localhost,127.0.0.1"),
        ({"NO_PROXY": "example.com"}, "example.com,localhost,127.0.0.1"),
        ({"no_proxy": "*"}, "*"),
    ],
)
def test_no_proxy_leads_to_this_machine(checkout: Path, path: Path, given: dict[str, str], wanted: str) -> None:
    """For everything that is started, `no_proxy` also has this machine itself."""
    seen = checkout / "seen"
    script(path / "python3", f"echo \"$no_proxy $NO_PROXY\" >> '{seen}'; exit 1")

    call(checkout, path, "up", http_proxy="http://192.0.2.1:3128", **given)

    assert set(seen.read_text().splitlines()) == {f"{wanted} {wanted}"}
