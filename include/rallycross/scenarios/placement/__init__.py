"""Scenarios and steps for placement."""
