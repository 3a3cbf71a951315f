"""Compares runs of tasks: whether figures differ, by how much, and whether the difference can be told from noise."""
