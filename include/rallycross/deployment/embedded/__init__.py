"""The embedded cloud: real OpenStack services from PyPI, under one folder on each host.

`layout` says where everything is, each module of `services` how one service is configured and started, `plan` turns
that into steps, and `on_host/` has the programs that run on the host itself.
"""
