"""Scenarios and steps for keystone."""
