"""Providers, found by walking this package: one module each."""
