"""A cloud by its name: one of this checkout, or an entry of the user's own `clouds.yaml`."""

import os
from pathlib import Path

from openstack.config import OpenStackConfig
from openstack.exceptions import ConfigException

from rallycross.cloud.cloud import Cloud, user_entries
from rallycross.errors import RallycrossError, did_you_mean
from rallycross.results.store import Store


def named_cloud(name: str, store: Store) -> Cloud:
    """Return the cloud; one of this checkout goes before an entry of a `clouds.yaml` where OpenStack's clients look."""
    if row := store.cloud(name):
        return Cloud.from_file(Path(row.clouds_yaml), name)
    # A clouds.yaml is looked for where OpenStack's clients do; other variables have no say, as in Airflow.
    file = os.environ.get("OS_CLIENT_CONFIG_FILE")
    config = OpenStackConfig(load_envvars=False, config_files=[file] if file else None)
    known = {one.name for one in store.clouds()} | (set(config.get_cloud_names()) - {"defaults"})
    if name not in known:
        raise RallycrossError(f"there is no cloud {name!r} - {did_you_mean(name, known) or 'deploy one, or name one'}")
    try:
        wanted = [name, *user_entries(name, {one: {} for one in known})]
        return Cloud.of(name, {one: dict(config.get_one(cloud=one).config) for one in wanted})
    except ConfigException as error:
        raise RallycrossError(f"cloud {name}: its entry in clouds.yaml cannot be used: {error}") from error
