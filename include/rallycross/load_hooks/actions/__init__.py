"""Actions of hooks, found by walking this package. Each has a module."""
