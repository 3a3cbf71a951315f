"""Where the packages of a verifier's environment come from."""

from pathlib import Path

import pytest

from rallycross.verification.environments import _mirror


def test_a_mirror_that_pip_is_told_of_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable of pip goes before its configuration; without both there is none."""
    monkeypatch.delenv("PIP_INDEX_URL", raising=False)
    (tmp_path / "pip.conf").write_text("[global]\nindex-url = http://mirror/simple\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    assert _mirror() == "http://mirror/simple"

    monkeypatch.setenv("PIP_INDEX_URL", "http://variable/simple")
    assert _mirror() == "http://variable/simple"

    monkeypatch.delenv("PIP_INDEX_URL")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    assert not _mirror()
