"""Verification: a verifier is configured from the cloud itself, runs class by class, and tells of test by test.

`verify.verify` is the way in. It is not imported here: the DAGs want the names of the sets only, and cheaply.
"""

from rallycross.verification.known_sets import SETS
from rallycross.verification.test import TestResult

__all__ = ["SETS", "TestResult"]
