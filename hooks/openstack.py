"""A Connection of type `openstack`, or a cloud that a deployment has registered, becomes a core `Cloud`."""

from pathlib import Path

from airflow.sdk import BaseHook, Connection
from airflow.sdk.exceptions import AirflowNotFoundException
from airflow.sdk.log import mask_secret

from hooks.results import store
from rallycross.cloud.cloud import Cloud
from rallycross.cloud.connection_fields import ConnectionFields, cloud_of_connection
from rallycross.deployment.answering import signed_in
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
            cloud = self.get_conn()
            access = signed_in(cloud.name, cloud.config)
        except Exception as error:  # noqa: BLE001 - whatever it is, the form is to show it
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
    """Return the cloud that a connection describes; raise `RallycrossError` where it leaves out what is needed."""
    names = ("conn_id", "login", "password", "host", "port", "schema", "extra")
    return _masked(cloud_of_connection(ConnectionFields(**{name: getattr(connection, name) for name in names})))


def _masked(cloud: Cloud) -> Cloud:
    """Keep passwords and secrets out of the task logs."""
    for one in (cloud, *cloud.users):
        for key, value in one.config.get("auth", {}).items():
            if isinstance(value, str) and is_secret_name(key):
                mask_secret(value)
    return cloud
