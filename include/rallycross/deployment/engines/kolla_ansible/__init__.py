"""Kolla Ansible: the engine, and what it writes for the deployer."""
