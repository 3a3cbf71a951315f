"""Creates, finds and deletes the cloud's environment in Fuel."""

import time
from typing import Any

from rallycross.deployment.engines.fuel import tasks
from rallycross.deployment.engines.fuel.folder import Folder
from rallycross.deployment.engines.fuel.nailgun import Nailgun, Refused, Unanswered
from rallycross.errors import RallycrossError

_DEPLOYING = ("deploy", "deployment", "provision", "stop_deployment")
_ATTEMPTS = 3  # to create one if answers are lost
_REMOVAL = 270.0  # seconds for a removal
_STOPPING = 120.0  # seconds of these to stop a running deployment first
_PAUSE = 0.5  # seconds between two polls


def make(folder: Folder) -> None:
    """Create the environment, unless ours exists. It is recorded before it is created."""
    wanted, api = folder.read("environment.json"), folder.api
    release = _release(api, wanted["release"])
    found = _ours(folder, api)
    if found and found["name"] != wanted["name"]:
        raise RallycrossError(
            f"the cloud's environment in Fuel is called {found['name']} - set `deploy_name` to that, or destroy the"
            " cloud first"
        )
    if not found:
        if _named(api, wanted["name"]):
            raise RallycrossError(
                f"environment {wanted['name']} exists already in Fuel, and this deployment has not created it - delete"
                " it there, or set `deploy_name`"
            )
        folder.write("environment", {"name": wanted["name"], "id": None})
        body = {key: value for key, value in wanted.items() if value is not None} | {"release": release}
        found = _posted(folder, api, body)
    folder.write("environment", {"name": wanted["name"], "id": found["id"]})
    for key in ("mode", "net_provider"):
        if found[key] != wanted[key]:
            raise RallycrossError(
                f"the environment has the {key} {found[key]}, which cannot be changed - destroy the cloud first"
            )
    print(f"environment {found['id']}: {wanted['name']}")


def look(folder: Folder, api: Nailgun) -> dict[str, Any]:
    """Return the environment as it is now; raise `RallycrossError` if somebody has deleted it."""
    if found := _ours(folder, api):
        return found
    name = folder.read("environment")["name"]
    raise RallycrossError(f"the environment {name} no longer exists in Fuel - destroy the cloud, and deploy it again")


def remove(folder: Folder) -> None:
    """Delete the environment, if it exists, after stopping its deployment."""
    if not (folder.path / "environment").exists():
        return  # it was never requested
    api, deadline = folder.api, time.monotonic() + _REMOVAL
    found = _ours(folder, api)
    if found is None:
        return
    name, cluster = found["name"], found["id"]
    _stop(api, cluster)
    task = None
    try:
        task = tasks.begun(api, cluster, ("cluster_deletion",), "DELETE", f"clusters/{cluster}?force=1")
    except Refused as error:
        if error.code != 404:
            raise
    while _ours(folder, api):
        for one in tasks.of(api, cluster):
            if task and (one["id"], one["status"]) == (task["id"], "error"):
                raise RallycrossError(f"task {one['id']} cluster_deletion failed: {one['message']}")
        if time.monotonic() > deadline:
            raise RallycrossError(f"Fuel is still deleting the environment {name} - destroy again to wait for it")
        time.sleep(_PAUSE)
    print(f"the environment {name} is deleted; its nodes become available again later")


def _posted(folder: Folder, api: Nailgun, body: dict[str, Any]) -> dict[str, Any]:
    """Create the environment. If an answer is lost, an environment of that name is ours, as there was none before."""
    lost = 0
    while True:
        try:
            return dict(api.once("POST", "clusters", body))
        except Unanswered as error:
            lost += 1
            if lost == _ATTEMPTS:
                raise
            print(error)
            found = _ours(folder, api)
        except Refused:
            # The earlier request may have been processed late.
            found = _ours(folder, api) if lost else None
            if not found:
                (folder.path / "environment").unlink()
                raise
        if found:
            return found


def _stop(api: Nailgun, cluster: int) -> None:
    """Stop a deployment, or wait for its end: Fuel does not stop one of an environment that was deployed before."""
    if not tasks.running(api, cluster, _DEPLOYING):
        return
    try:
        api.once("PUT", f"clusters/{cluster}/stop_deployment", {})
    except (Refused, Unanswered) as error:
        print(error)
    deadline = time.monotonic() + _STOPPING
    while tasks.running(api, cluster, _DEPLOYING) and time.monotonic() < deadline:
        time.sleep(_PAUSE)


def _ours(folder: Folder, api: Nailgun) -> dict[str, Any] | None:
    """Return the recorded environment if it exists: by its id, or by its name if the id is not known yet."""
    if not (folder.path / "environment").exists():
        return None
    note = folder.read("environment")
    if note["id"] is None:
        return _named(api, note["name"])
    return next((one for one in api.get("clusters") if one["id"] == note["id"]), None)


def _named(api: Nailgun, name: str) -> dict[str, Any] | None:
    return next((one for one in api.get("clusters") if one["name"] == name), None)


def _release(api: Nailgun, wanted: str) -> int:
    there = api.get("releases")
    for release in there:
        if wanted in {release["name"], release.get("version")}:
            if release.get("is_deployable") is False or release.get("state") == "unavailable":
                raise RallycrossError(
                    f"Fuel cannot deploy its release {wanted!r} now - set `release` to another, or make it available"
                )
            return int(release["id"])
    known = ", ".join(repr(release["name"]) for release in there) or "none"
    raise RallycrossError(f"Fuel has no release {wanted!r} - set `release` to one of: {known}")
