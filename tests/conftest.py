"""What holds for all tests."""

import signal
import sys

import pytest
from hypothesis import HealthCheck, settings

# A suite that a script runs in the background ignores Ctrl-C, and so would every command that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

# A busy machine is no fault: neither of what is tested nor of how its examples are made. The examples are the same in
# each run, so that a run says something of the change that it is run for; `--full` looks for new ones.
_ANYWHERE = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("rallycross", derandomize=True, **_ANYWHERE)
settings.register_profile("new-examples", print_blob=True, **_ANYWHERE)
settings.load_profile("rallycross")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Name a test that has failed at once: its traceback is shown when all the others have ended."""
    if report.failed:
        print(f"\nFAILED {report.nodeid} ({report.when})", file=sys.__stderr__, flush=True)
