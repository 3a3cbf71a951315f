"""The contexts, found by walking this package. It contains nothing else."""
