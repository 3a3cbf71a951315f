"""The life of a cloud of this checkout: deployed, registered so that later runs can name it, destroyed, forgotten."""

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
from rallycross.deployment.ledger import Made
from rallycross.deployment.operations import Intended
from rallycross.deployment.runner import Terms
from rallycross.deployment.site import opened
from rallycross.deployment.step import StepEvent, Tell
from rallycross.disk import said
from rallycross.results.models import DeploymentRow
from rallycross.results.store import Store
from rallycross.secret import shown as without_secrets
from rallycross.settings import Settings
from rallycross.yamlfile import parse

_AT_WORK = "at-work"  # beside a deployment's logs, and locked by the process that is at it


def root_of(paths: Settings, name: str) -> str:
    """Return the folder of a cloud on this machine."""
    return str(paths.clouds / name)


class StoredLedger:
    """The ledger of one cloud's deployments, in the results database."""

    def __init__(self, store: Store, cloud: str) -> None:
        self._store, self._cloud = store, cloud
        # One for all deployments of the cloud: what the first has made, the last may have to take back.
        self._owner = str(uuid5(NAMESPACE_URL, f"rallycross:deployment:{cloud}"))

    def remember(self, kind: str, name: str, detail: dict[str, Any]) -> int:
        """Note that something is about to be made; what is noted already gets the new detail."""
        return self._store.ledger.remember_once(self._owner, self._cloud, kind, name, detail)

    def forgotten(self, row: int) -> None:
        """Drop what is known to be gone."""
        self._store.ledger.forgotten(row)

    def standing(self) -> list[Made]:
        """Return what stands or may stand, in the order of its making."""
        rows = self._store.ledger.standing(self._cloud, self._owner)
        return [Made(row.id, row.kind, row.name, row.detail) for row in rows]


def site_of(spec: CloudSpec, store: Store, paths: Settings, *, uuid: str = "", tell: Tell = lambda _: None) -> Site:
    """Return the site of a cloud of this checkout; `uuid` is the deployment's."""
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
    """Make a cloud stand, keeping each step and its log as `uuid`; return the cloud's name.

    What an earlier call was cut off at is taken up again. Raises what `deployment.deploy` raises.
    """
    with _at_work(paths, uuid), _recorded(spec, store, paths, uuid=uuid, tell=tell) as site:
        return _register(spec, deployment.deploy(spec, site), store, paths, uuid=uuid)


def begin(spec: CloudSpec, store: Store, paths: Settings, *, uuid: str, tell: Tell) -> list[Intended]:
    """Begin a deployment whose steps are done one by one, each by a call of `do`; return what is to be done."""
    store.deployments.forget_steps(uuid)
    with _recorded(spec, store, paths, uuid=uuid, tell=tell) as site:
        return operations.begin(spec, site)


def do(spec: CloudSpec, store: Store, paths: Settings, *, uuid: str, name: str) -> None:
    """Do one step of a deployment that was begun, or take it up where it stands.

    Others may be done beside it. So what one of them has failed by stays, and only the step itself can mend its own.
    """
    store.deployments.resume(uuid, step=name)
    try:
        with _kept(spec, store, paths, uuid=uuid, tell=lambda _: None) as site:
            operations.do(spec, site, name)
    except BaseException as error:
        store.deployments.fail_step(uuid, name, error=_said(error))
        raise


def end(spec: CloudSpec, store: Store, paths: Settings, *, uuid: str, tell: Tell) -> str:
    """Register the cloud, after all its steps are done; return its name."""
    with _recorded(spec, store, paths, uuid=uuid, tell=tell) as site:
        return _register(spec, operations.end(spec, site), store, paths, uuid=uuid)


def state(last: DeploymentRow | None, paths: Settings) -> str:
    """Return where a cloud's last deployment has come to: `unknown`, `running`, `cut off`, `finished` or `failed`.

    One that was cut off has lost the process that was at it, as by `kill -9`; a step that ran may go on at its host.
    """
    if last is None or last.status != "running":
        return last.status if last else "unknown"
    try:
        with (paths.deployments / last.uuid / _AT_WORK).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # it is held; or there is none, as of a deployment that Airflow's tasks do, on whichever machine
        return "running"
    return "cut off"


@contextmanager
def _at_work(paths: Settings, uuid: str) -> Iterator[None]:
    """Let others tell whether this process is still at a deployment."""
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
    """Begin a deployment, or take it up; give its site, and note it where it fails.

    One that is refused because another is at work leaves no trace: that one is still the cloud's.
    """
    row, spec_before = store.deployments.get(uuid), registered.specs(paths).get(spec.name)
    total = row.total_steps if row else 0  # until it is planned anew
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
    """Give a cloud's site, with each step that it tells of kept in the store."""

    def record(event: StepEvent) -> None:
        store.deployments.record_step(uuid, event)
        if event.log and event.status != "skipped":
            store.artifacts.add(uuid, "log", event.log)
        tell(event)

    with opened(site_of(spec, store, paths, uuid=uuid, tell=record)) as site:
        yield site


def _said(error: BaseException) -> str:
    """Return what is told of a failure; an interrupt, and a time-out of Airflow's, are no `Exception`."""
    if isinstance(error, KeyboardInterrupt):
        return "interrupted by Ctrl-C - deploy again to go on: what is done stays done"
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
    """Destroy a cloud, half deployed or whole, by the ledger, and forget its registration; its results stay."""
    with opened(site_of(spec, store, paths, uuid="", tell=tell)) as site:
        deployment.destroy(spec, site)
    store.clouds.forget(spec.name)
    registered.forget(paths, spec.name)


def shown(spec: CloudSpec) -> str:
    """Return a spec as others may read it: without what stands under keys such as `password`."""
    data, _ = parse(spec.text, spec.file)
    return yaml.safe_dump(without_secrets(data, spec.secrets), sort_keys=False, allow_unicode=True)
