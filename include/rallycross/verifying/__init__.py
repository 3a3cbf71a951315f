"""Verifications that are kept: run, taken up again after a death, followed, imported, compared.

`run` runs one in this process; `job` in a process of its own, which outlives whoever asked for it.
"""
