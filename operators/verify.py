"""Verifies a cloud. A failed test is a result, not a failure of this stage."""

import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset, AssetAlias, ResumableJobMixin
from airflow.sdk.definitions.context import Context
from airflow.sdk.exceptions import AirflowSkipException

from operators.retries import RESUMED, NotRetryable
from operators.stage import NONE, StoppableOperator, own_reference, reports_failure
from rallycross.disk import said
from rallycross.errors import RallycrossError

if TYPE_CHECKING:
    from rallycross.verification.verify import VerificationRequest

# The alias of the assets of verified clouds, on which DAGs can be scheduled.
VERIFIED = AssetAlias("verified-clouds")
_END_SECONDS = 25.0  # that stopped tests have to end: Airflow ends this process after 30 s


def verified(cloud: str) -> Asset:
    """Return the asset that is updated whenever this cloud passes a verification."""
    return Asset(name=f"verified-{cloud}", uri=f"rallycross://clouds/{cloud}/verified")


class VerifyOperator(ResumableJobMixin, StoppableOperator):
    """Runs tests against a cloud, in a process of their own.

    If the worker dies, the tests continue, and the next try follows them. If they died too, the next try runs the tests
    without a result. A test with a result is never run again.

    `cloud`: id of an Airflow connection, or name of a registered cloud.
    `tests`: name of a set of tests, or "none" to skip the stage; `pattern` or `load_list` (names) replace it.
    `skip_list`, `expected_failures`: entries "PATTERN # reason"; `options`: "section.name=value" for tempest.conf.
    `accounts`: tempest's file of credentials for the tests.
    `verifier`, `package`, `plugins`, `test_package`: the verifier; see `rallycross.verification.source`.
    Returns `{"verification": uuid, "passed": n, "failed": n, "skipped": n}`.
    """

    template_fields = (
        "cloud",
        "tests",
        "pattern",
        "load_list",
        "skip_list",
        "expected_failures",
        "concurrency",
        "options",
        "verifier",
        "package",
        "plugins",
        "test_package",
        "accounts",
    )
    external_id_key = "verification"

    def __init__(
        self,
        *,
        cloud: str,
        tests: str = "",
        pattern: str = "",
        load_list: Sequence[str] | str = (),
        skip_list: Sequence[str] | str = (),
        expected_failures: Sequence[str] | str = (),
        concurrency: int | str = 2,
        options: Sequence[str] | str = (),
        verifier: str = "tempest",
        package: str = "",
        plugins: Sequence[str] | str = (),
        test_package: str = "",
        accounts: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"outlets": [VERIFIED], **RESUMED, **kwargs})
        self.cloud = cloud
        self.tests = tests
        self.pattern = pattern
        self.load_list = load_list
        self.skip_list = skip_list
        self.expected_failures = expected_failures
        self.concurrency = concurrency
        self.options = options
        self.verifier = verifier
        self.package = package
        self.plugins = plugins
        self.test_package = test_package
        self.accounts = accounts
        self._killed = False

    @reports_failure
    def execute(self, context: Context) -> dict[str, Any]:
        """Run the tests, or follow running ones; each test is logged and stored as it ends."""
        if self.tests == NONE:
            raise AirflowSkipException("no verification was requested")
        self.watch_worker()
        found: dict[str, Any] = self.execute_resumable(context)
        if found["passed"] and not found["failed"]:
            context["outlet_events"][VERIFIED].add(verified(self.cloud), extra={"cloud": self.cloud, **found})
        return found

    def submit_job(self, context: Context) -> str:
        """Start the process that runs the tests; after an interruption it only runs those without a result."""
        from hooks.openstack import OpenStackHook  # noqa: PLC0415 - parsing a DAG stays cheap
        from hooks.results import store as open_store  # noqa: PLC0415
        from rallycross.permissions import Permissions  # noqa: PLC0415
        from rallycross.settings import settings  # noqa: PLC0415
        from rallycross.verification_jobs import job  # noqa: PLC0415
        from rallycross.verification_jobs import request as requests  # noqa: PLC0415
        from rallycross.verification_jobs.follow import state  # noqa: PLC0415

        uuid, store = own_reference(context, "verify"), open_store()
        begun = store.verifications.get(uuid)
        if state(begun, time.time()) == "running":
            return uuid  # the worker died after it started the tests and before it reported that
        if begun is None or not begun.total:
            # Begun before anything else, so that a verification that cannot be configured is shown as crashed.
            store.verifications.begin(uuid, cloud=self.cloud, chosen=self.tests or self.pattern)
            try:
                asked = self.request()
                asked.check(Permissions.of_forms(settings()))
                requests.begin(store, uuid, self.cloud, asked, paths=settings())
                cloud = OpenStackHook(self.cloud).get_conn()
            except BaseException as error:
                store.verifications.end(uuid, status="crashed", error=said(error))
                self._give_up(error)
                raise
        else:
            store.verifications.renew(uuid)
            requests.keep_secrets(uuid, self.request(), paths=settings())  # this machine may be another one
            cloud = OpenStackHook(self.cloud).get_conn()
        self.log.info(
            "the tests run in a process of their own, which logs to %s", job.start(uuid, cloud, paths=settings())
        )
        return uuid

    def request(self) -> "VerificationRequest":
        """Return the request of the parameters. Raises `RallycrossError` if they contradict each other."""
        from rallycross.verification.lists import read_list  # noqa: PLC0415 - parsing a DAG stays cheap
        from rallycross.verification.selection import Choice  # noqa: PLC0415
        from rallycross.verification.source import Source  # noqa: PLC0415
        from rallycross.verification.verify import VerificationRequest, options_of  # noqa: PLC0415

        listed = read_list("\n".join(_lines(self.load_list)))
        return VerificationRequest(
            choice=Choice(
                set="" if self.pattern or listed else self.tests,
                pattern=self.pattern,
                tests=tuple(listed),
                skips=read_list("\n".join(_lines(self.skip_list))),
                expected=read_list("\n".join(_lines(self.expected_failures))),
            ),
            source=Source(self.verifier, self.package, tuple(_lines(self.plugins)), self.test_package),
            concurrency=int(self.concurrency),
            options=options_of(_lines(self.options)),
            accounts=self.accounts.strip(),
        )

    def get_job_status(self, external_id: Any, context: Context) -> str:  # noqa: ARG002 - the mixin's
        """Return the state of the verification: running, finished, crashed or lost."""
        from hooks.results import store  # noqa: PLC0415 - parsing a DAG stays cheap
        from rallycross.verification_jobs.follow import state  # noqa: PLC0415

        return state(store().verifications.get(str(external_id)), time.time())

    def is_job_active(self, status: str) -> bool:
        """Tell whether the tests are running."""
        return status == "running"

    def is_job_succeeded(self, status: str) -> bool:
        """Tell whether all tests have ended."""
        return status == "finished"

    def poll_until_complete(self, external_id: Any, context: Context) -> dict[str, Any]:  # type: ignore[override]
        """Follow the tests to the end and log each. Any exception but `VerificationLost` ends the tests."""
        from hooks.results import store  # noqa: PLC0415 - parsing a DAG stays cheap
        from rallycross.verification_jobs.follow import StoppedFollowing, VerificationLost, follow, test_line  # noqa: PLC0415

        uuid = str(external_id)
        try:
            row = follow(
                store(),
                uuid,
                on_test_end=lambda test, count, total: self.log.info(test_line(test, count, total)),
                stop=self.stop,
            )
        except VerificationLost:
            raise  # the next try resumes it
        except StoppedFollowing:
            if self._killed:
                self._end(uuid)
            raise
        except BaseException:  # Airflow's time-out is not an Exception
            if not self.orphaned:  # if the worker is gone, logging failed, and the tests continue
                self._end(uuid)
            raise
        if row.status != "finished":
            self._give_up(RallycrossError(row.error))
        return self.get_job_result(external_id, context)

    def get_job_result(self, external_id: Any, context: Context) -> dict[str, Any]:  # noqa: ARG002 - the mixin's
        """Return how many tests passed, failed and were skipped."""
        from hooks.results import store  # noqa: PLC0415 - parsing a DAG stays cheap
        from rallycross.verification.test import outcomes  # noqa: PLC0415

        uuid = str(external_id)
        return {"verification": uuid, **outcomes(store().tests.counts([uuid])[uuid])}

    @staticmethod
    def _give_up(error: BaseException) -> None:
        """Fail without a retry, which would have the same cloud, lists and options."""
        if isinstance(error, RallycrossError):
            raise NotRetryable(str(error)) from error

    def on_kill(self) -> None:
        """End the tests: the task was marked failed, its worker was not killed."""
        self._killed = True
        super().on_kill()

    def _end(self, uuid: str) -> None:
        """Ask the tests to end, and wait for that up to `_END_SECONDS`."""
        from hooks.results import store  # noqa: PLC0415 - parsing a DAG stays cheap
        from rallycross.verification_jobs.follow import StoppedFollowing, VerificationLost, follow  # noqa: PLC0415

        store().verifications.stop(uuid)
        enough = threading.Event()
        threading.Timer(_END_SECONDS, enough.set).start()
        try:
            follow(store(), uuid, on_test_end=lambda *_: None, stop=enough)
        except (StoppedFollowing, VerificationLost) as error:
            self.log.warning("the tests were asked to end, but did not confirm it: %s", error)


def _lines(given: Sequence[str] | str) -> list[str]:
    """Return the entries of a parameter: a list from a form, or the lines of a rendered template."""
    if isinstance(given, str):
        given = given.splitlines()
    return [line.strip() for line in given if line.strip()]
