"""Engines, found by walking this package: a module each, or a folder with `engine` and what only that needs."""
