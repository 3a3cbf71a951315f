"""What stands before the load and is taken away after it; found by walking this package."""
