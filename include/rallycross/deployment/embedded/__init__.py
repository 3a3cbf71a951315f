"""The embedded cloud: real OpenStack services from PyPI on one machine."""
