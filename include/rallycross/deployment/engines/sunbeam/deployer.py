"""The scripts of the engine `sunbeam`."""

from collections.abc import Mapping
from shlex import quote
from typing import Any

import yaml

from rallycross.cloud.variables import entry_from_variables, openrc_variables
from rallycross.deployment.deployers.deployer import AdminCredentials, DeployerInputs
from rallycross.deployment.limits import spec_limit
from rallycross.deployment.node import Node
from rallycross.deployment.step import Step
from rallycross.deployment.whole_host import AS_ROOT
from rallycross.errors import RallycrossError

ROLES = ("control", "compute", "storage")
UNITS = ("snap.openstack.*.service", "snap.openstack-hypervisor.*.service", "snap.k8s.*.service", "snap.microceph.*")


def complain_of_roles(given: Mapping[Any, Any]) -> str | None:
    """Return what is wrong with the option `roles`, or None."""
    for name, words in given.items():
        if not isinstance(words, list) or not words or any(word not in ROLES for word in words):
            return f"must have lists of {', '.join(ROLES)} at {name}"
    return None


def complain(inputs: DeployerInputs) -> str | None:
    """Return what is wrong with the spec for these servers, or None."""
    there = [node.name for node in inputs.nodes]
    unknown = [name for name in inputs.options["roles"] if name not in there]
    if unknown:
        return f"roles: there is no server {unknown[0]!r} - there is: {', '.join(there)}"
    if "control" not in _roles(inputs, inputs.deployer):
        return f"roles: {inputs.deployer.name}, the first node of the cluster, must have the role control"
    return None


def commands(inputs: DeployerInputs) -> list[Step]:
    """Return the steps: install the snap on each server, bootstrap the cluster, join the others, set up the cloud."""
    options, everywhere = inputs.options, tuple(node.name for node in inputs.nodes)
    as_user = _as_user(options["user"])
    steps = [
        Step(
            "user",
            _user(options["user"]),
            everywhere,
            title=f"User {options['user']}",
            leaves=f"the user {options['user']}, /etc/sudoers.d/50-sunbeam",
        ),
        Step(
            "snap",
            _snap(options["channel"]),
            everywhere,
            title="The snap openstack",
            leaves="snaps",
            undo=f"{AS_ROOT}! command -v snap >/dev/null || as_root snap remove --purge openstack",
        ),
        _prepared(inputs, as_user),
        *(_prepared(inputs, as_user, node) for node in inputs.others),
        Step(
            "bootstrap",
            f"{as_user}{_manifest(inputs)}as_user sunbeam cluster bootstrap --accept-defaults"
            f"{' --manifest manifest.yaml' if options['manifest'] else ''}"
            f" --role {','.join(_roles(inputs, inputs.deployer))}\n",
            limit=spec_limit(options),
            title="The first node of the cluster",
            files={f"{inputs.root}/manifest.yaml": yaml.safe_dump(options["manifest"])} if options["manifest"] else {},
            leaves="Juju, Kubernetes, the control plane",
        ),
    ]
    for node in inputs.others:
        steps += _joined(inputs, node, as_user)
    if inputs.others:
        steps.append(Step("resize", f"{as_user}as_user sunbeam cluster resize\n", limit=spec_limit(options)))
    return [
        *steps,
        Step(
            "configure",
            f"{as_user}as_user sunbeam configure --accept-defaults --openrc demo-openrc\n",
            title="Networks, images, flavors",
        ),
        Step(
            "openrc",
            f"{as_user}umask 077\nas_user sunbeam openrc > {quote(f'{inputs.root}/admin-openrc')}\n",
            title="Credentials",
        ),
    ]


def secrets(inputs: DeployerInputs) -> list[str]:
    """Return the administrator's password, if there is one yet."""
    try:
        variables = openrc_variables(inputs.deployer.host.read(f"{inputs.root}/admin-openrc"))
    except FileNotFoundError:
        return []
    return [variables["OS_PASSWORD"]] if variables.get("OS_PASSWORD") else []


def credentials(inputs: DeployerInputs) -> AdminCredentials:
    """Return the administrator in the openrc."""
    host, path = inputs.deployer.host, f"{inputs.root}/admin-openrc"
    try:
        entry = entry_from_variables(openrc_variables(host.read(path)))
    except OSError as error:
        raise RallycrossError(f"{host.name}:{path} cannot be read - look at the log of the step openrc") from error
    authority = entry.pop("cacert", None)
    return AdminCredentials(entry, host.run(f"{AS_ROOT}as_root cat {quote(authority)}").out if authority else "")


def _as_user(user: str) -> str:
    """Return the function `as_user`, which runs a command in the user's home, with its current groups."""
    return f"""{AS_ROOT}
home=$(getent passwd {user} | cut -d: -f6)
as_user() {{
    as_root runuser -u {user} -- env HOME="$home" USER={user} PATH="$PATH:/snap/bin" \\
        bash -c 'cd && "$@"' as_user "$@"
}}
"""


def _user(user: str) -> str:
    """Return the script that creates the user, unless it exists, and gives it sudo: Sunbeam refuses root."""
    return f"""{AS_ROOT}
command -v snap >/dev/null || {{ echo 'this host has no snapd, which Sunbeam needs - install it' >&2; exit 1; }}
id {user} >/dev/null 2>&1 || as_root useradd -s /bin/bash -m {user}
echo '{user} ALL=(ALL) NOPASSWD:ALL' | as_root install -m 440 /dev/stdin /etc/sudoers.d/50-sunbeam
"""


def _snap(channel: str | None) -> str:
    where = f" --channel {quote(channel)}" if channel else ""
    return f"{AS_ROOT}snap list openstack >/dev/null 2>&1 || as_root snap install openstack{where}\n"


def _prepared(inputs: DeployerInputs, as_user: str, node: Node | None = None) -> Step:
    """Return the step that runs Sunbeam's preparation script on a node; None = the first node."""
    return Step(
        f"prepare {node.name}" if node else "prepare",
        f"{as_user}cd {quote((node or inputs.deployer).root)}\n"
        f"as_user sunbeam prepare-node-script{'' if node else ' --bootstrap'} > prepare.sh\n"
        "as_user bash -x < prepare.sh\n",
        () if node is None else (node.name,),
        title=f"Prepare {(node or inputs.deployer).name}",
        leaves="packages, groups, an SSH key of the user",
    )


def _joined(inputs: DeployerInputs, node: Node, as_user: str) -> list[Step]:
    """Return the steps that join a node to the cluster; its token is never in a command's arguments."""
    roles, token = ",".join(_roles(inputs, node)), f"token-{node.name}"
    there = quote(f"{node.root}/token")
    return [
        Step(
            f"token {node.name}",
            f"{as_user}name=$(ssh {node.name} hostname -f)\n"
            f'as_root test -s "$home/{token}" || as_user sunbeam cluster add "$name" --output {token}\n'
            f'as_root cat "$home/{token}" | ssh {node.name} {quote(f"umask 077; cat > {there}")}\n',
            title=f"Token for {node.name}",
            undo=f'{as_user}as_root rm -f "$home/{token}"',  # a token is useless in another cluster
        ),
        Step(
            f"join {node.name}",
            f"{as_user}"
            'if as_user sunbeam cluster list 2>/dev/null | grep -qwF "$(hostname -f)"; then exit 0; fi\n'
            f"as_user sunbeam cluster join --role {roles} - < {there}\n",
            (node.name,),
            limit=spec_limit(inputs.options),
            title=f"{node.name} joins the cluster",
        ),
    ]


def _manifest(inputs: DeployerInputs) -> str:
    """Return the script that puts the manifest where the snap can read it."""
    if not inputs.options["manifest"]:
        return ""
    source, user = quote(f"{inputs.root}/manifest.yaml"), inputs.options["user"]
    return f'as_root install -m 600 -o {user} {source} "$home/manifest.yaml"\n'


def _roles(inputs: DeployerInputs, node: Node) -> list[str]:
    given: list[str] | None = inputs.options["roles"].get(node.name)
    return given or (list(ROLES) if node is inputs.deployer else ["compute"])
