"""The life cycle of a cloud of this checkout: deploy it, register it for later runs, destroy and forget it."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

import yaml

from rallycross import deployment
from rallycross.cloud import registered
from rallycross.deployment import CloudSpec, Deployed, Site, operations
from rallycross.deployment.detached import Locked
from rallycross.deployment.ledger import LedgerEntry
from rallycross.deployment.operations import PlannedStep
from rallycross.deployment.runner import Terms
from rallycross.deployment.site import opened
from rallycross.deployment.step import StepEvent, Tell
from rallycross.disk import said
from rallycross.results.models import DeploymentRow
from rallycross.results.store import Store
from rallycross.secret import shown as without_secrets
from rallycross.settings import Settings
from rallycross.yamlfile import parse

_AT_WORK = "at-work"  # a file beside a deployment's logs, locked by the process that runs it


def root_of(paths: Settings, name: str) -> str:
    """Return the folder of a cloud on this machine."""
    return str(paths.clouds / name)


def ledger_owner(cloud: str) -> str:
    """Return the owner in the ledger of what a cloud's deployments have made.

    It is the same for all of them: the last may have to undo what the first has made.
    """
    return str(uuid5(NAMESPACE_URL, f"rallycross:deployment:{cloud}"))


def deployment_owners(store: Store) -> frozenset[str]:
    """Return the owners in the ledger that are deployments: what they have made stands as long as their clouds do."""
    return frozenset(ledger_owner(cloud) for cloud, _ in store.ledger.owners())


class StoredLedger:
    """The ledger of one cloud's deployments, in the results database."""

    def __init__(self, store: Store, cloud: str) -> None:
        self._store, self._cloud = store, cloud
        self._owner = ledger_owner(cloud)

    def remember(self, kind: str, name: str, detail: dict[str, Any]) -> int:
        """Record what is about to be made, or update the detail of its entry. Return the entry's row."""
        return self._store.ledger.remember_once(self._owner, self._cloud, kind, name, detail)

    def forgotten(self, row: int) -> None:
        """Delete the entry of something that is known to be gone."""
        self._store.ledger.forgotten(row)

    def standing(self) -> list[LedgerEntry]:
        """Return all entries, in the order of their creation."""
        rows = self._store.ledger.standing(self._cloud, self._owner)
        return [LedgerEntry(row.id, row.kind, row.name, row.detail) for row in rows]


def site_of(spec: CloudSpec, store: Store, paths: Settings, *, uuid: str = "", tell: Tell = lambda _: None) -> Site:
    """Return the site of a cloud of this checkout; `uuid` is that of the deployment."""
    return Site(
        cloud=spec.name,
        root=root_of(paths, spec.name),
        ledger=StoredLedger(store, spec.name),
        terms=Terms(
            owner=uuid or str(uuid4()), logs=paths.deployments / uuid if uuid else None, away=paths.host_patience
        ),
        tell=tell,
        known_hosts=registered.known_hosts_file(paths, spec.name),
    )


def deploy(spec: CloudSpec, store: Store, paths: Settings, *, uuid: str, tell: Tell) -> str:
    """Deploy a cloud, recording each step and its log under `uuid`; return the cloud's name.

    It continues where an earlier call was cut off. It raises what `deployment.deploy` raises.
    """
    with _at_work(paths, uuid), _recorded(spec, store, paths, uuid=uuid, tell=tell) as site:
        return _register(spec, deployment.deploy(spec, site), store, paths, uuid=uuid)


def begin(spec: CloudSpec, store: Store, paths: Settings, *, uuid: str, tell: Tell) -> list[PlannedStep]:
    """Begin a deployment whose steps run one by one, each by a call of `run_step`; return the outstanding steps."""
    store.deployments.forget_steps(uuid)
    with _recorded(spec, store, paths, uuid=uuid, tell=tell) as site:
        return operations.begin(spec, site)


def run_step(spec: CloudSpec, store: Store, paths: Settings, *, uuid: str, name: str) -> None:
    """Run one step of a deployment after `begin`, or follow it if it runs already.

    Other steps may run at the same time. So the failure of a step stays recorded until that step itself succeeds.
    """
    store.deployments.resume(uuid, step=name)
    try:
        with _kept(spec, store, paths, uuid=uuid, tell=lambda _: None) as site:
            operations.run_step(spec, site, name)
    except BaseException as error:
        store.deployments.fail_step(uuid, name, error=_said(error))
        raise


def finish(spec: CloudSpec, store: Store, paths: Settings, *, uuid: str, tell: Tell) -> str:
    """Register the cloud, after all its steps are done; return its name."""
    with _recorded(spec, store, paths, uuid=uuid, tell=tell) as site:
        return _register(spec, operations.finish(spec, site), store, paths, uuid=uuid)


def state(last: DeploymentRow | None, paths: Settings) -> str:
    """Return the state of a cloud's last deployment: `unknown`, `running`, `cut off`, `finished` or `failed`.

    A deployment is cut off if its process died, as by `kill -9`; a step may still be running on its host.
    """
    if last is None or last.status != "running":
        return last.status if last else "unknown"
    try:
        with (paths.deployments / last.uuid / _AT_WORK).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # the file is locked; or it does not exist, as for a deployment that Airflow tasks run
        return "running"
    return "cut off"


@contextmanager
def _at_work(paths: Settings, uuid: str) -> Iterator[None]:
    """Hold a lock that shows other processes that this one is running a deployment."""
    file = paths.deployments / uuid / _AT_WORK
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        try:
            yield
        finally:
            file.unlink(missing_ok=True)


@contextmanager
def _recorded(spec: CloudSpec, store: Store, paths: Settings, *, uuid: str, tell: Tell) -> Iterator[Site]:
    """Record the begin of a deployment, yield its site, and record its failure.

    A deployment that is refused because another is running leaves no trace.
    """
    row, spec_before = store.deployments.get(uuid), registered.specs(paths).get(spec.name)
    total = row.total_steps if row else 0  # until it is planned again
    store.deployments.begin(uuid, cloud=spec.name, engine=spec.engine, spec=shown(spec), total_steps=total)
    registered.keep_spec(paths, spec.name, spec.text)
    try:
        with _kept(spec, store, paths, uuid=uuid, tell=tell) as site:
            yield site
    except Locked:
        if spec_before is not None:
            registered.keep_spec(paths, spec.name, spec_before)
        if row is None:
            store.deployments.forget(uuid)
        raise
    except BaseException as error:
        store.deployments.end(uuid, status="failed", error=_said(error))
        raise


@contextmanager
def _kept(spec: CloudSpec, store: Store, paths: Settings, *, uuid: str, tell: Tell) -> Iterator[Site]:
    """Yield a cloud's site that records each step event in the store."""

    def record(event: StepEvent) -> None:
        store.deployments.record_step(uuid, event)
        if event.log and event.status != "skipped":
            store.artifacts.add(uuid, "log", event.log)
        tell(event)

    with opened(site_of(spec, store, paths, uuid=uuid, tell=record)) as site:
        yield site


def _said(error: BaseException) -> str:
    """Return the message of a failure; an interrupt and Airflow's time-out are not an `Exception`."""
    if isinstance(error, KeyboardInterrupt):
        return "interrupted by Ctrl-C - deploy again to continue: steps that are done are kept"
    return said(error)


def _register(spec: CloudSpec, deployed: Deployed, store: Store, paths: Settings, *, uuid: str) -> str:
    clouds_yaml = registered.keep(paths, deployed.cloud_name, deployed.clouds_yaml_text, ca=deployed.ca)
    store.clouds.register(
        deployed.cloud_name,
        clouds_yaml=str(clouds_yaml),
        spec=shown(spec),
        engine=spec.engine,
        root=root_of(paths, spec.name),
        deployment=uuid,
        nodes=list(deployed.nodes),
        environment=deployed.environment,
    )
    store.deployments.end(uuid, status="finished")
    return deployed.cloud_name


def destroy(spec: CloudSpec, store: Store, paths: Settings, *, tell: Tell) -> None:
    """Destroy a cloud, completely deployed or not, by the ledger, and forget its registration; its results stay."""
    with opened(site_of(spec, store, paths, uuid="", tell=tell)) as site:
        deployment.destroy(spec, site)
    store.clouds.forget(spec.name)
    registered.forget(paths, spec.name)


def shown(spec: CloudSpec) -> str:
    """Return a spec without its secrets, such as the values of `password`, so that others may read it."""
    data, _ = parse(spec.text, spec.file)
    return yaml.safe_dump(without_secrets(data, spec.secrets), sort_keys=False, allow_unicode=True)
