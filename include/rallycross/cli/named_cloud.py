"""A cloud by its name: one of this checkout, or an entry of the user's own `clouds.yaml`."""

from pathlib import Path

from rallycross.cloud.cloud import Cloud
from rallycross.cloud.clouds_file import CloudsFile
from rallycross.errors import RallycrossError, did_you_mean
from rallycross.results.store import Store


def named_cloud(name: str, store: Store) -> Cloud:
    """Return the cloud; one of this checkout goes before an entry of a `clouds.yaml` where OpenStack's clients look."""
    if row := store.cloud(name):
        return Cloud.from_file(Path(row.clouds_yaml), name)
    # A clouds.yaml is looked for where OpenStack's clients do; other variables have no say, as in Airflow.
    file = CloudsFile.read() if CloudsFile.usual() else None
    if file and name in file.names:
        return file.cloud(name)
    known = {*(one.name for one in store.clouds()), *(file.names if file else ())}
    raise RallycrossError(f"there is no cloud {name!r} - {did_you_mean(name, known) or 'deploy one, or name one'}")
