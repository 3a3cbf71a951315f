"""The services of the embedded cloud: one module each, which read alike and are found by walking."""
