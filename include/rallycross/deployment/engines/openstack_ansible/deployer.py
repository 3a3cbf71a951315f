"""The configuration and the scripts of the engine `openstack-ansible`."""

from collections.abc import Mapping
from shlex import quote
from typing import Any

import yaml

from rallycross.deployment.deployers.deployer import AdminCredentials, DeployerInputs
from rallycross.deployment.deployers.scripts import as_root_only
from rallycross.deployment.limits import spec_limit
from rallycross.deployment.step import Step
from rallycross.deployment.whole_host import AS_ROOT, checkout, have
from rallycross.errors import RallycrossError
from rallycross.file_kind import NOT_YAML

ADMIN = "keystone_auth_admin_password"  # the key in user_secrets.yml
TRACE = "/etc/openstack_deploy"
UNITS = (
    "lxc.service",  # starts and stops the containers, if services run in them
    "keystone-*.service",
    "glance-*.service",
    "placement-*.service",
    "nova-*.service",
    "neutron-*.service",
    "cinder-*.service",
    "haproxy.service",
)
_TREE = "/opt/openstack-ansible"
_BOOTSTRAP = "scripts/bootstrap-ansible.sh"
_CLOUDS_YAML = "/root/.config/openstack/clouds.yaml"
_ENTRY = "default"
_PLAYBOOKS = {"setup_hosts": "Hosts", "setup_infrastructure": "Infrastructure", "setup_openstack": "OpenStack"}
# The last of the files user_*.yml has precedence.
_VARIABLES = f"{TRACE}/user_zz_rallycross.yml"


def complain(inputs: DeployerInputs) -> str | None:
    """Return what is wrong with the spec for these servers, or None."""
    if what := as_root_only(inputs.nodes, "OpenStack-Ansible"):
        return what
    if inputs.others and not inputs.options["user_config"]:
        return "several servers need `user_config`: OpenStack-Ansible's openstack_user_config.yml, which names them"
    return None


def commands(inputs: DeployerInputs) -> list[Step]:
    """Return the steps: install OpenStack-Ansible, write its configuration, run its playbooks."""
    options = inputs.options
    variables = {ADMIN: inputs.passwords[ADMIN]} | options["variables"]
    steps = [
        Step("git", f"{AS_ROOT}{have('git')}", title="git", leaves="git, if it was missing"),
        Step(
            "clone",
            f"tree={_TREE}\n{checkout(options['repository'], options['release'], program=_BOOTSTRAP)}",
            title=f"OpenStack-Ansible, {options['release']}",
            leaves=_TREE,
        ),
        Step(
            "bootstrap-ansible",
            f"cd {_TREE}\n{_BOOTSTRAP}",
            title="Ansible and its roles",
            leaves="/opt/ansible-runtime, /etc/ansible, commands in /usr/local/bin",
        ),
        _configured(options, {_VARIABLES: _yaml(variables)}),
    ]
    for name, title in _PLAYBOOKS.items():
        first = name == "setup_hosts"
        steps.append(
            Step(
                name.replace("_", "-"),
                _playbook(name),
                limit=spec_limit(options),
                title=title,
                leaves="packages, containers, networks, services, /openstack" if first else "",
                undo=_DESTROY if first else "",
            )
        )
    return steps


def credentials(inputs: DeployerInputs) -> AdminCredentials:
    """Return the administrator from the clouds.yaml, which is on a host or in its utility container."""
    for node in (inputs.deployer, *inputs.others):
        said = node.host.run(_CLOUDS, check=False).out
        try:
            entry = dict(yaml.safe_load(said)["clouds"][_ENTRY])
        except NOT_YAML:
            continue
        entry.pop("cacert", None)
        if url := inputs.options["auth_url"]:
            entry["auth"]["auth_url"] = url
            entry["interface"] = "public"
        return AdminCredentials(entry, inputs.deployer.host.run(f"cat {TRACE}/pki/roots/*/certs/*.crt || :").out)
    raise RallycrossError(
        f"no server or utility container has a {_CLOUDS_YAML} with {_ENTRY} - look at the log of setup-openstack"
    )


_CLOUDS = f"""
cat {_CLOUDS_YAML} 2>/dev/null ||
    lxc-attach -n "$(lxc-ls -1 | grep utility | head -n 1)" -- cat {_CLOUDS_YAML} 2>/dev/null
"""
# It deletes only containers. Services on the hosts themselves are stopped by the undo of the step `claim`.
_DESTROY = f"""
command -v openstack-ansible >/dev/null && [ -e {TRACE}/openstack_user_config.yml ] || exit 0
cd {_TREE}
openstack-ansible openstack.osa.containers_lxc_destroy \\
    -e force_containers_destroy=true -e force_containers_data_destroy=true
"""


def _configured(options: Mapping[str, Any], files: dict[str, str]) -> Step:
    """Return the step that writes the description of the hosts: the spec's, or that of an all-in-one host."""
    scenario = options["scenario"]
    if not options["user_config"]:
        return Step(
            "bootstrap-aio",
            f"cd {_TREE}\nexport SCENARIO={quote(scenario)} BOOTSTRAP_OPTS={quote(options['bootstrap_options'])}\n"
            "scripts/bootstrap-aio.sh",
            title=f"All-in-one host, {scenario}",
            files=files,
            leaves="networks, loop devices, swap",
        )
    return Step(
        "configuration",
        f"cd {_TREE}\ntar -C etc/openstack_deploy -c . | tar -C {TRACE} -x --skip-old-files\n"
        f"scripts/pw-token-gen.py --file {TRACE}/user_secrets.yml\n",
        title="Configuration and passwords",
        files=files | {f"{TRACE}/openstack_user_config.yml": _yaml(options["user_config"])},
    )


def _playbook(name: str) -> str:
    return f"cd {_TREE}\nopenstack-ansible openstack.osa.{name}\n"


def _yaml(data: Any) -> str:
    return yaml.safe_dump(data, sort_keys=False)
