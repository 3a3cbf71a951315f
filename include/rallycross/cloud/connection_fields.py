"""Converts the fields of an Airflow connection, from a form or a URI, to a cloud.

Login and password depend on the auth type. Host, port and schema are the address of the identity service. The extra is
JSON with keys of an entry of clouds.yaml and of its `auth`.
"""

import json
import re
from dataclasses import dataclass, replace
from difflib import get_close_matches
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from rallycross.cloud.cloud import Cloud
from rallycross.cloud.clouds_file import CloudsFile
from rallycross.cloud.entry import auth_keys, auth_type_of, wrong_url
from rallycross.cloud.variables import service_keys
from rallycross.errors import RallycrossError, did_you_mean

# Keys of an entry of clouds.yaml other than `auth` and those of one service.
_BESIDE_AUTH = (
    *("api_timeout", "auth_methods", "cacert", "cert", "default_domain", "endpoint_type", "identity_api_version"),
    *("insecure", "interface", "key", "region_name", "verify"),
)
# auth type -> keys of `auth` for login and password, if these are not username and password.
_FIELDS = {
    "token": ("", "token"),
    "v3token": ("", "token"),
    "v3totp": ("username", "passcode"),
    "v3applicationcredential": ("application_credential_id", "application_credential_secret"),
    "v3oauth2clientcredential": ("oauth2_client_id", "oauth2_client_secret"),
    "v3oidcaccesstoken": ("", "access_token"),
    "v3oidcclientcredentials": ("client_id", "client_secret"),
}
_COMPLETE = {"password", "v3password", *_FIELDS}  # auth types for which the form has all necessary fields
_SCOPES = (
    *("project_name", "project_id", "tenant_name", "tenant_id"),
    *("domain_id", "domain_name", "system_scope", "trust_id"),
)
_SLIP = 0.85  # similarity from which on an unknown key is a misspelt one, not a key of the user's own
_VERSIONED = re.compile(r"(^|/)v\d")


@dataclass(frozen=True)
class ConnectionFields:
    """The fields of a connection; None = empty."""

    conn_id: str
    login: str | None
    password: str | None
    host: str | None
    port: int | None
    schema: str | None
    extra: str | None


def cloud_of_connection(connection: ConnectionFields) -> Cloud:
    """Return the cloud of a connection; raise `RallycrossError` if necessary fields are missing."""
    extra = _extra(connection)
    if extra.get("cloud") or extra.get("clouds_yaml"):
        cloud = replace(
            _entry(connection.conn_id, extra.get("cloud"), extra.get("clouds_yaml")), name=connection.conn_id
        )
    else:
        cloud = Cloud(connection.conn_id, _fields(connection, extra))
        if "profile" in extra:
            entries = {connection.conn_id: {**cloud.config, "profile": extra["profile"]}}
            cloud = CloudsFile(f"connection {connection.conn_id!r}", entries).cloud(connection.conn_id)
    return cloud


def _extra(connection: ConnectionFields) -> dict[str, Any]:
    """Return the keys set in the extra: those of an entry of clouds.yaml, and of its `auth`."""
    where = f"connection {connection.conn_id!r}: its extra"
    try:
        data = json.loads(connection.extra or "{}")
    except ValueError as error:
        raise RallycrossError(f"{where} is not JSON ({error}) - correct it") from error
    if not isinstance(data, dict):
        raise RallycrossError(f'{where} is not a JSON object - write it as {{"project_name": "admin"}}')
    nested = data.pop("auth", None) or {}
    if not isinstance(nested, dict):
        raise RallycrossError(f"{where}: auth is not a JSON object - write username and so on in it")
    given = {**data, **nested}
    extra = {
        key.lower().replace("-", "_").removeprefix("os_"): value
        for key, value in given.items()
        if value not in (None, "")
    }
    known = {"auth_type", *auth_keys(), *_BESIDE_AUTH, *service_keys(), "cloud", "clouds_yaml", "profile"}
    for key in extra.keys() - known:  # users of Airflow also keep their own keys there
        if get_close_matches(key, known, cutoff=_SLIP):
            raise RallycrossError(f"{where} has the unknown key {key!r} - {did_you_mean(key, known)}")
    return extra


def _fields(connection: ConnectionFields, extra: dict[str, Any]) -> dict[str, Any]:
    """Convert the form's fields to an entry of clouds.yaml. Further keys of the entry are in the extra."""
    auth: dict[str, Any] = {key: value for key, value in extra.items() if key in auth_keys()}
    auth_type = str(extra.get("auth_type") or auth_type_of(auth))
    by_name = "application_credential_name" in auth and "application_credential_id" not in auth
    who, secret = _FIELDS.get(auth_type, ("username", "password"))
    if auth_type == "v3applicationcredential":
        # The credential implies user and project: keystone refuses a request that names them as well.
        bound = ("application_credential", "user") if by_name else ("application_credential",)
        auth = {key: value for key, value in auth.items() if key.startswith(bound)}
        who = "username" if by_name else who
    given = {secret: connection.password, **({who: connection.login} if who else {})}
    auth |= {key: value for key, value in given.items() if value}
    if url := connection.host or extra.get("auth_url"):
        auth["auth_url"] = url
    needed: dict[str, Any] = {"Auth URL": url}
    if auth_type in _COMPLETE:
        needed |= {"login": (auth.get(who) or auth.get("user_id")) if who else "no", "password": auth.get(secret)}
    if auth_type in {"password", "v3password"}:
        needed["Project"] = next((auth[key] for key in _SCOPES if key in auth), None)
    missing = [label for label, value in needed.items() if not value]
    if missing and "profile" not in extra:  # a profile may have all but the password, which is checked with the entry
        raise RallycrossError(
            f"connection {connection.conn_id!r} has no {', '.join(missing)} - fill in, or name an entry of clouds.yaml"
        )
    if who == "username" and "default_domain" not in extra:
        for whose, what in (("user", "username"), ("project", "project_name")):
            if what in auth and f"{whose}_domain_id" not in auth:
                auth.setdefault(f"{whose}_domain_name", "Default")
    if url:
        auth["auth_url"] = _url(connection, str(extra.get("auth_url") or ""))
    config: dict[str, Any] = {"auth_type": auth_type, "auth": auth}
    config.update({key: extra[key] for key in (*_BESIDE_AUTH, *service_keys()) if key in extra})
    return config


def _url(connection: ConnectionFields, told: str) -> str:
    """Return the auth URL of host, port and schema, as in a connection's URI or JSON.

    `told` is the auth_url in the extra.
    """
    where, host = f"connection {connection.conn_id!r}: Auth URL", (connection.host or told).strip()
    schema = (connection.schema or "").strip().strip("/")
    scheme = schema.lower().rstrip(":")
    scheme, path = (scheme, "") if scheme in {"http", "https"} else ("", schema)
    try:
        if told and host == urlsplit(told).hostname:
            host = told
        if connection.port is not None:
            host = _bracketed(host)
        parts = urlsplit(host if "://" in host else f"{scheme}://{host}" if scheme else f"//{host.lstrip('/')}")
        if parts.port is None and connection.port is not None:
            parts = parts._replace(netloc=f"{parts.netloc}:{connection.port}")
        there = parts.path.strip("/")
        if path and (not there or path.startswith(f"{there}/")):
            parts = parts._replace(path=f"/{path}")
        elif path and not _VERSIONED.search(there):
            parts = parts._replace(path=f"/{there}/{path}")
    except ValueError as error:
        raise RallycrossError(f"{where} {wrong_url(host) or f'is not a URL ({error}) - correct it'}") from error
    whole = urlunsplit(parts).removeprefix("//")
    if wrong := wrong_url(whole):
        raise RallycrossError(f"{where} {wrong}")
    agrees = {
        f"port {connection.port}": connection.port in {None, parts.port},
        f"schema {schema!r}": not scheme or scheme == parts.scheme,
        f"the path {schema!r} of its schema": f"/{parts.path.strip('/')}".endswith(f"/{path}") or not path,
        "the extra's auth_url": not connection.host or not told or told.rstrip("/") == whole.rstrip("/"),
    }
    if not all(agrees.values()):
        other = next(what for what, fits in agrees.items() if not fits)
        raise RallycrossError(f"{where} {whole!r} and {other} do not agree - give one")
    return whole


def _bracketed(host: str) -> str:
    """Return a host; an IPv6 address without brackets gets them."""
    begins, there, rest = host.rpartition("://")
    address, slash, path = rest.partition("/")
    try:
        ip_address(address)
    except ValueError:
        return host
    return f"{begins}{there}[{address}]{slash}{path}" if ":" in address else host


def _entry(conn_id: str, name: str | None, text: str | None) -> Cloud:
    """Return a cloud from the clouds.yaml in the connection, or from the worker's file, with its own users."""
    if text is None:  # with vendor profile and secure.yaml, but without OS_* variables of the worker
        return CloudsFile.read().cloud(str(name))
    where = f"connection {conn_id!r}: its clouds.yaml"
    file = CloudsFile.of_text(text, where)
    if name is None and len(file.names) != 1:
        raise RallycrossError(
            f"{where} has several clouds - name one in the extra's `cloud`; it has: {', '.join(file.names)}"
        )
    return file.cloud(name or file.names[0])
