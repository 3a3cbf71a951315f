"""Shells complete commands, verbs, options and cloud names."""

import shlex
import subprocess
from pathlib import Path

import pytest

from rallycross.cli.commands.completion import SCRIPTS, SHELLS, _words, script
from rallycross.settings import CHECKOUT


def _completed(*words: str, home: Path) -> set[str]:
    """Return what bash offers in the place of the last word."""
    line = " ".join(shlex.quote(word) for word in words)
    program = f"""
        source <({CHECKOUT}/rallycross completion bash)
        COMP_WORDS=({line}) COMP_CWORD={len(words) - 1}
        _rallycross; printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    environment = {"PATH": "/usr/bin:/bin", "RALLYCROSS_HOME": str(home)}
    ran = subprocess.run(["bash", "-c", program], env=environment, cwd=home, capture_output=True, text=True, check=True)
    assert ran.stderr == ""
    return set(ran.stdout.split())


@pytest.mark.parametrize("shell", SHELLS)
def test_the_scripts_know_all_commands(shell: str) -> None:
    """The stored scripts are up to date; to update them: python -m rallycross.cli.commands.completion."""
    assert (SCRIPTS / f"rallycross.{shell}").read_text() == script(shell)


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("rallycross", "sta"), {"status"}),
        (("rallycross", "cloud", "sh"), {"show"}),
        (("rallycross", "results", "list", "--j"), {"--json"}),
        (("rallycross", "cloud", "show", "sm"), {"small"}),
        (("rallycross", "run", "ta"), {"task.yaml"}),
        (("rallycross", "verify", "run", "small", "--pl"), {"--plugin"}),
    ],
)
def test_bash_completes(words: tuple[str, ...], offered: set[str], tmp_path: Path) -> None:
    """The `rallycross` script prints them without an environment."""
    (tmp_path / "clouds").mkdir()
    (tmp_path / "clouds/small.spec.yaml").touch()
    (tmp_path / "task.yaml").touch()
    assert _completed(*words, home=tmp_path) == offered
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clouds", "task.yaml"]


def test_another_shell_is_refused() -> None:
    """An unknown shell ends in exit code 2, with the known shells."""
    ran = subprocess.run([CHECKOUT / "rallycross", "completion", "csh"], capture_output=True, text=True, check=False)
    assert ran.returncode == 2
    assert "bash, zsh or fish" in ran.stderr


def test_what_lists_or_shows_has_json() -> None:
    """Every command and verb that lists or shows something can do it for programs."""
    shows = {"list", "show", "history", "compare", "check", "changes", "verifiers", "prune"}
    shows |= {"clean", "doctor", "logs", "plan", "scenarios", "status"}
    options = {path: words for path, words in _words() if path.split()[-1:] and path.split()[-1] in shows}
    assert options
    assert [path for path, words in options.items() if "--json" not in words] == []
