"""Files of the clouds of this checkout: each cloud's spec and `clouds.yaml`, and one `clouds.yaml` of all.

The last is for any OpenStack client to use:

    export OS_CLIENT_CONFIG_FILE=.rallycross/clouds.yaml; openstack --os-cloud embedded server list
"""

import os
from pathlib import Path

import yaml

from rallycross.settings import Settings

_ENTRIES = ".clouds.yaml"
_SPEC = ".spec.yaml"


def keep_spec(paths: Settings, name: str, text: str) -> None:
    """Keep the cloud spec before anything is made, so that whatever dies, the cloud can be found and destroyed."""
    _write_private(_spec_file(paths, name), text)


def specs(paths: Settings) -> dict[str, str]:
    """Return the specs of all clouds of which something may stand, by name."""
    return {file.name.removesuffix(_SPEC): file.read_text() for file in sorted(paths.clouds.glob(f"*{_SPEC}"))}


def keep(paths: Settings, name: str, text: str) -> Path:
    """Keep the clouds.yaml `text` of the cloud `name`, in the place of what was kept; return the cloud's own file."""
    file = _file(paths, name)
    _write_private(file, text)
    _join(paths)
    return file


def forget(paths: Settings, name: str) -> None:
    """Drop the cloud `name`, which has been destroyed; none is fine."""
    _file(paths, name).unlink(missing_ok=True)
    _join(paths)
    _spec_file(paths, name).unlink(missing_ok=True)


def _file(paths: Settings, name: str) -> Path:
    return paths.clouds / f"{name}{_ENTRIES}"


def _spec_file(paths: Settings, name: str) -> Path:
    return paths.clouds / f"{name}{_SPEC}"


def _join(paths: Settings) -> None:
    entries = {}
    for file in sorted(paths.clouds.glob(f"*{_ENTRIES}")):
        entries.update(yaml.safe_load(file.read_text())["clouds"])
    _write_private(paths.clouds_yaml, yaml.safe_dump({"clouds": entries}, sort_keys=False))


def _write_private(path: Path, text: str) -> None:
    """Write a file that the owner alone can read; it appears whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    part.rename(path)
