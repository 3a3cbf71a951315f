"""Engines, found by walking this package: each is a module, or a folder with `engine` and what only it needs."""
