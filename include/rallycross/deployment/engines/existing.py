"""A cloud that stands already. Rallycross signs in to it, and never changes or ends it."""

import time
from typing import Any, ClassVar

import yaml

from rallycross.cloud.access import Access, SignIn
from rallycross.cloud.cloud import Cloud, user_entries
from rallycross.deployment import named_hosts
from rallycross.deployment.engine import ENGINES, CloudSpec, Deployed, Option, Service
from rallycross.deployment.host import Host
from rallycross.deployment.step import StepEvent, Tell
from rallycross.errors import RallycrossError

_PATIENCE = 30  # seconds for one answer of the identity service; registered clouds keep their own


def _whole_path(path: str) -> str | None:
    return None if path.startswith(("/", "~/")) else "must begin with / or ~/"


def _with_url(auth: dict[str, Any]) -> str | None:
    return None if auth.get("auth_url") else "must have an `auth_url`"


class Existing:
    """The engine of clouds that others have deployed."""

    options: ClassVar = {
        "clouds_yaml": Option(str, "~/.config/openstack/clouds.yaml", "path of a clouds.yaml", _whole_path),
        "cloud": Option(str, None, "the cloud's entry in the clouds.yaml (default: this spec's `name`)"),
        "auth": Option(dict, None, "an entry's `auth`, in the place of a file", _with_url, ("clouds_yaml", "cloud")),
        "auth_type": Option(str, None, "the way to sign in, such as v3applicationcredential"),
        "region_name": Option(str, None, "the region, where there are several"),
        "interface": Option(str, None, "the endpoints to use: public, internal or admin"),
        "verify": Option(bool, None, "whether to check the cloud's certificates"),
        "cacert": Option(str, None, "path of the certificates to check them by", _whole_path),
        "hosts": Option(
            dict, None, "its machines that hooks may break, by name, each with `host`", named_hosts.complain
        ),
    }

    def deploy(self, spec: CloudSpec, host: Host, *, root: str, tell: Tell) -> Deployed:  # noqa: ARG002 - Engine's
        """Sign in, which is all that there is to do."""
        began, epoch = time.monotonic(), time.time() - time.monotonic()

        def say(status: Any, error: str = "") -> None:
            now = time.monotonic()
            tell(StepEvent("sign-in", "Sign in", status, epoch + now, now - began, error, total=1))

        say("running")
        try:
            entry, users = _entries(spec, host)
            access = _sign_in(spec.name, entry)
        except Exception as error:
            say("failed", str(error))
            raise
        say("done")
        environment = {"auth_url": entry.get("auth", {}).get("auth_url"), "services": sorted(access.endpoints)}
        entries = {spec.name: entry, **users}
        return Deployed(spec.name, yaml.safe_dump({"clouds": entries}, sort_keys=False), environment)

    def destroy(self, spec: CloudSpec, host: Host, *, root: str, tell: Tell) -> None:
        """Leave the cloud as it is: it is not ours."""

    def stop(self, spec: CloudSpec, host: Host, *, root: str) -> None:
        """Leave the cloud as it is: it is not ours."""

    def status(self, spec: CloudSpec, host: Host, *, root: str) -> list[Service]:  # noqa: ARG002 - Engine's
        """Return the services of its catalog: "RUNNING" where one can sign in, which is all that is known of them."""
        try:
            access = _sign_in(spec.name, _entries(spec, host)[0])
        except RallycrossError as error:
            return [Service("identity", "FAILED", str(error))]
        return [Service(kind, "RUNNING", url) for kind, url in sorted(access.endpoints.items())]

    def logs(self, spec: CloudSpec, host: Host, *, root: str, service: str | None, lines: int) -> str:  # noqa: ARG002
        """Raise: there are none here."""
        raise RallycrossError(f"cloud {spec.name}: its logs are on its own machines - ask who runs it")


def _entries(spec: CloudSpec, host: Host) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Return the cloud's entry of a clouds.yaml, and those of its own users by their names here.

    What the spec says is laid over all of them.
    """
    given = {
        key: value
        for key, value in spec.options.items()
        if key not in {"clouds_yaml", "cloud", "hosts"} and value is not None
    }
    if "auth" in given:
        return given, {}
    path, name = spec.options["clouds_yaml"], spec.options["cloud"] or spec.name
    if path.startswith("~/"):
        path = host.run('printf %s "$HOME"').out + path.removeprefix("~")
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
    users = user_entries(name, entries).values()
    return entry | given, {f"{spec.name}-user-{number}": one | given for number, one in enumerate(users)}


def _sign_in(name: str, entry: dict[str, Any]) -> Access:
    try:
        return SignIn(Cloud(name, {"api_timeout": _PATIENCE, **entry}))()
    except OSError as error:  # such as a `cacert` that is not there
        raise RallycrossError(f"cloud {name}: {error} - mend its entry") from error


ENGINES.add("existing", Existing())
