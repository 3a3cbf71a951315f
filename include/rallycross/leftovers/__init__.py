"""Deletes what can be left in a cloud, by what the descriptors of its services say of it."""
