"""Turns an Airflow connection of type `openstack`, or a registered cloud, into a core `Cloud`."""

from pathlib import Path

from airflow.sdk import BaseHook, Connection
from airflow.sdk.exceptions import AirflowNotFoundException
from airflow.sdk.log import mask_secret

from hooks.results import store
from rallycross.cloud.cloud import Cloud
from rallycross.cloud.connection_fields import ConnectionFields, cloud_of_connection
from rallycross.deployment.service_check import sign_in
from rallycross.errors import RallycrossError
from rallycross.secret import is_secret_name


class OpenStackHook(BaseHook):
    """Signs in to OpenStack with an Airflow connection, or with a registered cloud."""

    conn_name_attr = "conn_id"
    default_conn_name = "openstack_default"
    conn_type = "openstack"
    hook_name = "OpenStack"

    def __init__(self, conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.conn_id = conn_id

    def get_conn(self) -> Cloud:
        """Return the cloud. A connection of this id takes precedence over a registered cloud of this name."""
        try:
            connection = self.get_connection(self.conn_id)
        except AirflowNotFoundException:
            return self._registered()
        return from_connection(connection)

    def test_connection(self) -> tuple[bool, str]:
        """Sign in, for the Test button of the connection form."""
        try:
            cloud = self.get_conn()
            access = sign_in(cloud.name, cloud.config)
        except Exception as error:  # noqa: BLE001 - the form shows any error
            return False, f"{type(error).__name__}: {error}"
        return True, f"Signed in; the catalog has {', '.join(sorted(access.endpoints))}"

    def _registered(self) -> Cloud:
        row = store().clouds.get(self.conn_id)
        if row is None:
            raise RallycrossError(
                f"no connection and no registered cloud is named {self.conn_id!r}"
                " - deploy it, or add a connection of type OpenStack (Admin > Connections)"
            )
        return _masked(Cloud.from_file(Path(row.clouds_yaml), row.name))


def from_connection(connection: Connection) -> Cloud:
    """Return the cloud of a connection; raise `RallycrossError` if a required field is missing."""
    names = ("conn_id", "login", "password", "host", "port", "schema", "extra")
    return _masked(cloud_of_connection(ConnectionFields(**{name: getattr(connection, name) for name in names})))


def _masked(cloud: Cloud) -> Cloud:
    """Return the cloud after Airflow was told to mask its secrets in task logs."""
    for one in (cloud, *cloud.users):
        for key, value in one.config.get("auth", {}).items():
            if isinstance(value, str) and is_secret_name(key):
                mask_secret(value)
    return cloud
