"""What a run is stored with, so that runs can be compared: the machine of the load, versions, flavors, images."""

import os
import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil
from openstack.connection import Connection

from rallycross.cloud.cloud import Cloud
from rallycross.cloud.facts import CloudFacts
from rallycross.cloud.inventory import api_versions
from rallycross.results.store import Store
from rallycross.task.checks import named_resources
from rallycross.task.known import Known
from rallycross.task.plan import Task

_CHANGES_BY_ITSELF = {"owner"}  # details that say nothing about a resource


def environment(
    task: Task, cloud: Cloud, there: CloudFacts, known: Known, *, store: Store, connection: Connection | None
) -> dict[str, Any]:
    """Return the environment of a task that has been checked against the facts of its cloud."""
    found = {
        "rallycross": version("rallycross"),
        "python": platform.python_version(),
        "machine": platform.platform(),
        "processor": _processor(),
        "cpus": os.cpu_count(),
        "memory": f"{psutil.virtual_memory().total / 1e9:.0f} GB",
    }
    if connection is None:
        return found
    registered = store.clouds.get(cloud.name)
    resources = {
        kind: {name: _telling(details) for name, details in things.items()}
        for kind, things in named_resources(task, there, known).items()
    }
    versions = {"cloud": dict(registered.environment)} if registered and registered.environment else {}
    microversions = {"microversions": api_versions(connection, there.things)}
    return {**found, "services": sorted(there.services), **microversions, **versions, **resources}


def _telling(details: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in details.items() if name not in _CHANGES_BY_ITSELF and value is not None}


def _processor() -> str:
    """Return the processor's model, or its architecture if the system does not tell."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, "") or platform.machine()
