"""Puts the load of a task on a cloud: composes plan, cloud, contexts, load and results (`task_run`).

Nothing is imported here: a load process, which is part of this package, needs neither a database nor SSH.
"""
