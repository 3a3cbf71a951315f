"""cinder-volume and cinder-backup, on a host without storage hardware and without root.

Usage: python -m rallycross_drivers.storage volume|backup, and the arguments of cinder-volume or cinder-backup
"""
# ruff: noqa: E402 - cinder must be patched before any of it is imported

from cinder import monkey_patch

monkey_patch.patch()

import importlib
import sys
from typing import Any

from cinder import service, utils
from cinder.volume import volume_utils
from os_brick.initiator.connectors.local import LocalConnector
from oslo_config import cfg
from oslo_service import service as oslo_service

_report_state = service.Service.report_state


def _report_own_state(self: Any) -> None:
    """Report the state of this service: cinder takes the one that was created last for the process's only one."""
    service.Service.service_id = self.origin_service_id
    _report_state(self)


def main() -> None:
    """Run the program in the first argument."""
    program = importlib.import_module(f"cinder.cmd.{sys.argv.pop(1)}")
    # All backends in this process, not each in a child of it, which would have all of cinder in memory once more.
    service.process_launcher = lambda: oslo_service.ServiceLauncher(cfg.CONF)
    service.Service.report_state = _report_own_state
    # Devices are files of this user's: root is not needed to find hardware, or to check and copy them.
    volume_utils.brick_get_connector_properties = lambda *_, **__: {"ip": cfg.CONF.my_ip, "host": cfg.CONF.host}
    utils.get_root_helper = lambda: "env"
    LocalConnector.check_valid_device = lambda *_, **__: True
    program.main()


if __name__ == "__main__":
    main()
