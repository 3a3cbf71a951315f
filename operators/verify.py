"""Verifies a cloud. A test that fails is a result, not a failure of this stage."""

import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset, AssetAlias, ResumableJobMixin
from airflow.sdk.definitions.context import Context
from airflow.sdk.exceptions import AirflowSkipException

from operators.retries import RESUMED, NotAgain
from operators.stage import NONE, StoppableOperator, own_reference, tells_why
from rallycross.disk import said
from rallycross.errors import RallycrossError

if TYPE_CHECKING:
    from rallycross.verification.verify import Request

# Clouds that passed a verification become assets under this alias: a DAG can be scheduled on one of them.
VERIFIED = AssetAlias("verified-clouds")
_END_SECONDS = 25.0  # for a run that is stopped to end: Airflow ends this process 30 s after it has said so


def verified(cloud: str) -> Asset:
    """Return the asset that is updated whenever this cloud passes a verification."""
    return Asset(name=f"verified-{cloud}", uri=f"rallycross://clouds/{cloud}/verified")


class VerifyOperator(ResumableJobMixin, StoppableOperator):
    """Runs tests against a cloud, in a process of their own.

    When the worker dies, the tests go on, and the next try follows them; when they have died too, the next try runs
    those that have no result yet. No test that has a result is run again.

    `cloud`: id of an Airflow connection, or name of a registered cloud.
    `tests`: name of a set of tests, or "none" to skip the stage; `pattern` or `load_list` (names) in its place.
    `skip_list`, `expected_failures`: entries "PATTERN # reason"; `options`: "section.name=value" for tempest.conf.
    `accounts`: a file of credentials for the tests, as tempest has them.
    `verifier`, `package`, `plugins`, `test_package`: what to verify with; see `rallycross.verification.source`.
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

    @tells_why
    def execute(self, context: Context) -> dict[str, Any]:
        """Run the tests, or follow those that run; a test is in the log, and in the results, as it ends."""
        if self.tests == NONE:
            raise AirflowSkipException("no verification was asked for")
        self.watch_worker()
        found: dict[str, Any] = self.execute_resumable(context)
        if found["passed"] and not found["failed"]:
            context["outlet_events"][VERIFIED].add(verified(self.cloud), extra={"cloud": self.cloud, **found})
        return found

    def submit_job(self, context: Context) -> str:
        """Start the process that runs the tests; one that was cut off goes on with those that have no result."""
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
            return uuid  # the worker died after it had started the tests, and before it could say so
        if begun is None or not begun.total:
            # Begun at once, so that a verification that cannot even be configured is seen as crashed.
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
            requests.keep_secrets(uuid, self.request(), paths=settings())  # this may be another machine
            cloud = OpenStackHook(self.cloud).get_conn()
        self.log.info(
            "the tests run in a process of their own, which logs to %s", job.start(uuid, cloud, paths=settings())
        )
        return uuid

    def request(self) -> "Request":
        """Return what is asked of the verification. Raises `RallycrossError` where it makes no sense."""
        from rallycross.verification.lists import read_list  # noqa: PLC0415 - parsing a DAG stays cheap
        from rallycross.verification.selection import Choice  # noqa: PLC0415
        from rallycross.verification.source import Source  # noqa: PLC0415
        from rallycross.verification.verify import Request, options_of  # noqa: PLC0415

        listed = read_list("\n".join(_lines(self.load_list)))
        return Request(
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
        """Return what has become of it: running, finished, crashed or lost."""
        from hooks.results import store  # noqa: PLC0415 - parsing a DAG stays cheap
        from rallycross.verification_jobs.follow import state  # noqa: PLC0415

        return state(store().verifications.get(str(external_id)), time.time())

    def is_job_active(self, status: str) -> bool:
        """Whether there is somebody to follow."""
        return status == "running"

    def is_job_succeeded(self, status: str) -> bool:
        """Whether all tests have ended."""
        return status == "finished"

    def poll_until_complete(self, external_id: Any, context: Context) -> dict[str, Any]:  # type: ignore[override]
        """Follow to the end, a line a test. What is raised here, and is no `VerificationLost`, ends the tests."""
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
            raise  # the next try takes it up again
        except StoppedFollowing:
            if self._killed:
                self._end(uuid)
            raise
        except BaseException:  # a time-out of Airflow's is no Exception
            if not self.orphaned:  # else it is the log that has broken, and the tests go on without us
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
        """Fail without another try, which would meet the same cloud, the same lists and the same options."""
        if isinstance(error, RallycrossError):
            raise NotAgain(str(error)) from error

    def on_kill(self) -> None:
        """Have the tests end: the task was marked failed, not its worker killed."""
        self._killed = True
        super().on_kill()

    def _end(self, uuid: str) -> None:
        """Ask the tests to end, and wait for it as long as one may."""
        from hooks.results import store  # noqa: PLC0415 - parsing a DAG stays cheap
        from rallycross.verification_jobs.follow import StoppedFollowing, VerificationLost, follow  # noqa: PLC0415

        store().verifications.stop(uuid)
        enough = threading.Event()
        threading.Timer(_END_SECONDS, enough.set).start()
        try:
            follow(store(), uuid, on_test_end=lambda *_: None, stop=enough)
        except (StoppedFollowing, VerificationLost) as error:
            self.log.warning("the tests were asked to end, and have not said that they did: %s", error)


def _lines(given: Sequence[str] | str) -> list[str]:
    """Return the entries of a parameter: a form gives a list, a template its text, a line each."""
    if isinstance(given, str):
        given = given.splitlines()
    return [line.strip() for line in given if line.strip()]
