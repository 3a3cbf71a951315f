"""Scenarios and steps for neutron."""
