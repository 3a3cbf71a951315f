"""Verifies a cloud with tempest. A test that fails is a result, not a failure of this stage."""

from typing import Any

from airflow.sdk.definitions.context import Context
from airflow.sdk.exceptions import AirflowSkipException

from operators.stage import NONE, StoppableOperator, own_reference, tells_why


class VerifyOperator(StoppableOperator):
    """Runs a set of tests against a cloud.

    `cloud`: id of an Airflow connection, or name of a registered cloud.
    `tests`: name of a set of tests, or "none" to skip the stage.
    Returns `{"verification": uuid, "passed": n, "failed": n, "skipped": n}`.
    """

    template_fields = ("cloud", "tests", "concurrency")

    def __init__(self, *, cloud: str, tests: str, concurrency: int | str = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cloud = cloud
        self.tests = tests
        self.concurrency = concurrency

    @tells_why
    def execute(self, context: Context) -> dict[str, Any]:
        """Run the tests, keeping each as it ends."""
        if self.tests == NONE:
            raise AirflowSkipException("no verification was asked for")

        from hooks.openstack import OpenStackHook  # noqa: PLC0415 - parsing a DAG stays cheap
        from hooks.results import store as open_store  # noqa: PLC0415
        from rallycross.settings import settings  # noqa: PLC0415
        from rallycross.verification.verify import verify  # noqa: PLC0415

        uuid, store = own_reference(context, "verify"), open_store()
        self.watch_worker()
        # Begun at once, so that a verification that cannot even be configured is seen as crashed.
        store.begin_verification(uuid, cloud=self.cloud, chosen=self.tests, total=0, environment={})
        try:
            totals = verify(
                OpenStackHook(self.cloud).get_conn(),
                self.tests,
                workspace=settings().verifiers / self.cloud,
                concurrency=int(self.concurrency),
                begin=lambda total, environment: store.begin_verification(
                    uuid, cloud=self.cloud, chosen=self.tests, total=total, environment=environment
                ),
                record=lambda test: store.record_test(uuid, test),
                stop=self.stop,
            )
        except BaseException as error:  # a time-out of Airflow's is no Exception
            store.end_verification(uuid, status="crashed", error=f"{error or type(error).__name__}")
            raise
        store.end_verification(uuid, status="finished")
        return {"verification": uuid, "passed": totals.passed, "failed": totals.failed, "skipped": totals.skipped}
