"""Deploys a cloud: engines, the hosts they act on, the steps they take."""
