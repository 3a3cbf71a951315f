"""Both kinds of host, for real, and what a deployment tells."""

from collections.abc import Iterator

import paramiko
import pytest
from machines import Machines, NoMachinesError
from sites import ADDRESSES
from ssh_server import NoServerError, connected, ssh_server
from told import Told

from rallycross.deployment.host import Host
from rallycross.deployment.local_host import LocalHost
from rallycross.deployment.ssh_host import SSHHost


@pytest.fixture(scope="session")
def ssh_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[paramiko.SSHClient]:
    """Connect to an OpenSSH server of this session's own."""
    try:
        with ssh_server(tmp_path_factory.mktemp("ssh")) as account, connected(account) as client:
            yield client
    except NoServerError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def guests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, object]]:
    """Run the OpenSSH server that stands in for what a provider makes, at some addresses; give what signs in to it."""
    try:
        with ssh_server(tmp_path_factory.mktemp("guests"), addresses=ADDRESSES) as account:
            yield account
    except NoServerError as error:
        pytest.skip(f"{error}; continuous integration, which has one, runs these tests")


@pytest.fixture(params=["local", "ssh"])
def host(request: pytest.FixtureRequest) -> Host:
    """Give each kind of host; a test that asks for this is run on both."""
    if request.param == "local":
        return LocalHost()
    return SSHHost(request.getfixturevalue("ssh_client"), name="far")


@pytest.fixture
def told() -> Told:
    """Gather what is told."""
    return Told()


@pytest.fixture(scope="session")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    """Give test hosts: real systemd, real SSH, a network of their own."""
    try:
        with Machines(tmp_path_factory.mktemp("machines")) as made:
            yield made
    except NoMachinesError as error:
        pytest.skip(f"{error}; continuous integration, which is root, runs these tests")
