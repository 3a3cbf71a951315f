"""Verbs: each operator carries out one stage of a run, thinly, over the core."""
