"""The contexts, found by walking this package: what stands before the load, and nothing else."""
