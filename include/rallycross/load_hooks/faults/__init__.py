"""Faults: sentences about services and nodes, the scripts that they stand for, and how they are taken back."""
