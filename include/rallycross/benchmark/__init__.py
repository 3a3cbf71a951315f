"""Puts the load of a task on a cloud: composes plan, cloud, contexts, load and results."""

from rallycross.benchmark.task_run import clean, run, standing

__all__ = ["clean", "run", "standing"]
