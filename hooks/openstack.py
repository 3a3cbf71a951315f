"""A Connection of type `openstack`, or a cloud that a deployment has registered, becomes a core `Cloud`."""

from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from airflow.sdk import BaseHook, Connection
from airflow.sdk.exceptions import AirflowNotFoundException
from airflow.sdk.log import mask_secret

from hooks.results import store
from rallycross.cloud.cloud import Cloud
from rallycross.cloud.clouds_file import CloudsFile
from rallycross.cloud.entry import auth_keys, wrong_url
from rallycross.cloud.variables import service_keys
from rallycross.errors import RallycrossError
from rallycross.secret import is_secret_name

# What an entry of clouds.yaml has beside its `auth`, and beside what is of one service.
_BESIDE_AUTH = (
    *("api_timeout", "auth_methods", "cacert", "cert", "default_domain", "identity_api_version", "insecure"),
    *("interface", "key", "region_name", "verify"),
)


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
        row = store().clouds.get(self.conn_id)
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
    """Turn the form's fields into an entry of clouds.yaml; further keys of such an entry may stand in the extra."""
    auth_type = str(extra.get("auth_type", "password"))
    auth: dict[str, Any] = {key: value for key, value in extra.items() if key in auth_keys()}
    needed: dict[str, Any] = {"Auth URL": connection.host or auth.get("auth_url")}
    if auth_type == "v3applicationcredential":
        # Such a credential is bound to its user and project: keystone refuses a request that names them again.
        auth = {key: value for key, value in auth.items() if key.startswith("application_credential")}
        given = {"application_credential_id": connection.login, "application_credential_secret": connection.password}
        needed |= {"login": connection.login or auth, "password": connection.password or auth}
    elif auth_type.endswith("token"):
        given = {"token": connection.password}
        needed["password"] = connection.password or auth.get("token")
    else:
        given = {"username": connection.login, "password": connection.password}
        if auth_type == "password":
            needed |= {"login": connection.login or auth.get("user_id"), "password": connection.password}
            scopes = ("project_name", "project_id", "domain_id", "domain_name", "system_scope")
            needed["Project"] = next((auth[key] for key in scopes if key in auth), None)
        for whose, what in (("user", "username"), ("project", "project_name")):
            if {**auth, **given}.get(what) and f"{whose}_domain_id" not in auth:
                auth.setdefault(f"{whose}_domain_name", "Default")
    if missing := [label for label, value in needed.items() if not value]:
        raise RallycrossError(
            f"connection {connection.conn_id!r} has no {', '.join(missing)} - fill in, or name an entry of clouds.yaml"
        )
    auth |= {key: value for key, value in given.items() if value}
    config: dict[str, Any] = {"auth_type": auth_type, "auth": {**auth, "auth_url": _url(connection, auth)}}
    config.update({key: extra[key] for key in (*_BESIDE_AUTH, *service_keys()) if key in extra})
    return config


def _url(connection: Connection, auth: dict[str, Any]) -> str:
    """Put the address together of host, port and schema, as a connection's URI or JSON has them."""
    if not connection.host:
        return str(auth["auth_url"])
    schema = (connection.schema or "").strip("/")
    scheme, path = (schema, "") if schema in {"http", "https"} else ("", schema)
    url = connection.host if "://" in connection.host or not scheme else f"{scheme}://{connection.host}"
    try:
        parts = urlsplit(url if "://" in url else f"//{url}")
        if parts.port is None and connection.port:
            parts = parts._replace(netloc=f"{parts.netloc}:{connection.port}")
        if path and not parts.path.strip("/"):
            parts = parts._replace(path=f"/{path}")
    except ValueError as error:
        raise RallycrossError(f"connection {connection.conn_id!r}: Auth URL is no address ({error})") from error
    whole = urlunsplit(parts).removeprefix("//")
    if wrong := wrong_url(whole):
        raise RallycrossError(f"connection {connection.conn_id!r}: Auth URL {wrong}")
    if connection.port and parts.port != connection.port:
        raise RallycrossError(
            f"connection {connection.conn_id!r}: Auth URL {whole!r} and port {connection.port} do not agree - give one"
        )
    return whole


def _entry(conn_id: str, name: str | None, text: str | None) -> Cloud:
    """Return an entry of clouds.yaml, of the text in the connection or of the worker's file, with its own users."""
    if text is None:  # whole entries, with vendor profile and secure.yaml, but without OS_* variables of the worker
        return CloudsFile.read().cloud(str(name))
    where = f"connection {conn_id!r}: its clouds.yaml"
    file = CloudsFile.of_text(text, where)
    if name is None and len(file.names) != 1:
        raise RallycrossError(
            f"{where} has several clouds - name one in the extra's `cloud`; it has: {', '.join(file.names)}"
        )
    return file.cloud(name or file.names[0])


def _masked(cloud: Cloud) -> Cloud:
    """Keep passwords and secrets out of the task logs."""
    for one in (cloud, *cloud.users):
        for key, value in one.config.get("auth", {}).items():
            if isinstance(value, str) and is_secret_name(key):
                mask_secret(value)
    return cloud
