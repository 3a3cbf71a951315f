"""The source of a verifier, and the environment that is created for it."""

import threading
from pathlib import Path

import pytest
from verifiable_cloud import small_project

from rallycross.errors import RallycrossError
from rallycross.verification.environments import environment
from rallycross.verification.source import Source


@pytest.mark.parametrize(
    ("package", "wanted"),
    [
        ("", "tempest==47.0.0"),
        ("46.2.0", "tempest==46.2.0"),
        (">=46,<47", "tempest>=46,<47"),
        ("tempest==46.2.0", "tempest==46.2.0"),
        ("https://git.example.org/tempest@47.0.0", "git+https://git.example.org/tempest@47.0.0"),
        ("git+https://git.example.org/tempest", "git+https://git.example.org/tempest"),
    ],
)
def test_tempest_is_named_by_version_requirement_or_url(package: str, wanted: str) -> None:
    """A version, requirement or URL becomes an installer's argument; nothing means the bundled version."""
    assert Source(package=package, plugins=("neutron-tempest-plugin",)).requirements("47.0.0") == [
        wanted,
        "neutron-tempest-plugin",
    ]


def test_a_folder_is_installed_where_it_is(tmp_path: Path) -> None:
    """A checkout is installed in editable mode."""
    assert Source("project", str(tmp_path)).requirements("1") == ["--editable", str(tmp_path)]


def test_the_same_packages_share_an_environment() -> None:
    """The order of plugins and the selected tests do not matter for the environment; the Python does."""
    one = Source(plugins=("a", "b"))
    assert one.key(python="3.12") == Source(plugins=("b", "a"), tests="x").key(python="3.12")
    assert one.key(python="3.12") != one.key(python="3.13") != Source(plugins=("a",)).key(python="3.13")


def test_what_cannot_be_is_said() -> None:
    """An unknown kind, a project without a package, and a missing folder are refused with a remedy."""
    with pytest.raises(RallycrossError, match=r"'tempst'.*did you mean tempest"):
        Source("tempst")
    with pytest.raises(RallycrossError, match="no package"):
        Source("project")
    with pytest.raises(RallycrossError, match="does not exist"):
        _ = Source("project", "/no/such/folder").folder


def test_a_source_is_kept_whole() -> None:
    """A source survives its JSON form."""
    source = Source("project", "x", ("a",), "y")
    assert Source.of(source.data()) == source


def test_what_cannot_be_installed_leaves_nothing(tmp_path: Path) -> None:
    """The installer's errors are shown, and no incomplete environment remains."""
    folder = tmp_path / "e"
    broken = small_project(tmp_path / "broken", "")
    (Path(broken) / "pyproject.toml").write_text("this is no TOML")
    with pytest.raises(RallycrossError, match=r"(?s)cannot be installed.*nothing was left behind.*TOML"):
        environment(folder, ["--editable", broken], lambda _: None, stop=threading.Event())
    assert not folder.exists()
