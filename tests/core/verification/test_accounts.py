"""Errors in tempest's accounts.yaml are reported before anything is created."""

import socket
from pathlib import Path

import pytest

from rallycross.errors import InvalidInput, RallycrossError
from rallycross.verification.accounts import read
from rallycross.verification.facts import Keystone

GOOD = """
- username: a
  password: secret
  project_name: p
  domain_name: Default
  roles: [member]
  resources: {network: n}
- username: b
  password: secret
  project_name: q
- username: c
  password: secret
  project_name: r
  types: [admin]
- username: d
  password: secret
  system: all
  roles: [reader]
"""


def written(folder: Path, text: str) -> str:
    """Write a file; return its path."""
    file = folder / "accounts.yaml"
    file.write_text(text)
    return str(file)


def test_a_file_of_tempests_is_read(tmp_path: Path) -> None:
    """Ordinary accounts are project accounts without admin; the summary counts accounts by role."""
    found = read(written(tmp_path, GOOD))
    assert found.ordinary == 2
    assert found.summary == "4 accounts were given: 1 admin, 1 member, 1 reader"


def test_too_few_accounts_are_told_with_the_number_that_is_wanted(tmp_path: Path) -> None:
    """Two ordinary accounts are required for each test that runs at the same time."""
    found = read(written(tmp_path, GOOD))
    found.check_number(1)
    with pytest.raises(RallycrossError, match="has 2 ordinary accounts, and 2 tests at a time take 2 each"):
        found.check_number(2)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not a list of accounts"),
        ("username: a", "not a list of accounts"),
        ("- a", r":1:3: \[0\]: not a mapping"),
        ("- {usernam: a}", r"\[0\].usernam: unknown key - did you mean username"),
        ("- {username: a, project_name: p}", r"\[0\]: has no password"),
        ("- {username: a, password: 1, project_name: p}", r"\[0\]: has no password - every account needs it, as text"),
        ("- {username: a, password: p}", "has no project"),
        ("- {username: a, password: p, project_name: p, roles: member}", r"\[0\].roles: not a list of names"),
        ("- [", "not valid YAML"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    """Each error has a complaint with its place."""
    with pytest.raises(InvalidInput, match=said):
        read(written(tmp_path, text))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """The message for a missing file has its path."""
    with pytest.raises(RallycrossError, match=r"none\.yaml: cannot be read"):
        read(str(tmp_path / "none.yaml"))


def test_who_cannot_sign_in_is_named_without_the_password(tmp_path: Path) -> None:
    """The first refused account is named with the reason, the others are counted."""
    found = read(written(tmp_path, GOOD))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(RallycrossError, match=r"cannot sign in with the account a .*; nor with 3 more") as told:
            found.check_sign_in(Keystone(f"http://127.0.0.1:{taken.getsockname()[1]}/v3"))
    assert "secret" not in str(told.value)
