"""Providers, found by walking this package: a module each, or a folder with `provider` and what only that needs."""
