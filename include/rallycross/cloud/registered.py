"""The files of the clouds of this checkout: each cloud's spec and `clouds.yaml`, and a joint `clouds.yaml`.

Any OpenStack client can use the joint file:

    export OS_CLIENT_CONFIG_FILE=.rallycross/clouds.yaml; openstack --os-cloud embedded server list
"""

from pathlib import Path
from typing import Any

import yaml

from rallycross.file_kind import NOT_YAML
from rallycross.owner_only import write_owner_only
from rallycross.settings import Settings

_ENTRIES = ".clouds.yaml"
_SPEC = ".spec.yaml"


def keep_spec(paths: Settings, name: str, text: str) -> None:
    """Store a cloud's spec before anything is created, so that the cloud can be destroyed after any crash."""
    write_owner_only(_spec_file(paths, name), text)


def specs(paths: Settings) -> dict[str, str]:
    """Return the specs, by name, of all clouds that may exist, even partly."""
    files = sorted(paths.clouds.glob(f"*{_SPEC}"))
    return {file.name.removesuffix(_SPEC): file.read_text(encoding="utf-8", errors="replace") for file in files}


def spec_beside(clouds_yaml: Path, name: str) -> str | None:
    """Return the spec, including secrets, of the cloud that `clouds_yaml` belongs to; None if there is none."""
    file = clouds_yaml.with_name(f"{name}{_SPEC}")
    return file.read_text() if file.is_file() else None


def known_hosts_beside(clouds_yaml: Path, name: str) -> Path:
    """Return the file with the SSH host keys of the servers of the cloud that `clouds_yaml` belongs to."""
    return clouds_yaml.with_name(f"{name}.known_hosts")


def keep(paths: Settings, name: str, text: str, *, ca: str = "") -> Path:
    """Store the clouds.yaml `text` of the cloud `name`, replacing an earlier one; return its path.

    `ca` is the PEM certificate of the authority of the cloud's certificates; the entries get its path as `cacert`.
    """
    file = _file(paths, name)
    if ca:
        authority = authority_file(paths, name)
        write_owner_only(authority, ca)
        clouds = yaml.safe_load(text)["clouds"]
        text = yaml.safe_dump({"clouds": {key: {**entry, "cacert": str(authority)} for key, entry in clouds.items()}})
    write_owner_only(file, text)
    _join(paths)
    return file


def forget(paths: Settings, name: str) -> None:
    """Delete the files of the cloud `name`, which has been destroyed. They may be missing."""
    _file(paths, name).unlink(missing_ok=True)
    _join(paths)
    keys = (paths.clouds / f"{name}.key", paths.clouds / f"{name}.pub")
    for file in (authority_file(paths, name), known_hosts_file(paths, name), *keys):
        file.unlink(missing_ok=True)
    _spec_file(paths, name).unlink(missing_ok=True)


def authority_file(paths: Settings, name: str) -> Path:
    """Return the file with the certificate of a cloud's authority."""
    return paths.clouds / f"{name}.ca.pem"


def known_hosts_file(paths: Settings, name: str) -> Path:
    """Return the file with the SSH host keys of a cloud's servers."""
    return known_hosts_beside(_file(paths, name), name)


def _file(paths: Settings, name: str) -> Path:
    return paths.clouds / f"{name}{_ENTRIES}"


def _spec_file(paths: Settings, name: str) -> Path:
    return paths.clouds / f"{name}{_SPEC}"


def _join(paths: Settings) -> None:
    entries = {}
    for file in sorted(paths.clouds.glob(f"*{_ENTRIES}")):
        entries.update(_clouds(file))
    write_owner_only(paths.clouds_yaml, yaml.safe_dump({"clouds": entries}, sort_keys=False))


def _clouds(file: Path) -> dict[str, Any]:
    """Return the entries of a cloud's file; none if it is damaged, so that other clouds keep theirs."""
    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8"))
        yaml.safe_dump(found)  # it will be written again
    except NOT_YAML:
        return {}
    clouds = found.get("clouds") if isinstance(found, dict) else None
    return clouds if isinstance(clouds, dict) else {}
