"""Arguments that name a file, or are the text itself."""

from pathlib import Path

import pytest

from rallycross.cli.commands.plan import read
from rallycross.cli.file_arguments import read_argument, resolved_argument
from rallycross.errors import InvalidInput
from rallycross.settings import CHECKOUT

TEXT = "Dummy.dummy: [{args: {sleep: 1}}]"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Change to an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_text_is_taken_as_it_is() -> None:
    """A task given as text on the command line is planned, and not taken for a path."""
    assert resolved_argument(TEXT) == TEXT
    assert read(TEXT, "", None).workloads[0].args == {"sleep": 1}
    with pytest.raises(InvalidInput) as caught:
        read("Dummy.dumy: [{}]", "", None)
    assert str(caught.value).startswith("<text>:1:14: Dummy.dumy[0]: unknown scenario 'Dummy.dumy'")


def test_what_a_text_includes_is_looked_for_in_the_current_folder(folder: Path) -> None:
    """A template given as text includes files of the current folder, not of the checkout."""
    (folder / "part.yaml").write_text(TEXT)
    assert read("# a: text\n{% include 'part.yaml' %}", "", None).workloads


def test_a_file_is_the_users_own_before_it_is_the_checkouts(folder: Path) -> None:
    """A path is relative to the current folder; a name with a colon is a file if it exists."""
    (folder / "a: b.yaml").write_text(TEXT)
    assert read_argument("a: b.yaml") == (TEXT, str(folder / "a: b.yaml"))
    assert (
        read_argument("include/recipes/quickstart.yaml")[0]
        == (CHECKOUT / "include/recipes/quickstart.yaml").read_text()
    )
    assert read_argument(str(folder / "a: b.yaml"))[0] == TEXT


@pytest.mark.parametrize("missing", ["nothere.yaml", "~no-such-user/x.yaml", "x" * 5000, "a\0b"])
def test_a_file_that_is_not_there_is_told_in_the_words_of_the_command_line(missing: str) -> None:
    """The remedy mentions the current folder, to which paths are relative."""
    with pytest.raises(InvalidInput) as caught:
        read_argument(missing)
    assert "cannot be read" in str(caught.value)
    assert "name a file by its path from the current folder, or give the YAML itself" in str(caught.value)
