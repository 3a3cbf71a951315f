"""The programs of the steps: python -m rallycross.deployment.engines.fuel.program WORD ROOT.

Each may run again after it was interrupted, and first inspects the state in Fuel. The ledger has `remove` as the undo
of `environment`, so later versions must keep that word for existing clouds.
"""

import fcntl
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rallycross.deployment.engines.fuel import credentials, environment, tasks
from rallycross.deployment.engines.fuel.folder import Folder
from rallycross.deployment.engines.fuel.nailgun import Nailgun
from rallycross.deployment.engines.fuel.networks import laid_over
from rallycross.deployment.engines.fuel.placing import name_of, place, roles_of
from rallycross.errors import RallycrossError

_LATE = 120.0  # seconds to wait for data that Fuel has only some time after a deployment
_PAUSE = 0.5  # seconds between two polls
_ATTEMPTS = 3  # to assign nodes


def sign_in(folder: Folder) -> None:
    """Check that we can sign in to Fuel, and print its release."""
    api = folder.api
    api.get("releases")
    if folder.made:  # the step `environment` is not run again, but its environment may be gone since
        environment.look(folder, api)
    print(f"Fuel {api.get('version')['release']}")


def set_attributes(folder: Folder) -> None:
    """Set the environment's attributes that the spec names."""
    environment.look(folder, folder.api)
    api, path = folder.api, f"clusters/{folder.cluster}/attributes"
    there = api.get(path)["editable"]
    changed: dict[str, Any] = {}
    for group, values in folder.read("attributes.json").items():
        for name, value in values.items():
            one = (there.get(group) or {}).get(name)
            if not isinstance(one, dict) or "value" not in one:
                known = ", ".join(sorted(there.get(group) or there))
                raise RallycrossError(f"attributes: the environment has no {group}.{name} - it has: {known}")
            if one["value"] != value:
                one["value"] = value
                changed[group] = there[group]
    if changed:
        api.put(path, {"editable": changed})
    print("attributes changed:", ", ".join(changed) or "none")


def assign_nodes(folder: Folder) -> None:
    """Assign roles to nodes, one cloud at a time: Nailgun lets an environment take another's nodes."""
    wanted, api, cluster = folder.read("nodes.json"), folder.api, folder.cluster
    environment.look(folder, api)
    with _alone(folder):
        for _ in range(_ATTEMPTS):
            there = {node["id"]: node for node in api.get("nodes")}
            placed = place(wanted, list(there.values()), cluster)
            if not placed:
                return
            for node, roles in placed.items():
                print(f"{name_of(there[node])}: {', '.join(roles)}")
            new = {"pending_addition": True, "cluster_id": cluster}
            api.put("nodes", [{"id": node, "pending_roles": roles, **new} for node, roles in placed.items()])
    raise RallycrossError("the nodes do not stay in the environment - check whether others assign them in Fuel")


def set_networks(folder: Folder) -> None:
    """Set the networks, unless they are right: Nailgun refuses changes to a deployed environment."""
    wanted, api = folder.read("networks.json"), folder.api
    path = _networks_path(folder, api)
    there = api.get(path)
    config = laid_over(wanted["networks"], wanted["dns_nameservers"], there)
    if config == there:
        print("the networks are already as in the spec")
        return
    answer = api.put(path, config)
    if answer.get("status") == "error":  # old Nailguns answer with a task
        raise RallycrossError(f"Fuel refuses the networks: {answer['message']}")


def verify_networks(folder: Folder) -> None:
    """Let Fuel verify the networks."""
    api, path = folder.api, _networks_path(folder, folder.api)
    names = ("verify_networks", "check_networks")
    tasks.followed(api, tasks.begun(api, folder.cluster, names, "PUT", f"{path}/verify", body=api.get(path)))


def deploy(folder: Folder) -> None:
    """Let Fuel deploy, or follow a running deployment; raise `RallycrossError` with the errors of task and nodes."""
    api, cluster = folder.api, folder.cluster
    is_done = environment.look(folder, api)["status"] == "operational" and not tasks.running(api, cluster, ("deploy",))
    if is_done and not any(node.get("pending_addition") for node in _members(api, cluster)):
        print("Fuel has deployed it already")
        return
    try:
        tasks.followed(api, tasks.begun(api, cluster, ("deploy",), "PUT", f"clusters/{cluster}/changes", body={}))
    except RallycrossError as error:
        raise RallycrossError("\n".join([*_trouble(_members(api, cluster)), str(error)])) from error
    status = _in_time(lambda: environment.look(folder, api)["status"], lambda found: found != "deployment")
    if status != "operational":
        trouble = [f"{line}\n" for line in _trouble(_members(api, cluster))]
        raise RallycrossError(
            f"{''.join(trouble)}Fuel's task has succeeded, but the environment is in the state {status} - look at it in"
            " Fuel"
        )


def keep_credentials(folder: Folder) -> None:
    """Write the cloud's credentials; Fuel has some of them only some time after a deployment."""
    wanted, api, cluster = folder.read("credentials.json"), folder.api, folder.cluster
    found = environment.look(folder, api)
    if found["status"] != "operational":
        raise RallycrossError(f"the environment {found['name']} is in the state {found['status']} - look at it in Fuel")
    members = _members(api, cluster)
    for line in _trouble(members):
        print(line)
    path = _networks_path(folder, api)
    where = _in_time(lambda: credentials.address(api.get(path), _members(api, cluster)), bool)
    if not where:
        raise RallycrossError(f"the environment {found['name']} has no public address in Fuel - check its networks")
    entry, ca = credentials.entry(api.get(f"clusters/{cluster}/attributes")["editable"], where, wanted["region"])
    facts = {"fuel": api.get("version")["release"], "nodes": len(members)}
    folder.write("credentials", {"entry": entry, "ca": ca, "facts": facts})
    print(f"the cloud is at {entry['auth']['auth_url']}")


def tell_status(folder: Folder) -> None:
    """Print name, state and detail of the environment and its nodes, as JSON."""
    try:
        print(json.dumps(list(_states(folder))))
    except RallycrossError as error:
        print(json.dumps([("environment", "FAILED", str(error))]))


@contextmanager
def _alone(folder: Folder) -> Iterator[None]:
    """Hold a lock that keeps other clouds of this machine from assigning nodes."""
    clouds = os.open(folder.path.parent.parent, os.O_RDONLY)
    try:
        fcntl.flock(clouds, fcntl.LOCK_EX)
        yield
    finally:
        os.close(clouds)


def _states(folder: Folder) -> Iterator[tuple[str, str, str]]:
    api = folder.api
    found = environment.look(folder, api)
    yield "environment", "RUNNING" if found["status"] == "operational" else found["status"].upper(), found["name"]
    for node in _members(api, found["id"]):
        state = "RUNNING" if node["status"] == "ready" else node["status"].upper()
        yield name_of(node), state if node["online"] else "OFFLINE", "+".join(roles_of(node))


def _trouble(members: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield a line for each failed or offline node."""
    for node in members:
        what = f"{name_of(node)}, {'+'.join(roles_of(node))}"
        if node["status"] == "error":
            said = node.get("error_msg") or "Fuel gives no reason - see its logs"
            yield f"{what}: failed at {node.get('error_type') or 'an unknown stage'}: {said}"
        elif not node["online"]:
            yield f"{what}: offline, in the state {node['status']}"


def _members(api: Nailgun, cluster: int) -> list[dict[str, Any]]:
    return list(api.get(f"nodes?cluster_id={cluster}"))


def _networks_path(folder: Folder, api: Nailgun) -> str:
    found = environment.look(folder, api)
    return f"clusters/{found['id']}/network_configuration/{found['net_provider']}"


def _in_time(look: Callable[[], str], good: Callable[[str], bool]) -> str:
    """Return what `look` returns once that is good, or its last result after `_LATE` seconds."""
    deadline = time.monotonic() + _LATE
    while not good(found := look()) and time.monotonic() < deadline:
        time.sleep(_PAUSE)
    return found


_WORDS = {
    "sign-in": sign_in,
    "environment": environment.make,
    "attributes": set_attributes,
    "nodes": assign_nodes,
    "networks": set_networks,
    "verify": verify_networks,
    "deploy": deploy,
    "credentials": keep_credentials,
    "status": tell_status,
    "remove": environment.remove,
}


def main(word: str, root: str) -> int:
    """Run the program of a step; print its error, and return the exit code."""
    try:
        _WORDS[word](Folder(Path(root) / "fuel"))
    except RallycrossError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
