"""What to do about failures whose cause is known by their words."""

import pytest

from rallycross.deployment.failure import StepFailure
from rallycross.deployment.remedy import remedy

PULL = (
    'fatal: [node-1]: FAILED! => {"msg": "Unknown error: Get \\"https://quay.io/v2/\\": dial tcp: lookup quay.io'
    ' on 10.0.0.1:53: no such host"}'
)


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (PULL, "docker_registry"),
        ("Error response from daemon: manifest for quay.io/openstack.kolla/nova-api:x not found", "docker_registry"),
        ("tee: /opt/x: No space left on device", "make room"),
        ("fatal: unable to access 'https://opendev.org/openstack/nova/': Failed to connect", "git repository"),
        ("sudo: a password is required", "without a password"),
        ("If you wish to run this script anyway run with FORCE=yes", "force: true"),
        ("E: Unable to fetch some archives, maybe run apt-get update", "package sources"),
        ("E: Could not get lock /var/lib/dpkg/lock-frontend", "wait"),
    ],
)
def test_what_is_known_is_told(line: str, what: str) -> None:
    """A failure with such a line ends with what to do about it."""
    assert what in remedy(["before", line])
    assert (
        what in str(StepFailure("deploy", "node-1", "exit code 2", 2, "kolla-ansible deploy", (line,))).splitlines()[-1]
    )


@pytest.mark.parametrize("line", ["", "TASK [Pull an image of today] ok", "fatal: [node-1]: FAILED! => {}"])
def test_what_is_not_known_is_not_guessed(line: str) -> None:
    """A failure with an unknown cause has no advice."""
    assert remedy([line]) == ""
