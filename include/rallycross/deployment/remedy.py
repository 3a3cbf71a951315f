"""Advice for failures of deployers that are recognized by their output."""

import re
from collections.abc import Iterable

_KNOWN = {
    r"(?=.*(?:openstack\.kolla|/kolla/|quay\.io|kolla_toolbox))(?=.*(?:[Pp]ull|manifest|[Ii]mage|lookup))": (
        "set `docker_registry` in `globals` to a reachable registry that has Kolla's images of this release"
    ),
    r"No space left on device|Disk quota exceeded": "make room on that host's disk",
    r"Temporary failure (?:in name resolution|resolving)|Could not resolve|Name or service not known": (
        "make name resolution work on that host: check /etc/resolv.conf, or use a proxy"
    ),
    r"Could not get lock /var/lib/(?:dpkg|apt)|Unable to acquire the dpkg": (
        "wait until other package installations on that host end, such as unattended-upgrades"
    ),
    r"E: Unable to (?:fetch|locate)|404 +Not Found \[IP|Failed to download metadata for repo": (
        "check that the host's package sources are reachable and up to date"
    ),
    r"fatal: unable to access|fatal: (?:repository|could not read from remote)": (
        "make the git repository reachable from that host"
    ),
    r"sudo: a password is required|sudo: a terminal is required": (
        "allow that user sudo without a password, or sign in as root"
    ),
    r"run with FORCE=yes": "set `force: true`, or use a distribution that the branch supports",
    r"No matching distribution found|Could not find a version that satisfies": (
        "make PyPI or its mirror reachable from that host"
    ),
}


def remedy(lines: Iterable[str]) -> str:
    """Return what to do about a failure with this output; "" if that is unknown."""
    said = list(lines)
    return "; ".join(what for pattern, what in _KNOWN.items() if any(re.search(pattern, line) for line in said))
