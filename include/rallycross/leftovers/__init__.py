"""Deletes leftovers in a cloud, by the descriptors of its services."""
