"""The environment of an embedded cloud: which Python it is of, and where its packages come from."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from test_embedded_plan import layout

from rallycross.deployment.embedded.parts import environment
from rallycross.deployment.host import CommandFailed
from rallycross.deployment.local_host import LocalHost


@pytest.mark.parametrize("python", ["/no/such/python", "my python"])
def test_a_python_that_is_not_there_is_told(tmp_path: Path, python: str) -> None:
    """If the named Python does not work, no other is used, and the failure names it, the host and the remedy."""
    cloud = replace(layout(python=python), root=str(tmp_path))

    with pytest.raises(CommandFailed, match=rf"{python} on localhost is not a working Python 3.11.* - .*`python`"):
        LocalHost().run(environment(cloud, "uv"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("given", "index"),
    [
        ({}, "http://mirror/simple"),
        ({"PIP_INDEX_URL": "http://variable/simple"}, "http://variable/simple"),
        ({"UV_DEFAULT_INDEX": "http://uv/simple", "PIP_INDEX_URL": "http://variable/simple"}, "http://uv/simple"),
    ],
)
def test_packages_come_from_the_mirror_that_pip_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: dict[str, str], index: str
) -> None:
    """The variable of uv takes precedence over pip's variable, and that over pip's configuration."""
    for name in ("PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "pip.conf").write_text("[global]\nindex-url = http://mirror/simple\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    root, folder = tmp_path / "root", tmp_path / "root" / "uv" / "bin"
    folder.mkdir(parents=True)
    (folder / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (folder / "uv").write_text(f"#!/bin/sh\nprintenv UV_DEFAULT_INDEX > {root}/index || :\n")
    for program in folder.iterdir():
        program.chmod(0o700)

    LocalHost().run(environment(replace(layout(), root=str(root)), "uv"))
    assert (root / "index").read_text() == f"{index}\n"
