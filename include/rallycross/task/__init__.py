"""Turns a task file into a typed plan, or into all complaints about it at once. Pure."""

from rallycross.task.checks import check
from rallycross.task.file import load

__all__ = ["check", "load"]
