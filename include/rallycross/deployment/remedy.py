"""What to do about failures of deployers whose cause is known by their words."""

import re
from collections.abc import Iterable

_KNOWN = {
    r"(?=.*(?:openstack\.kolla|/kolla/|quay\.io|kolla_toolbox))(?=.*(?:[Pp]ull|manifest|[Ii]mage|lookup))": (
        "name a registry that is in reach and has Kolla's images of this release: `docker_registry` in `globals`"
    ),
    r"No space left on device|Disk quota exceeded": "make room on that host's disk",
    r"Temporary failure (?:in name resolution|resolving)|Could not resolve|Name or service not known": (
        "let that host resolve names: its /etc/resolv.conf, or a proxy"
    ),
    r"Could not get lock /var/lib/(?:dpkg|apt)|Unable to acquire the dpkg": (
        "wait for what else installs packages on that host, such as unattended-upgrades"
    ),
    r"E: Unable to (?:fetch|locate)|404 +Not Found \[IP|Failed to download metadata for repo": (
        "see that the host's package sources are in reach and up to date"
    ),
    r"fatal: unable to access|fatal: (?:repository|could not read from remote)": (
        "let that host reach the git repository"
    ),
    r"sudo: a password is required|sudo: a terminal is required": (
        "let that user have sudo without a password, or be root"
    ),
    r"run with FORCE=yes": "set `force: true`, or use a distribution that the branch knows",
    r"No matching distribution found|Could not find a version that satisfies": (
        "let that host reach PyPI, or its mirror"
    ),
}


def remedy(lines: Iterable[str]) -> str:
    """Return what to do about a failure that was told of in these lines; "" where it is not known."""
    said = list(lines)
    return "; ".join(what for pattern, what in _KNOWN.items() if any(re.search(pattern, line) for line in said))
