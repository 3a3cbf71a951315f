"""What stands in for hardware in an embedded cloud. Runs inside OpenStack's own processes."""
