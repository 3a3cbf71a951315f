"""YAML values at which YAML's own constructors fail."""

from pathlib import Path

import pytest

from rallycross.cloud.cloud import Cloud
from rallycross.cloud.clouds_file import CloudsFile
from rallycross.cloud.registered import forget
from rallycross.errors import RallycrossError
from rallycross.secret import shown_text
from rallycross.settings import settings

STRANGE = [
    "!!timestamp x",
    "!!int ''",
    "!!bool maybe",
    "!!float ''",
    "!!binary a",
    "!!set x",
    "!!python/name:os.system ''",
    "&a [*a]",
    "[" * 3000,
    "{? [a]: b}",
    "9999-99-99",
    "1" * 5000,
    "0x" + "f" * 5000,
    "1:99:99:" + "9" * 400,
    "1" + ":59" * 2000,
]


@pytest.mark.parametrize("value", STRANGE, ids=range(len(STRANGE)))
def test_a_clouds_yaml_is_read_or_told(tmp_path: Path, value: str) -> None:
    """No value causes a traceback, in a user's file or in our own."""
    file = tmp_path / "clouds.yaml"
    file.write_text(f"clouds:\n  c:\n    auth: {{auth_url: http://x/v3}}\n    region_name: {value}\n")
    for read in (lambda: CloudsFile.read(file).cloud("c"), lambda: Cloud.from_file(file, "c")):
        try:
            read()
        except RallycrossError as error:
            said = str(error)
            assert str(file) in said
            assert len(said) < 5_000


@pytest.mark.parametrize("value", STRANGE, ids=range(len(STRANGE)))
def test_a_text_is_shown_without_its_secrets(value: str) -> None:
    """Text that is not valid YAML is shown without its password."""
    assert "Canary-7Xk9" not in shown_text(f"password: Canary-7Xk9\nother: {value}\n")


@pytest.mark.parametrize("value", STRANGE, ids=range(len(STRANGE)))
def test_one_cloud_that_cannot_be_read_costs_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    """The joint clouds.yaml is written without the entry that cannot be read."""
    monkeypatch.setenv("RALLYCROSS_HOME", str(tmp_path))
    paths = settings()
    paths.clouds.mkdir(parents=True)
    (paths.clouds / "broken.clouds.yaml").write_text(f"clouds: {{broken: {{a: {value}}}}}\n")
    (paths.clouds / "whole.clouds.yaml").write_text("clouds: {whole: {auth: {auth_url: http://x}}}\n")
    forget(paths, "gone")
    assert Cloud.from_file(paths.clouds_yaml, "whole").config == {"auth": {"auth_url": "http://x"}}


def test_a_clouds_yaml_of_very_many_values_is_soon_refused(tmp_path: Path) -> None:
    """Values, including those of aliases, are counted while they are read."""
    file = tmp_path / "clouds.yaml"
    file.write_text("clouds: {c: {a: [" + "1," * 500_000 + "]}}\n")
    with pytest.raises(RallycrossError, match="more than 50000 values"):
        CloudsFile.read(file)
    aliases = "".join(f"  a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9))
    file.write_text(f"x:\n  a0: &a0 [1]\n{aliases}clouds: {{c: {{auth: {{}}}}}}\n")
    with pytest.raises(RallycrossError, match="more than 50000 values"):
        CloudsFile.read(file)
