"""Scenarios and steps for nova."""
