"""The repository of scenarios, found by walking this package: a folder a service, with its steps, and nothing else."""
