"""The repository of benchmarks, found by walking this package: one file a service."""
