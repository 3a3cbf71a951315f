"""Verification by tempest: configured from the cloud itself, run class by class, told of test by test."""

from rallycross.verification.selection import SETS
from rallycross.verification.test import TestResult
from rallycross.verification.verify import Totals, verify
from rallycross.verification.workers import Stopped, WorkerDied

__all__ = ["SETS", "Stopped", "TestResult", "Totals", "WorkerDied", "verify"]
