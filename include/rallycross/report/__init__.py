"""The report of a run, as an HTML page, JUnit XML and JSON."""

from rallycross.report.files import write

__all__ = ["write"]
