"""Verify cloud: runs tempest or another verifier against an existing cloud.

| stage | what it does |
|---|---|
| `verify` | runs the tests; a failed test is a result. If the worker dies, the next try continues |
| `report` | writes the HTML, JUnit and JSON reports: see the run's tab **Report** |
| `verdict` | fails the run unless every test passed, was skipped, or failed as expected |

A cloud that passes updates the asset `verified-CLOUD`: a DAG with `schedule=[Asset(name="verified-CLOUD",
uri="rallycross://clouds/CLOUD/verified")]` then runs; the event's `extra` has the counts of tests.
"""

from datetime import timedelta

from airflow.sdk import DAG, Param

from operators import params
from operators.report import ReportOperator
from operators.retries import RETRIED
from operators.verdict import VerdictOperator
from operators.verify import VerifyOperator
from rallycross.verification import SETS
from rallycross.verification.source import KINDS

# The form folds sections; parameters without a section are always visible.
PARAMS = {
    "cloud": Param(
        "embedded",
        type="string",
        minLength=1,
        title="Cloud",
        description="Name of a cloud that Rallycross deployed, or id of a connection of type OpenStack.",
    ),
    "tests": Param(
        "smoke",
        enum=list(SETS),
        values_display={name: f"{name}: {what}" for name, what in SETS.items()},
        title="Set",
        description="The set of tests to run. A pattern or a list below replaces it; a project only has the set full.",
    ),
    "pattern": params.optional_text(
        title="Pattern",
        description="A regular expression that is searched for in test ids, instead of a set.",
    ),
    "concurrency": Param(
        2, type="integer", minimum=1, maximum=64, title="Tests at a time", description="How many run at the same time."
    ),
    "load_list": params.optional_lines(
        title="Tests",
        description="Names of tests, one per line, instead of a set.",
        section="Lists",
    ),
    "skip_list": params.optional_lines(
        title="Skip list",
        description="Tests not to run, one per line: a regular expression, a #, and the reason.",
        section="Lists",
    ),
    "expected_failures": params.optional_lines(
        title="Expected failures",
        description="Tests that are known to fail, one per line: a regular expression, a #, and the reason.",
        section="Lists",
    ),
    "verifier": Param(
        "tempest",
        enum=list(KINDS),
        values_display={name: f"{name}: {what}" for name, what in KINDS.items()},
        title="Verifier",
        description="The kind of verifier.",
        section="Verifier",
    ),
    "package": params.optional_text(
        title="Version or source",
        description="A version, a requirement, a git URL or a folder, as the workers' RALLYCROSS_PACKAGES allows;"
        " empty: the tempest that came with Rallycross.",
        section="Verifier",
    ),
    "plugins": params.optional_lines(
        title="Plugins",
        description="Packages to install with it, one per line, such as neutron-tempest-plugin.",
        section="Verifier",
    ),
    "test_package": params.optional_text(
        title="Test package",
        description="The package of a project's tests, such as openstack.tests.functional.",
        section="Verifier",
    ),
    "accounts": params.optional_text(
        title="Accounts",
        description="Tempest's accounts.yaml, as a file below a folder that the workers' RALLYCROSS_FILES"
        " names; empty: users are created for the tests.",
        section="Verifier",
    ),
    "options": params.optional_lines(
        title="Options",
        description="One per line: section.name=value for tempest.conf, NAME=value for a project's environment."
        " Everyone who may see the run can read them: do not put passwords here.",
        section="Verifier",
    ),
}

QUICK = timedelta(minutes=15)

with DAG(
    "verify_cloud",
    description="Verify an existing cloud",
    doc_md=__doc__,
    schedule=None,
    params=PARAMS,
    tags=["rallycross"],
    default_args={"retries": 0},
    # Verifications of one cloud share its workspace: a second one would be refused.
    max_active_runs=1,
    max_active_tasks=8,
):
    verify = VerifyOperator(
        task_id="verify",
        cloud="{{ params.cloud }}",
        tests="{{ params.tests }}",
        pattern="{{ params.pattern or '' }}",
        load_list="{{ (params.load_list or []) | join('\n') }}",
        skip_list="{{ (params.skip_list or []) | join('\n') }}",
        expected_failures="{{ (params.expected_failures or []) | join('\n') }}",
        concurrency="{{ params.concurrency }}",
        options="{{ (params.options or []) | join('\n') }}",
        verifier="{{ params.verifier }}",
        package="{{ params.package or '' }}",
        plugins="{{ (params.plugins or []) | join('\n') }}",
        test_package="{{ params.test_package or '' }}",
        accounts="{{ params.accounts or '' }}",
        execution_timeout=timedelta(hours=12),
        doc_md="Runs the tests. Failed tests do not stop the run; the verdict counts them.",
    )
    report = ReportOperator(
        task_id="report",
        **RETRIED,
        stages=["verify"],
        parts=("verify",),
        execution_timeout=QUICK,
        doc_md="Writes the HTML, JUnit and JSON reports: see the run's tab Report.",
    ).as_teardown()
    verdict = VerdictOperator(
        task_id="verdict",
        **RETRIED,
        stages=["verify"],
        parts=("verify",),
        execution_timeout=QUICK,
        doc_md="Fails the run unless the cloud passed.",
    ).as_teardown(on_failure_fail_dagrun=True)

    verify >> report >> verdict
