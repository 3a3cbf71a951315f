"""Runs the verifications of the results database, resumes them after a crash, and follows them.

`run` runs a verification in this process, `job` in a process of its own, which outlives the process that started it.
"""
