"""The answer file and the scripts of the engine `packstack`."""

import re
from collections.abc import Mapping
from shlex import quote
from typing import Any

from rallycross.cloud.variables import entry_from_variables, openrc_variables
from rallycross.deployment.deployers.deployer import AdminCredentials, DeployerInputs
from rallycross.deployment.deployers.scripts import as_root_only
from rallycross.deployment.limits import spec_limit, step_limit
from rallycross.deployment.step import Step
from rallycross.errors import RallycrossError

PASSWORDS = ("CONFIG_KEYSTONE_ADMIN_PW", "CONFIG_DEFAULT_PASSWORD")
UNITS = (
    "httpd.service",  # keystone and others
    "openstack-*.service",
    "neutron-*.service",
    "mariadb.service",
    "rabbitmq-server.service",
)
_OPENRC = "/root/keystonerc_admin"
_KEY = re.compile(r"CONFIG_[A-Z0-9_]+")


def complain_of_answers(given: Mapping[Any, Any]) -> str | None:
    """Return what is wrong with the option `answers`, or None."""
    for key, value in given.items():
        if not isinstance(key, str) or not _KEY.fullmatch(key):
            return f"must have keys such as CONFIG_HEAT_INSTALL, not {key!r}"
        if not isinstance(value, str | int | float) or "\n" in str(value):
            return f"must have one line of text, a number, or true or false at {key}"
    return None


def complain(inputs: DeployerInputs) -> str | None:
    """Return what is wrong with the spec for these servers, or None."""
    return as_root_only(inputs.nodes, "Packstack")


def commands(inputs: DeployerInputs) -> list[Step]:
    """Return the steps: install Packstack, write its answers, run it."""
    root, options = inputs.root, inputs.options
    return [
        Step("packstack", _installed(options["release"]), title="Packstack", leaves="RDO's repositories"),
        Step(
            "answers",
            _answers(root, inputs),
            title="Answers",
            files={f"{root}/given": "".join(f"{key}={_said(value)}\n" for key, value in _given(inputs).items())},
        ),
        Step(
            "deploy",
            # Packstack also writes its own log, below /var/tmp/packstack.
            f"export LC_ALL=C.UTF-8\npackstack --answer-file={quote(f'{root}/answers')} -t {step_limit():.0f}\n"
            f"[ -s {_OPENRC} ] || {{ echo 'packstack has succeeded, but left no {_OPENRC}' >&2; exit 1; }}\n",
            limit=spec_limit(options),
            title="Puppet on each host",
            leaves=f"packages, services, databases, {_OPENRC}: all that Packstack creates",
            undo=f"rm -f {_OPENRC}",
        ),
    ]


def credentials(inputs: DeployerInputs) -> AdminCredentials:
    """Return the administrator in the openrc."""
    host = inputs.deployer.host
    try:
        text = host.read(_OPENRC)
    except OSError as error:
        raise RallycrossError(f"{host.name}:{_OPENRC} cannot be read - look at the log of the step deploy") from error
    entry = entry_from_variables(openrc_variables(text))
    authority = entry.pop("cacert", None)
    return AdminCredentials(entry, host.read(authority) if authority else "")


def _installed(release: str) -> str:
    return f"""
command -v dnf >/dev/null || {{ echo 'there is no dnf - use CentOS Stream, which Packstack needs' >&2; exit 1; }}
dnf -y -q install dnf-plugins-core
dnf config-manager --set-enabled crb
dnf -y -q install centos-release-openstack-{quote(release)}
dnf -y -q install openstack-packstack
packstack --version
"""


def _answers(root: str, inputs: DeployerInputs) -> str:
    """Return the script that generates the answers once, as they have random passwords, and adds those of the spec."""
    hosts = ",".join(node.address for node in (inputs.deployer, *inputs.others))
    return f"""
umask 077
export LC_ALL=C.UTF-8
cd {quote(root)}
if [ ! -s generated ]; then
    packstack --gen-answer-file="$PWD/new" --install-hosts={quote(hosts)}
    mv new generated
fi
cp generated part
while IFS= read -r line; do
    grep -v "^${{line%%=*}}=" part > rest || :
    printf '%s\\n' "$line" >> rest
    mv rest part
done < given
mv part answers
"""


def _given(inputs: DeployerInputs) -> dict[str, Any]:
    """Return our answers: the deployer's server is the controller; any others are compute hosts."""
    controller = inputs.deployer.address
    computes = ",".join(node.address for node in inputs.others) or controller
    hosts = {
        "CONFIG_CONTROLLER_HOST": controller,
        "CONFIG_COMPUTE_HOSTS": computes,
        "CONFIG_NETWORK_HOSTS": controller,
        "CONFIG_PROVISION_DEMO": False,  # it would download an image
    }
    answers: dict[str, Any] = inputs.options["answers"]
    return hosts | dict(inputs.passwords) | answers


def _said(value: Any) -> str:
    return ("n", "y")[value] if isinstance(value, bool) else str(value)
