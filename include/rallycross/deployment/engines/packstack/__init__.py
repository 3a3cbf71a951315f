"""Packstack: the engine, and what it writes for the deployer."""
