"""Runs the load of a task on a cloud: brings plan, cloud, contexts, load and results together."""

from rallycross.benchmark.task_run import clean, run, standing

__all__ = ["clean", "run", "standing"]
