"""Checks an entry of a clouds.yaml and hands it to openstacksdk.

The rules are those of openstackclient: an auth type gets only the keys of `auth` that it takes; null or empty values
are not set; users and projects without a domain are in the default domain.
"""

import logging
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from keystoneauth1 import loading
from keystoneauth1.session import Session
from openstack.config import OpenStackConfig
from openstack.config.cloud_region import CloudRegion

from rallycross.cloud.errors import SignInFailed, without_secrets
from rallycross.errors import did_you_mean
from rallycross.secret import is_secret_name

INTERFACES = ("public", "internal", "admin")
# Arguments of openstacksdk's own functions, and keys that were resolved when the entry was read.
_NO_SETTINGS = frozenset({"argparse", "cloud", "profile", "regions", "validate"})
_OLD_NAMES = {"auth_token": "token", "tenant_id": "project_id", "tenant_name": "project_name"}
_MORE_KEYS = frozenset({"default_domain", "default_domain_id", "default_domain_name", *_OLD_NAMES})
_BY_USER = frozenset({"password", "v3password", "v3totp"})  # auth types with a user in a domain
_SECRET_OF = {  # required keys that keystoneauth does not check
    "password": ("password",),
    "v3password": ("password",),
    "v3totp": ("passcode",),
    "token": ("token",),
    "v3token": ("token",),
    "v3applicationcredential": ("application_credential_secret",),
}
_BOUND = frozenset(
    {"project_id", "project_name", "project_domain_id", "project_domain_name", "domain_id", "domain_name", "trust_id"}
    | {"system_scope"}
)
_OF_USER = frozenset({"username", "user_id", "user_domain_id", "user_domain_name"})
_VERSION = re.compile(r"v?\d+(\.\d+)?|latest|auto", re.IGNORECASE)
_MICROVERSION = re.compile(r"\d+\.\d+|latest")
_MOST = 1_000_000  # seconds, or retries
_NOT_INSTALLED = {  # auth type -> the extra of keystoneauth1 that provides it
    **dict.fromkeys(("v3adfspassword", "v3samlpassword"), "saml2"),
    **dict.fromkeys(("v3fedkerb", "v3kerberos"), "kerberos"),
    "v3oauth1": "oauth1",
}
_WHO = {  # one of these keys is also required
    **dict.fromkeys(_BY_USER, ("username", "user_id")),
    "v3applicationcredential": ("application_credential_id", "application_credential_name"),
}
_BY_NAME = ("application_credential_id", "username", "user_id")  # the name of a credential is unique only for one user


def region_of(name: str, config: Mapping[str, Any], session: type[Session] = Session) -> CloudRegion:
    """Return openstacksdk's object for an entry, ready to sign in; raise `SignInFailed` with the error in the entry.

    Nothing is sent. The environment and the files of openstacksdk are ignored.
    """
    given = _set(config)
    wrong = next(_wrong(given), "")
    if wrong:
        raise SignInFailed(f"cloud {name}: {wrong}")
    sdk = OpenStackConfig(
        load_yaml_config=False, load_envvars=False, app_name="rallycross", session_constructor=session
    )
    try:
        plain = sdk.get_one(validate=False, **given).config
        kind, auth = _auth(name, plain, given)
        kept = {key: value for key, value in given.items() if key not in auth_keys() | {"auth", "auth_plugin"}}
        return sdk.get_one(**{**kept, "auth_type": kind, "auth": auth})
    except SignInFailed:
        raise
    except Exception as error:
        raise SignInFailed(f"cloud {name}: its entry cannot be used ({_said(error)}) - correct its `auth`") from error


def auth_type_of(auth: Mapping[str, Any]) -> str:
    """Return the auth type of an `auth` that does not name one."""
    if any(str(key).startswith("application_credential") for key in auth):
        return "v3applicationcredential"
    by_user = auth.keys() & {"username", "user_id", "password"}
    return "token" if "token" in auth and not by_user else "password"


def acting_as(config: Mapping[str, Any], auth: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entry for another user of the same cloud, who signs in by password."""
    kept = {key: value for key, value in config.items() if key.replace("-", "_") not in auth_keys() | {"auth_methods"}}
    return {**kept, "auth_type": "password", "auth": dict(auth)}


@cache
def auth_keys() -> frozenset[str]:
    """Return the keys of all auth types."""
    found = set(_MORE_KEYS)
    loaders: dict[str, Any] = loading.get_available_plugin_loaders()
    for loader in loaders.values():
        found.update(name for option in loader.get_options() for name in _names(option))
    return frozenset(found)


# It logs missing optional parts of keystoneauth as errors, each time.
logging.getLogger("stevedore.extension").setLevel(logging.CRITICAL)


@cache
def _kinds() -> frozenset[str]:
    return frozenset(loading.get_available_plugin_names())


def _set(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of an entry under openstacksdk's names."""
    given = {str(key).replace("-", "_"): value for key, value in config.items() if value not in (None, "")}
    given = {key.removeprefix("os_"): value for key, value in given.items() if key not in _NO_SETTINGS}
    if isinstance(given.get("auth"), Mapping):
        auth = given["auth"].items()
        given["auth"] = {str(key).replace("-", "_"): value for key, value in auth if value not in (None, "")}
    for key in ("verify", "insecure"):
        if str(given.get(key)).lower() in {"true", "false"}:
            given[key] = str(given[key]).lower() == "true"
    return given


def _wrong(given: Mapping[str, Any]) -> Iterator[str]:
    """Yield the errors in the settings of an entry."""
    auth = given.get("auth", {})
    if not isinstance(auth, dict):
        yield "its `auth` is not a mapping - write auth_url, username and so on below it"
        return
    for key, value in {**{key: given[key] for key in given.keys() & auth_keys()}, **auth}.items():
        if key not in auth_keys():
            close = did_you_mean(key.lower().removeprefix("os_"), auth_keys())
            yield f"its `auth` has the unknown key {key!r} - {close or 'take it out'}"
        if isinstance(value, dict | list) and key != "auth_methods":
            yield f"its {key} is not a text - write it in quotes"
        if is_secret_name(key) and (isinstance(value, bool) or not isinstance(value, str | int)):
            yield f"its {key} is not a text in YAML - put it in quotes"
    yield from _wrong_with_tls(given)
    yield from _wrong_with_numbers(given)
    yield from _wrong_with_services(given)


def _wrong_with_tls(given: Mapping[str, Any]) -> Iterator[str]:
    for key in ("verify", "insecure"):
        if not isinstance(given.get(key, True), bool):
            yield f"its {key} must be true or false"
    for key in ("cacert", "cert", "key"):
        if key in given and not (isinstance(given[key], str) and Path(given[key]).expanduser().is_file()):
            yield f"its {key}: there is no file {given[key]} - correct the path"
    if "key" in given and "cert" not in given:
        yield "it has a key and no cert - add `cert:` with the path of the certificate"


def _wrong_with_numbers(given: Mapping[str, Any]) -> Iterator[str]:
    for key, value in given.items():
        if key == "api_timeout" or key.endswith(("_retries", "_retry_delay")):
            try:
                fits = 0 <= float(value) <= _MOST
            except (TypeError, ValueError):
                fits = False
            if not fits:
                yield f"its {key} must be a number, from 0 to {_MOST}"
        elif key.endswith("default_microversion") and not _MICROVERSION.fullmatch(str(value)):
            yield f"its {key} is {value!r} - it must be a microversion, such as '2.60' in quotes, or latest"
        elif key.endswith(("api_version", "min_version", "max_version")) and not _VERSION.fullmatch(str(value)):
            yield f"its {key} is {value!r} - it must be a version, such as 3 or 2.60"


def _wrong_with_services(given: Mapping[str, Any]) -> Iterator[str]:
    for key, value in given.items():
        if key.endswith(("interface", "endpoint_type")) and key != "default_interface":
            for one in value if isinstance(value, list) else [value]:
                if str(one).removesuffix("URL") not in INTERFACES:
                    yield f"its {key} is {one!r} - it must be {', '.join(INTERFACES[:-1])} or {INTERFACES[-1]}"
        if key.endswith("endpoint_override") and not re.match(r"https?://[^/]", str(value)):
            yield f"its {key} must begin with http:// or https://"
        if key.endswith("region_name") and not isinstance(value, str | int):
            yield f"its {key} must be the name of one region"


def _auth(name: str, plain: Mapping[str, Any], given: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the auth type and its arguments."""
    there: dict[str, Any] = {
        **{key: plain[key] for key in plain.keys() & auth_keys()},
        **{key: value for key, value in plain["auth"].items() if value not in (None, "")},
    }
    kind = _kind(name, there, given)
    loader: Any = loading.get_plugin_loader(kind)
    if kind == "v3multifactor":  # takes the arguments of its methods
        methods = plain.get("auth_methods") or there.get("auth_methods") or []
        there["auth_methods"] = methods.split(",") if isinstance(methods, str) else methods
        loader._methods = there["auth_methods"]  # noqa: SLF001 - as openstacksdk does
    auth: dict[str, Any] = {}
    for option in loader.get_options():
        value = next((there[key] for key in _names(option) if there.get(key) not in (None, "")), None)
        if value is not None:
            auth[option.dest] = value if isinstance(value, list) else str(value)
    if kind == "v3applicationcredential":  # implies its project: keystone refuses a request that names it as well
        bound = _BOUND | (_OF_USER if "application_credential_id" in auth else frozenset())
        auth = {key: value for key, value in auth.items() if key not in bound}
    if not kind.startswith(("none", "http", "admin")):
        domain = str(plain.get("default_domain") or there.get("default_domain") or "default")
        for whose, what in (("user", "username"), ("project", "project_name")):
            takes_it = f"{whose}_domain_id" in {option.dest for option in loader.get_options()}
            if what in auth and takes_it and not auth.keys() & {f"{whose}_domain_id", f"{whose}_domain_name"}:
                auth[f"{whose}_domain_id"] = domain
    _complete(name, kind, auth)
    return kind, auth


def _kind(name: str, there: Mapping[str, Any], given: Mapping[str, Any]) -> str:
    """Return the auth type; raise `SignInFailed` if it is unknown."""
    explicit = given.get("auth_type") or given.get("auth_plugin")
    kind = str(explicit or auth_type_of(there))
    kind = {"token_endpoint": "admin_token", "None": "none"}.get(kind, kind)
    if kind.startswith("v2"):
        raise SignInFailed(f"cloud {name}: its auth_type {kind} is for keystone's version 2 - write {kind[2:]}")
    if kind not in _kinds() and kind in _NOT_INSTALLED:
        part = f"keystoneauth1[{_NOT_INSTALLED[kind]}]"
        raise SignInFailed(f"cloud {name}: its auth_type {kind} needs {part} - install it in Rallycross's environment")
    if kind not in _kinds():
        remedy = did_you_mean(kind, (one for one in _kinds() if not one.startswith("v2"))) or "correct it"
        raise SignInFailed(f"cloud {name}: its auth_type {kind!r} is unknown - {remedy}")
    return kind


def _complete(name: str, kind: str, auth: Mapping[str, Any]) -> None:
    """Raise `SignInFailed` if a key is missing or the address is invalid."""
    lacking = [" or ".join(keys) for keys in missing(kind, auth)]
    if kind not in {"none", "http_basic", "admin_token"} and "auth_url" not in auth:
        lacking.append("auth_url")
    if lacking:
        where = "write it below `auth`, or into the secure.yaml beside the clouds.yaml"
        raise SignInFailed(f"cloud {name}: its entry has no {', no '.join(lacking)} (auth_type {kind}) - {where}")
    if wrong := wrong_url(str(auth.get("auth_url", "http://-"))):
        raise SignInFailed(f"cloud {name}: its auth_url {wrong}")


def missing(kind: str, auth: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Return the missing keys of `auth` for an auth type; of each tuple, one key is enough."""
    lacking: list[tuple[str, ...]] = [(key,) for key in _SECRET_OF.get(kind, ()) if key not in auth]
    who = _BY_NAME if kind == "v3applicationcredential" and "application_credential_name" in auth else _WHO.get(kind)
    return [*lacking, who] if who and not auth.keys() & set(who) else lacking


def wrong_url(url: str) -> str:
    """Return what is wrong with the address of an identity service, with a remedy; "" if it is valid."""
    if any(one.isspace() or not one.isprintable() for one in url):
        return "has a blank or an invisible character in it - remove it"
    if "[" not in url and url.partition("://")[2].partition("/")[0].rpartition("@")[2].count(":") > 1:
        return "has an IPv6 address without brackets - write http://[2001:db8::1]:5000/v3"
    try:
        parts = urlsplit(url)
        there = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError as error:
        return f"is not a URL ({error}) - write it completely, such as http://192.0.2.1:5000/v3"
    if parts.scheme not in {"http", "https"} or not there:
        return f"{without_secrets(url)!r} is not complete - write it with http:// or https://, host and port: http://192.0.2.1:5000/v3"
    if parts.query or parts.fragment:
        return f"has more than a path - remove everything from the {'?' if parts.query else '#'} on"
    return ""


def _names(option: Any) -> list[str]:
    names = [option.dest, option.name, *(old.name for old in option.deprecated)]
    return [name.replace("-", "_") for name in names]


def _said(error: Exception) -> str:
    return str(error).strip() or type(error).__name__
