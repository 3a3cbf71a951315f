"""The engine `existing`: an existing cloud. Rallycross signs in to it, and never changes or deletes it."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import yaml

from rallycross.cloud.access import Access
from rallycross.cloud.catalog import interfaces
from rallycross.cloud.cloud import Cloud
from rallycross.cloud.clouds_file import CloudsFile
from rallycross.cloud.entry import INTERFACES, acting_as, wrong_url
from rallycross.cloud.errors import without_secrets
from rallycross.cloud.reach import silent_services
from rallycross.cloud.variables import entry_from_variables, openrc_variables, service_keys
from rallycross.deployment import fault_hosts
from rallycross.deployment.engine import ENGINES, CloudSpec, Deployed, Option, Service
from rallycross.deployment.host import Host
from rallycross.deployment.node import Node
from rallycross.deployment.service_check import check_services, sign_in
from rallycross.deployment.site import Site
from rallycross.deployment.step import Plan, Status, StepEvent
from rallycross.errors import InvalidInput, RallycrossError
from rallycross.userfile import read_bytes

_NO_KEYS = ("clouds_yaml", "cloud", "openrc", "users", "hosts")  # options that are not keys of an entry


def _whole_path(path: str) -> str | None:
    return None if path.startswith(("/", "~/")) else "must begin with / or ~/"


def _with_url(auth: dict[str, Any]) -> str | None:
    if not auth.get("auth_url"):
        return "must have an `auth_url`"
    if not isinstance(auth["auth_url"], str):
        return None
    if wrong := wrong_url(auth["auth_url"]):
        return f"its auth_url {wrong}"
    if auth.keys() <= {"auth_url", "user_domain_name", "project_domain_name"}:
        return "must say who signs in: username and password, or what its auth_type needs"
    return None


def _mappings(users: list[Any]) -> str | None:
    return None if all(isinstance(one, dict) for one in users) else "must have mappings only"


class Existing:
    """The engine of clouds that others have deployed."""

    takes_servers = False
    commanding: ClassVar = ("hosts",)  # hooks run commands on these
    options: ClassVar = {
        "clouds_yaml": Option(
            str, None, "path of a clouds.yaml (default: the one that openstackclient would read)", _whole_path
        ),
        "cloud": Option(str, None, "the cloud's entry in the clouds.yaml (default: this spec's `name`)"),
        "openrc": Option(str, None, "path of an openrc, instead of a clouds.yaml", _whole_path, ("clouds_yaml",)),
        "auth": Option(
            dict, None, "an entry's `auth`, instead of a file", _with_url, ("clouds_yaml", "cloud", "openrc")
        ),
        "auth_type": Option(str, None, "the authentication type, such as v3applicationcredential"),
        "region_name": Option(str, None, "the region, if there are several"),
        "interface": Option(str, None, "the endpoints to use: public, internal or admin"),
        "verify": Option(bool, None, "whether to verify the cloud's certificates"),
        "cacert": Option(str, None, "path of the CA certificates to trust", _whole_path),
        "cert": Option(str, None, "path of a client certificate", _whole_path),
        "key": Option(str, None, "path of that certificate's key", _whole_path),
        "auth_methods": Option(list, None, "the methods of v3multifactor, in this order", keys=None),
        "api_timeout": Option(float, None, "seconds to wait for the cloud's answer to a request"),
        "identity_api_version": Option(str, None, "keystone's API version; only 3 is supported"),
        "default_domain": Option(str, None, "id of the domain of users and projects without one (default)"),
        **{key: Option(str, None, "openstacksdk's option of one service") for key in service_keys()},
        "users": Option(list, None, "`auth`s of unprivileged users: entries NAME-user-0, ...", _mappings, keys=None),
        "hosts": Option(
            dict, None, "its machines that hooks may fault, by name, each with `host`", fault_hosts.complain, keys=None
        ),
    }

    def reads(self, options: Mapping[str, Any]) -> Mapping[str, str]:
        """Return the files of the credentials, unless they are in the options, and of the certificates."""
        files = {key: options[key] for key in ("cacert", "cert", "key")}
        if options["openrc"]:
            files["openrc"] = options["openrc"]
        elif not options["auth"]:
            files["clouds_yaml"] = options["clouds_yaml"] or str(
                CloudsFile.usual() or "~/.config/openstack/clouds.yaml"
            )
        return {key: path for key, path in files.items() if path}

    def plan(self, spec: CloudSpec, nodes: Sequence[Node], site: Site) -> Plan:
        """Return no steps: `cloud` signs in."""
        del spec, nodes, site
        return Plan(())

    def cloud(self, spec: CloudSpec, nodes: Sequence[Node], site: Site) -> Deployed:
        """Sign in as each user, check that the endpoints can be reached, and return the cloud."""
        began, epoch = time.monotonic(), time.time() - time.monotonic()

        def say(status: Status, error: str = "") -> None:
            now = time.monotonic()
            site.tell(StepEvent("sign-in", "Sign in", status, epoch + now, now - began, error, total=1))

        say("running")
        try:
            entry, users = _entries(spec, nodes[0].host)
            access = sign_in(spec.name, entry)
            _check_reach(Cloud(spec.name, entry), access)
            entries = {spec.name: entry} | {f"{spec.name}-user-{number}": one for number, one in enumerate(users)}
            for name in list(entries)[1:]:
                sign_in(name, entries[name])
        except Exception as error:
            say("failed", str(error))
            raise
        say("done")
        url = entry.get("auth", {}).get("auth_url") or entry.get("auth_url")
        environment = {"auth_url": without_secrets(str(url)), "services": sorted(access.endpoints)}
        regions = (entry["region_name"],) if entry.get("region_name") else ()
        return Deployed(spec.name, yaml.safe_dump({"clouds": entries}, sort_keys=False), environment, regions=regions)

    def stop(self, spec: CloudSpec, nodes: Sequence[Node]) -> None:
        """Do nothing: the cloud is not ours."""

    def status(self, spec: CloudSpec, nodes: Sequence[Node]) -> list[Service]:
        """Return each service of the catalog: "RUNNING" if it answers, else "FAILED" with the reason."""
        try:
            entry = _entries(spec, nodes[0].host)[0]
        except RallycrossError as error:
            return [Service("identity", "FAILED", str(error))]
        return check_services(spec.name, entry)

    def logs(self, spec: CloudSpec, nodes: Sequence[Node], *, service: str | None, lines: int) -> str:  # noqa: ARG002
        """Raise `RallycrossError`: the logs are not on this machine."""
        raise RallycrossError(f"cloud {spec.name}: its logs are on its own machines - ask its operator")


def _entries(spec: CloudSpec, host: Host) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the cloud's clouds.yaml entry and those of its users, with the spec's options overriding both.

    The users are those of the spec, or else those beside the entry in the file, see `user_entries`.
    """
    entry, users = _found(spec, host)
    return entry, [acting_as(entry, auth) for auth in spec.options["users"]] if spec.options["users"] else users


def _found(spec: CloudSpec, host: Host) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    given = {key: value for key, value in spec.options.items() if key not in _NO_KEYS and value is not None}
    if "auth" in given:
        return given, []
    if spec.options["openrc"]:
        return _openrc(spec, host) | given, []
    path = spec.options["clouds_yaml"]
    try:
        file = CloudsFile.read(Path(_whole(path, host)) if path else None)
        cloud = file.cloud(spec.options["cloud"] or spec.name, spec.options["region_name"])
    except RallycrossError as error:
        raise RallycrossError(f"{spec.file}: {'clouds_yaml' if path else 'cloud'}: {error}") from error
    return cloud.config | given, [user.config | given for user in cloud.users]


def _openrc(spec: CloudSpec, host: Host) -> dict[str, Any]:
    path = _whole(spec.options["openrc"], host)
    where = f"{spec.file}: openrc: {host.name}:{path}"
    try:
        # Line ends are not converted: for bash a carriage return is part of the value.
        return entry_from_variables(openrc_variables(read_bytes(path, remedy="name an openrc").decode()))
    except InvalidInput as error:
        raise RallycrossError(f"{spec.file}: openrc: {error}") from error
    except UnicodeDecodeError as error:
        raise RallycrossError(f"{where}: not UTF-8 text - save it as UTF-8") from error
    except RallycrossError as error:
        raise RallycrossError(f"{where}: {error}") from error


def _whole(path: str, host: Host) -> str:
    return host.run('printf %s "$HOME"').out + path.removeprefix("~") if path.startswith("~/") else path


def _check_reach(cloud: Cloud, access: Access) -> None:
    """Raise `RallycrossError` if no service but keystone answers: the endpoints are not meant for us."""
    dead = silent_services(cloud, access)
    if dead.keys() >= access.endpoints.keys() - {"identity"} and dead:
        kind, why = next(iter(dead.items()))
        given = " or ".join(interfaces(cloud.region(), kind))
        raise RallycrossError(
            f"cloud {cloud.name}: none of its {given} endpoints can be reached, such as that of {kind}: {why}"
            f" - set `interface` to another of {', '.join(INTERFACES)}, or run this where they can be reached"
        )


ENGINES.add("existing", Existing())
