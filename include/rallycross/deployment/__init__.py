"""Deploys a cloud: providers make servers, engines plan steps, and steps run on hosts."""

from rallycross.deployment.engine import CloudSpec, Deployed, Service
from rallycross.deployment.local_host import LocalHost
from rallycross.deployment.operations import deploy, destroy, logs, status, stop
from rallycross.deployment.site import Site
from rallycross.deployment.spec import load_spec
from rallycross.deployment.step import Tell

__all__ = [
    "CloudSpec",
    "Deployed",
    "LocalHost",
    "Service",
    "Site",
    "Tell",
    "deploy",
    "destroy",
    "load_spec",
    "logs",
    "status",
    "stop",
]
