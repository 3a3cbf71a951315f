"""Updates an asset once for each cloud, so that DAGs with a run for each cloud are scheduled on it."""

from collections.abc import Collection, Iterator
from typing import Any

from airflow.sdk import Asset
from airflow.sdk.definitions.context import Context
from airflow.sdk.exceptions import AirflowSkipException

from operators.stage import StageOperator, reports_failure


class AnnounceOperator(StageOperator):
    """Updates one partition of `asset` for each cloud; the partition's key is the cloud's name.

    `clouds`: their names, empty ones are left out; `only_verified`: of these, only the clouds whose verification
    started this run. A run that was started by hand has all.
    Returns the clouds.
    """

    template_fields = ("clouds",)

    def __init__(self, *, asset: Asset, clouds: Collection[str], only_verified: bool = False, **kwargs: Any) -> None:
        super().__init__(**{"outlets": [asset], **kwargs})
        self.asset = asset
        self.clouds = clouds
        self.only_verified = only_verified

    @reports_failure
    def execute(self, context: Context) -> list[str]:
        """Update the partitions."""
        clouds = [cloud for cloud in self.clouds if cloud]
        if self.only_verified and (verified := {*_verified(context)}):
            clouds = [cloud for cloud in clouds if cloud in verified]
        if not clouds:
            raise AirflowSkipException("no cloud of this recipe was verified, or this run only confirms a change")
        context["outlet_events"][self.asset].add_partitions(clouds)
        self.log.info("a run begins on each of %s", ", ".join(clouds))
        return clouds


def _verified(context: Context) -> Iterator[str]:
    """Yield the clouds of the verifications that triggered this run."""
    for events in (context.get("triggering_asset_events") or {}).values():
        for event in events:
            yield str((event.extra or {}).get("cloud", ""))
