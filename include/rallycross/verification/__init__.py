"""Verification by tempest: configured from the cloud itself, run class by class, told of test by test.

`verify.verify` is the way in. It is not imported here: the DAGs want the names of the sets only, and cheaply.
"""

from rallycross.verification.selection import SETS
from rallycross.verification.test import TestResult

__all__ = ["SETS", "TestResult"]
