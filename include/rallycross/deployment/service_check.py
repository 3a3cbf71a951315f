"""Check whether a cloud answers: sign in, then ask each service of its catalog."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from rallycross.cloud.access import Access, SignIn
from rallycross.cloud.cloud import Cloud
from rallycross.cloud.reach import check_clock, silent_services
from rallycross.deployment.engine import Service
from rallycross.errors import RallycrossError
from rallycross.settings import settings


def sign_in(name: str, entry: Mapping[str, Any]) -> Access:
    """Sign in by an entry of a clouds.yaml; raise `RallycrossError`."""
    cloud = Cloud(name, {"api_timeout": settings().sign_in_limit, **entry})
    # Retry passing failures only briefly: a user waits for the answer.
    access = SignIn(cloud)(patience=min(settings().api_patience, settings().reach_limit))
    check_clock(cloud, access, datetime.now(UTC))
    return access


def check_services(name: str, entry: Mapping[str, Any]) -> list[Service]:
    """Return each service of the catalog: "RUNNING" if it answers, else "FAILED" with the reason."""
    try:
        access = sign_in(name, entry)
    except RallycrossError as error:
        return [Service("identity", "FAILED", str(error))]
    dead = silent_services(Cloud(name, dict(entry)), access)
    return [
        Service(kind, "FAILED" if kind in dead else "RUNNING", dead.get(kind, url))
        for kind, url in sorted(access.endpoints.items())
    ]
