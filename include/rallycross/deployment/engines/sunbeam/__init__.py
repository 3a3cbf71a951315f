"""Sunbeam: the engine, and what it runs."""
