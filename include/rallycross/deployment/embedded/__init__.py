"""The embedded cloud: real OpenStack services from PyPI, on one host, under one folder.

`layout` says where everything is, one module a service says how it is configured and started, `plan` puts it all
into steps, and `on_host/` holds what runs on the host itself.
"""
