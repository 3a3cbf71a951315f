"""Ironic itself, all of it in one process with hardware that is not there: installed once, below the state folder."""

import subprocess
import time
from pathlib import Path
from typing import Any, Self
from urllib.request import urlopen

import openstack
from own_environment import NoIndex, environment, free_port, run

__all__ = ["Ironic", "NoIndex"]

VERSION = "39.0.0"
_LIMIT = 300  # seconds for anything to come about: a busy machine is no fault
_NO_RAMDISK = 4  # seconds for which one is waited for
# Interfaces that are not named here are those of machines that are there, and look for their tools at once.
_CONFIG = """
[DEFAULT]
auth_strategy = noauth
rpc_transport = none
my_ip = 127.0.0.1
host = lab
state_path = {folder}
enabled_hardware_types = fake-hardware
enabled_deploy_interfaces = fake,direct
default_deploy_interface = fake
enabled_network_interfaces = noop
default_network_interface = noop
{fakes}
[api]
host_ip = 127.0.0.1
port = {port}
[database]
connection = sqlite:///{folder}/ironic.db
[conductor]
automated_clean = true
deploy_callback_timeout = {no_ramdisk}
clean_callback_timeout = {no_ramdisk}
check_provision_state_interval = 1
[deploy]
http_url = http://127.0.0.1:{port}/
http_root = {folder}/http
[service_catalog]
auth_type = none
endpoint_override = http://127.0.0.1:{port}
[oslo_concurrency]
lock_path = {folder}/locks
"""
_FAKES = "bios boot console firmware inspect management power raid rescue vendor"


class Ironic:
    """A running ironic, with nodes that a test enrols. Those of the deploy interface `fake` are active at once.

    Those of `direct` fetch the image's headers, and wait in vain for a ramdisk to call back.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._port = folder, free_port()
        self.url = f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        programs, config = (
            environment(f"ironic-{VERSION}", [f"ironic=={VERSION}"]) / "bin",
            self._folder / "ironic.conf",
        )
        fakes = "\n".join(f"enabled_{name}_interfaces = fake" for name in _FAKES.split())
        config.write_text(_CONFIG.format(folder=self._folder, port=self._port, fakes=fakes, no_ramdisk=_NO_RAMDISK))
        run(str(programs / "ironic-dbsync"), "--config-file", str(config), "create_schema")
        with (self._folder / "ironic.log").open("wb") as log:
            self._process = subprocess.Popen(
                [programs / "ironic", "--config-file", config], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        try:
            self._await(lambda: _answers(f"{self.url}/v1"), _LIMIT)
            self.api = openstack.connect(
                load_yaml_config=False, load_envvars=False, auth_type="none", auth={"endpoint": self.url}
            ).baremetal
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def enrol(self, name: str, resource_class: str, *, traits: tuple[str, ...] = (), deploy: str = "fake") -> None:
        """Have a node that is available, and off; one that is there already stays."""
        if self.api.find_node(name):
            return
        # A ramdisk that cleans would be waited for, too.
        node = self.api.create_node(
            name=name,
            driver="fake-hardware",
            resource_class=resource_class,
            deploy_interface=deploy,
            is_automated_clean_enabled=deploy == "fake",
        )
        self.api.set_node_provision_state(node, "manage")
        self.await_state(name, "manageable")
        # Without a known power state no allocation takes it.
        self.api.set_node_power_state(node, "power off")
        self._await(lambda: self.node(name).power_state == "power off", _LIMIT)
        for trait in traits:
            self.api.add_node_trait(node, trait)
        self.api.set_node_provision_state(node, "provide")
        self.await_state(name, "available")

    def node(self, name: str) -> Any:
        """Return a node as it is now."""
        return self.api.get_node(name)

    def await_state(self, name: str, *states: str) -> None:
        """Wait until a node has come to one of some states."""
        self._await(lambda: self.node(name).provision_state in states, _LIMIT)

    def allocations(self, resource_class: str) -> list[str]:
        """Return the names of the allocations of a resource class."""
        return sorted(one.name for one in self.api.allocations(resource_class=resource_class))

    def _await(self, so: Any, limit: float) -> None:
        deadline = time.monotonic() + limit
        while not so():
            assert self._process.poll() is None, self._said()
            assert time.monotonic() < deadline, self._said()
            time.sleep(0.1)

    def _said(self) -> str:
        return (self._folder / "ironic.log").read_text(errors="replace")[-3000:]


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
