"""What is known of each cloud: where it comes from, how it is, and how its last runs ended."""

from dataclasses import dataclass

from rallycross.cloud.cloud import NO_CLOUD
from rallycross.lifecycle import deployment_owners
from rallycross.results.models import CloudRow, DeploymentRow
from rallycross.results.store import Store
from rallycross.views.changes import ChangeEntry, change_entries
from rallycross.views.history import HistoryEntry, entries

_CHANGES = 50  # changes of a cloud that are looked at
_VERDICTS = 8  # tasks whose verdicts are shown


@dataclass(frozen=True)
class CloudView:
    """A cloud that is registered, or has results."""

    name: str  # "" = the runs that need no cloud
    engine: str  # "" = not registered: it is a connection of Airflow, or an entry of somebody's clouds.yaml
    registered_at: float | None
    deployment: DeploymentRow | None  # the last one
    verification: HistoryEntry | None  # the last one
    tasks: tuple[HistoryEntry, ...]  # the last ones, the newest first
    leftovers: int  # rows of the ledger, without those of its deployments
    open_changes: tuple[ChangeEntry, ...]  # confirmed, and acknowledged by nobody; the newest first

    @property
    def origin(self) -> str:
        """Where it comes from, in words."""
        if not self.name:
            return "no cloud is needed"
        if self.engine == "existing":
            return "existing, registered"
        return f"deployed by the engine {self.engine}" if self.engine else "not registered: only its results are known"

    @property
    def health(self) -> str:
        """The last thing that is known of it: `failed`, `invalid`, `running`, `passed`, `not judged` or `unknown`.

        The newest of deployment, verification and task decides; no request is sent to the cloud.
        """
        return max(self._known(), default=(0.0, "unknown"))[1]

    def _known(self) -> list[tuple[float, str]]:
        known = [(one.started_at, one.verdict) for one in (self.verification, *self.tasks[:1]) if one]
        if self.deployment:
            words = {"finished": "passed", "failed": "failed", "running": "running"}
            known.append((self.deployment.started_at, words.get(self.deployment.status, "unknown")))
        return known


def overview(store: Store, *, most: int = 100) -> list[CloudView]:
    """Return the clouds by name, at most so many of them; the runs without a cloud are the last."""
    registered = {row.name: row for row in store.clouds.all()}
    names = sorted(store.history.cloud_names(), key=lambda name: (name == NO_CLOUD.name, name))
    leftovers = store.ledger.counts(without=deployment_owners(store))
    return [_cloud(store, name, registered.get(name), leftovers.get(name, 0)) for name in names[:most]]


def _cloud(store: Store, name: str, row: CloudRow | None, leftovers: int) -> CloudView:
    verifications = store.verifications.latest(cloud=name, limit=1)
    changes = change_entries(store, cloud=name, last=_CHANGES)[::-1]
    return CloudView(
        name="" if name == NO_CLOUD.name else name,
        engine=row.engine if row else "",
        registered_at=row.registered_at if row else None,
        deployment=store.deployments.last_of(name),
        verification=next(iter(entries(store, verifications)), None),
        tasks=tuple(entries(store, store.tasks.latest(cloud=name, limit=_VERDICTS))),
        leftovers=leftovers,
        open_changes=tuple(one for one in changes if one.state == "new"),
    )
