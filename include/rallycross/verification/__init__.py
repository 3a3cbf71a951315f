"""Tempest: install, configure, run, read subunit."""
