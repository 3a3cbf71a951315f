"""Scenarios and steps for glance."""
