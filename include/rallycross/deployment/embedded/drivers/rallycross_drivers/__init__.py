"""Drivers that replace hardware in an embedded cloud. They run inside OpenStack's own processes."""
