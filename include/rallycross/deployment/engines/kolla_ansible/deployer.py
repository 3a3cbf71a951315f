"""The inventory, globals.yml, passwords and scripts of the engine `kolla-ansible`."""

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from shlex import quote
from typing import Any

import yaml

from rallycross.deployment.deployers.deployer import AdminCredentials, DeployerInputs
from rallycross.deployment.limits import spec_limit
from rallycross.deployment.node import Node
from rallycross.deployment.step import Step
from rallycross.deployment.whole_host import AS_ROOT, have
from rallycross.errors import RallycrossError
from rallycross.file_kind import UNREADABLE

ROLES = ("control", "network", "compute", "storage", "monitoring")
ADMIN = "keystone_admin_password"  # the key in Kolla's passwords.yml
UNITS = ("kolla-*-container.service",)
TRACE = "/etc/kolla"
_NEEDED = ("control", "network", "compute")
_ENTRY = "kolla-admin"  # the administrator in the clouds.yaml of post-deploy
_SURE = "--yes-i-really-really-mean-it"


@dataclass(frozen=True)
class Command:
    """A command of kolla-ansible."""

    title: str
    leaves: str = ""
    tagged: bool = False  # whether `tags` limit it to some services
    here: bool = False  # whether it is only for the deployer's host, without an inventory


COMMANDS = {
    "install-deps": Command("Ansible's collections", here=True),
    "bootstrap-servers": Command("Prepare hosts", leaves="a container engine, packages, entries in /etc/hosts"),
    "prechecks": Command("Check hosts", tagged=True),
    "genconfig": Command("Configuration of the services", tagged=True),
    "validate-config": Command("Configuration is valid", tagged=True),
    "pull": Command("Images of the services", leaves="container images", tagged=True),
    "deploy": Command("Services", leaves="containers, volumes, network devices", tagged=True),
    "post-deploy": Command("Credentials"),
    "check": Command("Containers are healthy", tagged=True),
}
USUAL = ("install-deps", "bootstrap-servers", "prechecks", "pull", "deploy", "post-deploy")


def roles(inputs: DeployerInputs) -> dict[str, list[str]]:
    """Return the roles of each server: those of the spec, or all for the first and compute for the others."""
    first, *rest = (node.name for node in inputs.nodes)
    given: dict[str, list[str]] = inputs.options["roles"]
    return given or {first: list(ROLES)} | {name: ["compute"] for name in rest}


def complain_of_roles(given: Mapping[Any, Any]) -> str | None:
    """Return what is wrong with the option `roles`, or None."""
    for name, words in given.items():
        if not isinstance(words, list) or not words or any(word not in ROLES for word in words):
            return f"must have lists of {', '.join(ROLES)} at {name}"
    missing = [role for role in _NEEDED if given and not any(role in words for words in given.values())]
    return f"must give at least one server the role {missing[0]}" if missing else None


def complain_of_commands(given: Sequence[Any]) -> str | None:
    """Return what is wrong with the option `commands`, or None."""
    unknown = [name for name in given if name not in COMMANDS]
    if unknown or len(set(given)) < len(given):
        return f"must have commands out of {', '.join(COMMANDS)}, each at most once"
    return None if "post-deploy" in given else "must have post-deploy, which writes the credentials"


def complain(inputs: DeployerInputs) -> str | None:
    """Return what is wrong with the spec for these servers, or None."""
    there = [node.name for node in inputs.nodes]
    for name in roles(inputs):
        if name not in there:
            return f"roles: there is no server {name!r} - there is: {', '.join(there)}"
    if "kolla_internal_vip_address" not in inputs.options["globals"] and not _is_address(_controller(inputs).address):
        return (
            f"the controller {_controller(inputs).name} has a host name instead of an address - set"
            " kolla_internal_vip_address in `globals`, and enable_haproxy: false if it is a server's own address"
        )
    return None


def members(inputs: DeployerInputs) -> list[Node]:
    """Return the servers that containers run on."""
    return [node for node in inputs.nodes if node.name in roles(inputs)] if _deploys(inputs) else []


def commands(inputs: DeployerInputs) -> list[Step]:
    """Return the steps: Kolla Ansible itself, its configuration, its commands."""
    root = inputs.root
    steps = [
        Step(
            "packages",
            _packages(),
            tuple(node.name for node in inputs.nodes),
            title="Packages that Ansible needs",
            leaves="python3, python3-apt and git, if they were missing",
        ),
        Step(
            "kolla-ansible",
            _environment(root, inputs.options["requirements"]),
            title="Kolla Ansible in its own virtual environment",
            leaves="the Debian package python3-venv, if it was missing",
        ),
        Step(
            "passwords",
            _passwords(root),
            title="Passwords",
            files={f"{root}/etc/given.yml": _yaml({ADMIN: inputs.passwords[ADMIN]} | inputs.options["passwords"])},
        ),
        Step(
            "configuration",
            # Our hosts, followed by the groups of the sample inventory, which place the services.
            f"{_at(root)}sed -n '/^\\[baremetal:children\\]/,$p' venv/share/kolla-ansible/ansible/inventory/multinode |"
            " cat etc/hosts - > inventory\n",
            title="Inventory and globals.yml",
            files={f"{root}/etc/hosts": _inventory(inputs), f"{root}/etc/globals.yml": _yaml(_globals(inputs))},
        ),
    ]
    for name in inputs.options["commands"]:
        command = COMMANDS[name]
        step = Step(name, _command(inputs, name), title=f"{name}: {command.title}", leaves=command.leaves)
        if name in {"pull", "deploy"}:
            step = replace(step, limit=spec_limit(inputs.options))
        if name == "deploy":
            step = replace(
                step,
                script=f"touch {quote(f'{root}/begun')}\n{step.script}",
                undo=_destroy(root, images=inputs.options["destroy_images"]),
            )
        steps.append(step)
    return steps


def secrets(inputs: DeployerInputs) -> list[str]:
    """Return the generated passwords, if there are any yet."""
    try:
        made = yaml.safe_load(inputs.deployer.host.read(f"{inputs.root}/etc/passwords.yml"))
    except FileNotFoundError:
        return []
    # Short values could be other words, and multi-line keys cannot be in one line of a log.
    return [value for value in made.values() if isinstance(value, str) and len(value) > 7 and "\n" not in value]


def credentials(inputs: DeployerInputs) -> AdminCredentials:
    """Return the administrator in the clouds.yaml of post-deploy."""
    path = f"{inputs.root}/etc/clouds.yaml"
    host = inputs.deployer.host
    try:
        entry = dict(yaml.safe_load(host.read(path))["clouds"][_ENTRY])
    except UNREADABLE as error:
        raise RallycrossError(f"{host.name}:{path} has no {_ENTRY} - look at post-deploy's log") from error
    authority = entry.pop("cacert", None)
    return AdminCredentials(entry, host.run(f"{AS_ROOT}as_root cat {quote(authority)}").out if authority else "")


def _packages() -> str:
    """Return the script that installs packages that Ansible's modules and galaxy expect."""
    return f"""{AS_ROOT}{have("git", "python3")}
if command -v apt-get >/dev/null && ! /usr/bin/python3 -c 'import apt' 2>/dev/null; then
    as_root apt-get -qq update
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends python3-apt >/dev/null
fi
"""


def _environment(root: str, requirements: Sequence[str]) -> str:
    """Return the script that installs the requirements in a virtual environment, from the host's own pip index."""
    return f"""{AS_ROOT}{_at(root)}
if ! python3 -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    command -v apt-get >/dev/null || {{ echo "no Python 3.11 or later with ensurepip - install one" >&2; exit 1; }}
    as_root apt-get -qq update
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends python3-venv >/dev/null
fi
python3 -m venv --clear venv
venv/bin/pip install --quiet --no-cache-dir --no-compile {" ".join(map(quote, requirements))}
kolla-ansible --version
"""


def _passwords(root: str) -> str:
    """Return the script that generates missing passwords, keeping earlier ones and those of the spec.

    The file is replaced only when it is complete.
    """
    return f"""{_at(root)}
umask 077
install -m 600 venv/share/kolla-ansible/etc_examples/kolla/passwords.yml etc/new.yml
for file in etc/passwords.yml etc/given.yml; do
    [ ! -e "$file" ] || kolla-mergepwd --old "$file" --new etc/new.yml --final etc/new.yml
done
kolla-genpwd -p etc/new.yml
chmod 600 etc/new.yml
mv etc/new.yml etc/passwords.yml
"""


def _command(inputs: DeployerInputs, name: str) -> str:
    command, tags = COMMANDS[name], inputs.options["tags"]
    where = "" if command.here else ' -i inventory --configdir "$PWD/etc"'
    narrowed = f" --tags {quote(','.join(tags))}" if tags and command.tagged else ""
    return f"{_at(inputs.root)}kolla-ansible {name}{where}{narrowed}\n"


def _destroy(root: str, *, images: bool) -> str:
    """Return the script that undoes a deploy, if it was begun; before that, `kolla-ansible destroy` could not run."""
    included = " --include-images" if images else ""
    # The play is for all hosts, and the deployer's host is also in the inventory as `localhost`. Without the limit it
    # would lose its network namespaces and tunnels, even those that Kolla has not made.
    return (
        f"{_at(root)}[ -e begun ] || exit 0\n"
        f'kolla-ansible destroy {_SURE}{included} -i inventory --configdir "$PWD/etc" --limit baremetal\n'
        "rm -f begun\n"
    )


def _at(root: str) -> str:
    """Return the start of a script: the cloud's folder, the environment's programs in PATH, and a UTF-8 locale."""
    return (
        f"mkdir -p {quote(root)}/etc\ncd {quote(root)}\n"
        'export PATH="$PWD/venv/bin:$PATH" ANSIBLE_HOME="$PWD/ansible" LC_ALL=C.UTF-8\n'
    )


def _inventory(inputs: DeployerInputs) -> str:
    chosen = roles(inputs)
    lines = {node.name: f"{node.name}{_variables(node)}\n" for node in inputs.nodes if node.name in chosen}
    groups = [
        f"[{role}]\n" + "".join(line for name, line in lines.items() if role in chosen[name]) + "\n" for role in ROLES
    ]
    return "".join(groups) + "[deployment]\nlocalhost ansible_connection=local\n\n"


def _variables(node: Node) -> str:
    """Return a server's variables in the inventory; how to sign in is in the SSH configuration."""
    listed = node.host.run("ip -o addr show").out.splitlines()
    interfaces = [line.split()[1] for line in listed if f" {node.address}/" in line]
    network = f" network_interface={interfaces[0]}" if interfaces else ""
    return f" ansible_host={node.address}{network}"


def _globals(inputs: DeployerInputs) -> dict[str, Any]:
    """Return globals.yml from the spec; without a virtual IP, the controller's own address is used, without HAProxy."""
    given: dict[str, Any] = inputs.options["globals"]
    if "kolla_internal_vip_address" in given:
        return given
    return {"kolla_internal_vip_address": _controller(inputs).address, "enable_haproxy": False} | given


def _controller(inputs: DeployerInputs) -> Node:
    chosen = roles(inputs)
    return next(node for node in inputs.nodes if "control" in chosen.get(node.name, []))


def _deploys(inputs: DeployerInputs) -> bool:
    return "deploy" in inputs.options["commands"]


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _yaml(data: Any) -> str:
    return yaml.safe_dump(data, sort_keys=True)
