"""Glance: steps, and the scenarios that are made of them."""
