"""The package index that uv uses."""

from pathlib import Path

import pytest

from rallycross import uv


def test_a_mirror_that_pip_is_told_of_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable of pip takes precedence over its configuration; without both, there is no index."""
    for name in ("PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "pip.conf").write_text("[global]\nindex-url = http://mirror/simple\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    assert uv.environment()["UV_DEFAULT_INDEX"] == "http://mirror/simple"

    monkeypatch.setenv("PIP_INDEX_URL", "http://variable/simple")
    assert uv.environment()["UV_DEFAULT_INDEX"] == "http://variable/simple"

    monkeypatch.delenv("PIP_INDEX_URL")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    assert "UV_DEFAULT_INDEX" not in uv.environment()
