"""A Connection of type `openstack`, or a cloud that a deployment has registered, becomes a core `Cloud`."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml
from airflow.sdk import BaseHook, Connection
from airflow.sdk.exceptions import AirflowNotFoundException
from airflow.sdk.log import mask_secret

from hooks.results import store
from rallycross.cloud.cloud import Cloud, user_entries
from rallycross.errors import RallycrossError
from rallycross.secret import is_secret_name


class OpenStackHook(BaseHook):
    """Signs in to OpenStack with what an Airflow connection says, or with what a deployment has registered."""

    conn_name_attr = "conn_id"
    default_conn_name = "openstack_default"
    conn_type = "openstack"
    hook_name = "OpenStack"

    def __init__(self, conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.conn_id = conn_id

    def get_conn(self) -> Cloud:
        """Return the cloud. A connection of this id goes before a registered cloud of this name."""
        try:
            connection = self.get_connection(self.conn_id)
        except AirflowNotFoundException:
            return self._registered()
        return from_connection(connection)

    def test_connection(self) -> tuple[bool, str]:
        """Sign in, for the form's Test button."""
        try:
            session = self.get_conn().connect()
            services = {service["type"] for service in session.service_catalog}
        except Exception as error:  # noqa: BLE001 - whatever it is, the form is to show it
            return False, f"{type(error).__name__}: {error}"
        return True, f"Signed in as {session.current_user_id}; the catalog has {', '.join(sorted(services))}"

    def _registered(self) -> Cloud:
        row = store().cloud(self.conn_id)
        if row is None:
            raise RallycrossError(
                f"no connection and no registered cloud is named {self.conn_id!r}"
                " - deploy it, or add a connection of type OpenStack (Admin > Connections)"
            )
        return _masked(Cloud.from_file(Path(row.clouds_yaml), row.name))


def from_connection(connection: Connection) -> Cloud:
    """Return the cloud that a connection describes; raise `RallycrossError` where it leaves out what is needed."""
    extra: dict[str, Any] = {key: value for key, value in connection.extra_dejson.items() if value not in (None, "")}
    if extra.get("cloud") or extra.get("clouds_yaml"):
        cloud = replace(
            _entry(connection.conn_id, extra.get("cloud"), extra.get("clouds_yaml")), name=connection.conn_id
        )
    else:
        cloud = Cloud(connection.conn_id, _fields(connection, extra))
    return _masked(cloud)


def _fields(connection: Connection, extra: dict[str, Any]) -> dict[str, Any]:
    """Turn the form's fields into an entry of clouds.yaml."""
    wanted = {"Auth URL": connection.host, "login": connection.login, "password": connection.password}
    missing = [label for label, value in wanted.items() if not value]
    auth_type = extra.get("auth_type", "password")
    if auth_type == "password" and not extra.get("project_name"):
        missing.append("Project")
    if missing:
        raise RallycrossError(
            f"connection {connection.conn_id!r} has no {', '.join(missing)} - fill in, or name an entry of clouds.yaml"
        )
    if auth_type == "v3applicationcredential":
        # Such a credential is bound to its user and project: keystone refuses a request that names them again.
        auth = {
            "application_credential_id": connection.login,
            "application_credential_secret": connection.password,
        }
    else:
        auth = {
            "username": connection.login,
            "password": connection.password,
            "project_name": extra["project_name"],
            "user_domain_name": extra.get("user_domain_name", "Default"),
            "project_domain_name": extra.get("project_domain_name", "Default"),
        }
    config: dict[str, Any] = {"auth_type": auth_type, "auth": {"auth_url": connection.host, **auth}}
    config.update({key: extra[key] for key in ("region_name", "interface", "cacert", "verify") if key in extra})
    return config


def _entry(conn_id: str, name: str | None, text: str | None) -> Cloud:
    """Return an entry of clouds.yaml, of the text in the connection or of the worker's file, with its own users."""
    if text is None:
        from openstack.config import OpenStackConfig  # noqa: PLC0415 - slow, and needed here only

        # Whole entries, with vendor profile and secure.yaml, but without OS_* variables of the worker.
        found = OpenStackConfig(load_envvars=False)
        wanted = [str(name), *user_entries(str(name), {one: {} for one in found.get_cloud_names()})]
        return Cloud.of(str(name), {one: dict(found.get_one(cloud=one).config) for one in wanted})
    try:
        clouds = yaml.safe_load(text)["clouds"]
    except (yaml.YAMLError, KeyError, TypeError) as error:
        raise RallycrossError(
            f"connection {conn_id!r}: its clouds.yaml has no `clouds:` - paste a whole file"
        ) from error
    if name is None and len(clouds) == 1:
        name = next(iter(clouds))
    if name not in clouds:
        raise RallycrossError(
            f"connection {conn_id!r}: its clouds.yaml has no cloud {name!r} - it has: {', '.join(sorted(clouds))}"
        )
    return Cloud.of(name, clouds)


def _masked(cloud: Cloud) -> Cloud:
    """Keep passwords and secrets out of the task logs."""
    for one in (cloud, *cloud.users):
        for key, value in one.config.get("auth", {}).items():
            if isinstance(value, str) and is_secret_name(key):
                mask_secret(value)
    return cloud
