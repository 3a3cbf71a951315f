"""A cloud that stands already. Rallycross signs in to it, and never changes or ends it."""

import re
import shlex
import time
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import yaml

from rallycross.cloud.access import Access, SignIn
from rallycross.cloud.cloud import Cloud, user_entries
from rallycross.deployment import named_hosts
from rallycross.deployment.engine import ENGINES, CloudSpec, Deployed, Option, Service
from rallycross.deployment.host import Host
from rallycross.deployment.node import Node
from rallycross.deployment.site import Site
from rallycross.deployment.step import Plan, Status, StepEvent
from rallycross.errors import RallycrossError

_PATIENCE = 30  # seconds for one answer of the identity service; registered clouds keep their own
_NO_KEYS = ("clouds_yaml", "cloud", "openrc", "users", "hosts")  # options that are no keys of an entry
_EXPORT = re.compile(r"\s*(?:export\s+)?(OS_[A-Z0-9_]+)=(.*)")
# What the OS_ variables of an openrc are in an entry of a clouds.yaml, where it is not in its `auth`.
_BESIDE_AUTH = {
    "OS_REGION_NAME": "region_name",
    "OS_INTERFACE": "interface",
    "OS_ENDPOINT_TYPE": "interface",
    "OS_CACERT": "cacert",
    "OS_AUTH_TYPE": "auth_type",
    "OS_IDENTITY_API_VERSION": "identity_api_version",
}
_AUTH = (
    "auth_url",
    "username",
    "user_id",
    "password",
    "token",
    "project_name",
    "project_id",
    "domain_name",
    "domain_id",
    "user_domain_name",
    "user_domain_id",
    "project_domain_name",
    "project_domain_id",
    "default_domain",
    "system_scope",
    "application_credential_id",
    "application_credential_name",
    "application_credential_secret",
)


def entry_from_variables(variables: Mapping[str, str]) -> dict[str, Any]:
    """Return the entry of a clouds.yaml that OS_ variables stand for; raise `RallycrossError` without OS_AUTH_URL."""
    given = {name: value for name, value in variables.items() if name.startswith("OS_") and value}
    auth = {key: given[f"OS_{key.upper()}"] for key in _AUTH if f"OS_{key.upper()}" in given}
    if "OS_TENANT_NAME" in given:
        auth.setdefault("project_name", given["OS_TENANT_NAME"])
    if "auth_url" not in auth:
        raise RallycrossError("there is no OS_AUTH_URL - source an openrc first")
    entry: dict[str, Any] = {"auth": auth}
    entry |= {key: given[name] for name, key in _BESIDE_AUTH.items() if name in given}
    entry["interface"] = str(entry.get("interface", "public")).removesuffix("URL")
    if given.get("OS_INSECURE", "").lower() in {"1", "true", "yes"}:
        entry["verify"] = False
    if "auth_type" not in entry and any(key.startswith("application_credential") for key in auth):
        entry["auth_type"] = "v3applicationcredential"
    return entry


def _whole_path(path: str) -> str | None:
    return None if path.startswith(("/", "~/")) else "must begin with / or ~/"


def _with_url(auth: dict[str, Any]) -> str | None:
    return None if auth.get("auth_url") else "must have an `auth_url`"


class Existing:
    """The engine of clouds that others have deployed."""

    takes_servers = False
    commanding: ClassVar = ("hosts",)  # on which hooks run commands
    options: ClassVar = {
        "clouds_yaml": Option(str, "~/.config/openstack/clouds.yaml", "path of a clouds.yaml", _whole_path),
        "cloud": Option(str, None, "the cloud's entry in the clouds.yaml (default: this spec's `name`)"),
        "openrc": Option(str, None, "path of an openrc, in the place of a clouds.yaml", _whole_path, ("clouds_yaml",)),
        "auth": Option(
            dict, None, "an entry's `auth`, in the place of a file", _with_url, ("clouds_yaml", "cloud", "openrc")
        ),
        "auth_type": Option(str, None, "the way to sign in, such as v3applicationcredential"),
        "region_name": Option(str, None, "the region, where there are several"),
        "interface": Option(str, None, "the endpoints to use: public, internal or admin"),
        "verify": Option(bool, None, "whether to check the cloud's certificates"),
        "cacert": Option(str, None, "path of the certificates to check them by", _whole_path),
        "users": Option(list, None, "`auth`s of users without privileges: entries NAME-user-0, ...", keys=None),
        "hosts": Option(
            dict, None, "its machines that hooks may break, by name, each with `host`", named_hosts.complain, keys=None
        ),
    }

    def reads(self, options: Mapping[str, Any]) -> Mapping[str, str]:
        """Return the file of its credentials, where they are in none of the options, and that of its certificates."""
        files = {"cacert": options["cacert"]}
        if options["openrc"]:
            files["openrc"] = options["openrc"]
        elif not options["auth"]:
            files["clouds_yaml"] = options["clouds_yaml"]
        return {key: path for key, path in files.items() if path}

    def plan(self, spec: CloudSpec, nodes: Sequence[Node], site: Site) -> Plan:
        """Return no step: signing in is done from here, by `cloud`."""
        del spec, nodes, site
        return Plan(())

    def cloud(self, spec: CloudSpec, nodes: Sequence[Node], site: Site) -> Deployed:
        """Sign in, which is all that there is to do."""
        began, epoch = time.monotonic(), time.time() - time.monotonic()

        def say(status: Status, error: str = "") -> None:
            now = time.monotonic()
            site.tell(StepEvent("sign-in", "Sign in", status, epoch + now, now - began, error, total=1))

        say("running")
        try:
            entry, users = _entries(spec, nodes[0].host)
            access = _sign_in(spec.name, entry)
            entries = {spec.name: entry} | {f"{spec.name}-user-{number}": one for number, one in enumerate(users)}
            for name in list(entries)[1:]:
                _sign_in(name, entries[name])
        except Exception as error:
            say("failed", str(error))
            raise
        say("done")
        environment = {"auth_url": entry.get("auth", {}).get("auth_url"), "services": sorted(access.endpoints)}
        regions = (entry["region_name"],) if entry.get("region_name") else ()
        return Deployed(spec.name, yaml.safe_dump({"clouds": entries}, sort_keys=False), environment, regions=regions)

    def stop(self, spec: CloudSpec, nodes: Sequence[Node]) -> None:
        """Leave the cloud as it is: it is not ours."""

    def status(self, spec: CloudSpec, nodes: Sequence[Node]) -> list[Service]:
        """Return the services of its catalog: "RUNNING" where one can sign in, which is all that is known of them."""
        try:
            access = _sign_in(spec.name, _entries(spec, nodes[0].host)[0])
        except RallycrossError as error:
            return [Service("identity", "FAILED", str(error))]
        return [Service(kind, "RUNNING", url) for kind, url in sorted(access.endpoints.items())]

    def logs(self, spec: CloudSpec, nodes: Sequence[Node], *, service: str | None, lines: int) -> str:  # noqa: ARG002
        """Raise: there are none here."""
        raise RallycrossError(f"cloud {spec.name}: its logs are on its own machines - ask who runs it")


def _entries(spec: CloudSpec, host: Host) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the cloud's entry of a clouds.yaml, and those of its own users, with what the spec says laid over them.

    Its users are those that the spec has, or else those that stand beside it in the file, see `user_entries`.
    """
    entry, users = _found(spec, host)
    return entry, [{**entry, "auth": auth} for auth in spec.options["users"]] if spec.options["users"] else users


def _found(spec: CloudSpec, host: Host) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    given = {key: value for key, value in spec.options.items() if key not in _NO_KEYS and value is not None}
    if "auth" in given:
        return given, []
    if spec.options["openrc"]:
        return _openrc(spec, host) | given, []
    name = spec.options["cloud"] or spec.name
    path = _whole(spec.options["clouds_yaml"], host)
    where = f"{spec.file}: clouds_yaml: {host.name}:{path}"
    try:
        entries = yaml.safe_load(host.read(path))["clouds"]
        entry = entries.get(name)
    except OSError as error:
        raise RallycrossError(f"{where} cannot be read: {error.strerror} - name the file that has the cloud") from error
    except (AttributeError, KeyError, TypeError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise RallycrossError(f"{where} is not a clouds.yaml - name a file that has `clouds:`") from error
    if not isinstance(entry, dict):
        there = ", ".join(map(str, entries)) or "none"
        raise RallycrossError(f"{where} has no cloud {name!r} - set `cloud:`; it has: {there}")
    return entry | given, [one | given for one in user_entries(name, entries).values()]


def _openrc(spec: CloudSpec, host: Host) -> dict[str, Any]:
    path = _whole(spec.options["openrc"], host)
    where = f"{spec.file}: openrc: {host.name}:{path}"
    try:
        text = host.read(path)
    except OSError as error:
        raise RallycrossError(f"{where} cannot be read: {error.strerror} - name an openrc") from error
    variables = openrc_variables(text)
    if not variables.get("OS_PASSWORD", "x").replace("$OS_PASSWORD_INPUT", ""):
        raise RallycrossError(f"{where} asks for the password - write it in, or use an application credential")
    try:
        return entry_from_variables(variables)
    except RallycrossError as error:
        raise RallycrossError(f"{where}: {error}") from error


def openrc_variables(text: str) -> dict[str, str]:
    """Return the OS_ variables that an openrc sets. Nothing of it is run; a value that is computed is left as it is."""
    found = {}
    for line in text.splitlines():
        if match := _EXPORT.fullmatch(line):
            try:
                words = shlex.split(match[2], comments=True)
            except ValueError:
                words = [match[2]]
            found[match[1]] = words[0] if words else ""
    return found


def _whole(path: str, host: Host) -> str:
    return host.run('printf %s "$HOME"').out + path.removeprefix("~") if path.startswith("~/") else path


def _sign_in(name: str, entry: dict[str, Any]) -> Access:
    try:
        return SignIn(Cloud(name, {"api_timeout": _PATIENCE, **entry}))()
    except OSError as error:  # such as a `cacert` that is not there
        raise RallycrossError(f"cloud {name}: {error} - mend its entry") from error


ENGINES.add("existing", Existing())
