"""Definitions in a package are found at any depth; modules that would be missed are errors."""

import sys
from pathlib import Path

import pytest

from rallycross.errors import RallycrossError
from rallycross.registry import Registry


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Path:
    """Create a package with a name of the test's own, since modules stay imported."""
    folder = tmp_path / f"content_of_{request.node.name}"
    folder.mkdir()
    (folder / "__init__.py").touch()
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return folder


def registry_of(package: Path, *defines: tuple[str, str]) -> Registry[str]:
    """Return a registry of a package with modules at these paths that define these names."""
    registry: Registry[str] = Registry(package.name)
    sys.modules["registry_of_a_test"] = registry  # type: ignore[assignment]
    for path, name in defines:
        module = package / path
        module.parent.mkdir(parents=True, exist_ok=True)
        module.write_text(f"import registry_of_a_test\nregistry_of_a_test.add({name!r}, __name__)\n")
    return registry


def test_content_is_found_in_folders_of_folders(package: Path) -> None:
    """Modules of a package's packages are imported, whatever their depth."""
    registry = registry_of(package, ("one.py", "one"), ("nova/servers.py", "two"), ("nova/more/deep.py", "three"))
    (package / "nova" / "__init__.py").touch()
    (package / "nova" / "more" / "__init__.py").touch()

    assert list(registry) == ["one", "three", "two"]


def test_a_folder_that_is_no_package_is_told(package: Path) -> None:
    """Modules in a folder without an `__init__.py` are an error that names the folder."""
    registry = registry_of(package, ("mine/hello.py", "one"))

    with pytest.raises(
        RallycrossError, match=r"mine: is not a package, so hello\.py is not found - add an __init__\.py"
    ):
        list(registry)


def test_a_folder_whose_name_no_package_can_have_is_left_alone(package: Path) -> None:
    """An editor's files next to modules do no harm."""
    registry = registry_of(package, ("one.py", "one"), (".ipynb_checkpoints/one-copy.py", "one"))

    assert list(registry) == ["one"]


def test_a_name_that_two_modules_define_is_an_error(package: Path) -> None:
    """Two definitions with one name are an error with that name."""
    registry = registry_of(package, ("one.py", "same"), ("two.py", "same"))

    with pytest.raises(RallycrossError, match="'same' is defined twice - rename one"):
        list(registry)
