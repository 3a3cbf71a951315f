"""Operators: each carries out one stage of a run, as a thin layer over the core."""
