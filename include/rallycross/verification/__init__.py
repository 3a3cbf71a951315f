"""Verification: configures a verifier from the cloud itself, runs it class by class, and reports test by test.

`verify.verify` is the entry point. It is not imported here, because the DAGs only need the names of the sets.
"""

from rallycross.verification.known_sets import SETS
from rallycross.verification.test import TestResult

__all__ = ["SETS", "TestResult"]
