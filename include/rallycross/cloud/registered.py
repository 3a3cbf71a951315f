"""Files of the clouds of this checkout: each cloud's spec and `clouds.yaml`, and one `clouds.yaml` of all.

The last is for any OpenStack client to use:

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
    """Keep the cloud spec before anything is made, so that whatever dies, the cloud can be found and destroyed."""
    write_owner_only(_spec_file(paths, name), text)


def specs(paths: Settings) -> dict[str, str]:
    """Return the specs of all clouds of which something may stand, by name."""
    files = sorted(paths.clouds.glob(f"*{_SPEC}"))
    return {file.name.removesuffix(_SPEC): file.read_text(encoding="utf-8", errors="replace") for file in files}


def spec_beside(clouds_yaml: Path, name: str) -> str | None:
    """Return the spec of the cloud whose own `clouds.yaml` that is, secrets and all; None where none is kept."""
    file = clouds_yaml.with_name(f"{name}{_SPEC}")
    return file.read_text() if file.is_file() else None


def known_hosts_beside(clouds_yaml: Path, name: str) -> Path:
    """Return the file of the keys that the servers have shown of the cloud whose own `clouds.yaml` that is."""
    return clouds_yaml.with_name(f"{name}.known_hosts")


def keep(paths: Settings, name: str, text: str, *, ca: str = "") -> Path:
    """Keep the clouds.yaml `text` of the cloud `name`, in the place of what was kept; return the cloud's own file.

    `ca` is the PEM of the authority that has signed the cloud's certificates: its entries come to name it.
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
    """Drop the cloud `name`, which has been destroyed; none is fine."""
    _file(paths, name).unlink(missing_ok=True)
    _join(paths)
    keys = (paths.clouds / f"{name}.key", paths.clouds / f"{name}.pub")
    for file in (authority_file(paths, name), known_hosts_file(paths, name), *keys):
        file.unlink(missing_ok=True)
    _spec_file(paths, name).unlink(missing_ok=True)


def authority_file(paths: Settings, name: str) -> Path:
    """Return the file of the authority that has signed a cloud's certificates."""
    return paths.clouds / f"{name}.ca.pem"


def known_hosts_file(paths: Settings, name: str) -> Path:
    """Return the file of the keys that a cloud's servers have shown."""
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
    """Return the entries of a cloud's file; one that a power cut has emptied costs no other cloud its entry."""
    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8"))
        yaml.safe_dump(found)  # it is to be written again
    except NOT_YAML:
        return {}
    clouds = found.get("clouds") if isinstance(found, dict) else None
    return clouds if isinstance(clouds, dict) else {}
