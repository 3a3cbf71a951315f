"""The load engine: pace, iterations, samples."""
