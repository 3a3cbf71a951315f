"""Scenarios and steps for cinder."""
