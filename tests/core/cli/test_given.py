"""What is named on the command line: a file, or the text itself."""

from pathlib import Path

import pytest

from rallycross.cli.commands.plan import read
from rallycross.cli.given import given_file, given_text
from rallycross.errors import InvalidInput
from rallycross.settings import CHECKOUT

TEXT = "Dummy.dummy: [{args: {sleep: 1}}]"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Be in a folder of one's own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_text_is_taken_as_it_is() -> None:
    """A task that stands on the command line itself is planned, and is no path of the current folder."""
    assert given_file(TEXT) == TEXT
    assert read(TEXT, "", None).workloads[0].args == {"sleep": 1}
    with pytest.raises(InvalidInput) as caught:
        read("Dummy.dumy: [{}]", "", None)
    assert str(caught.value).startswith("<text>:1:14: Dummy.dumy[0]: unknown scenario 'Dummy.dumy'")


def test_what_a_text_includes_is_looked_for_in_the_current_folder(folder: Path) -> None:
    """Of a text on the command line the template's files are the user's, not the checkout's."""
    (folder / "part.yaml").write_text(TEXT)
    assert read("# a: text\n{% include 'part.yaml' %}", "", None).workloads


def test_a_file_is_the_users_own_before_it_is_the_checkouts(folder: Path) -> None:
    """A path counts from the current folder, a name with a colon is a file where there is one."""
    (folder / "a: b.yaml").write_text(TEXT)
    assert given_text("a: b.yaml") == (TEXT, str(folder / "a: b.yaml"))
    assert (
        given_text("include/recipes/quickstart.yaml")[0] == (CHECKOUT / "include/recipes/quickstart.yaml").read_text()
    )
    assert given_text(str(folder / "a: b.yaml"))[0] == TEXT


@pytest.mark.parametrize("missing", ["nothere.yaml", "~no-such-user/x.yaml", "x" * 5000, "a\0b"])
def test_a_file_that_is_not_there_is_told_in_the_words_of_the_command_line(missing: str) -> None:
    """The remedy speaks of the current folder, from which paths count here."""
    with pytest.raises(InvalidInput) as caught:
        given_text(missing)
    assert "cannot be read" in str(caught.value)
    assert "name a file, by a path from the current folder, or give the YAML itself" in str(caught.value)
