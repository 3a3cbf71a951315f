"""The services of the embedded cloud: one module each, found by walking this package."""
