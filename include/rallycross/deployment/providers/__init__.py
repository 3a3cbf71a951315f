"""Providers, found by walking this package: each is a module, or a folder with `provider` and what only it needs."""
