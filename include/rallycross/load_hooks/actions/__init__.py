"""Actions of hooks, found by walking this package: one module each."""
