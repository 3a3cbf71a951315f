"""Clients for one user of a cloud: sign-in, requests, polling, and the descriptors of services."""
