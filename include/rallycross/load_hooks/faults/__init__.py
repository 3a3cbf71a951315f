"""Faults: sentences about services and nodes, the scripts that make them, and how they are undone."""
