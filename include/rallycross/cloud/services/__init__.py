"""Descriptors of OpenStack services, one per module, found by walking this package."""
