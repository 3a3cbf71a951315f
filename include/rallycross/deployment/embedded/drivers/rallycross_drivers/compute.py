"""Several nova-compute services in one process, each with its own queues, host and resource provider.

RALLYCROSS_COMPUTE_HOSTS has the names of the hosts; the arguments are those of nova-compute.
"""
# ruff: noqa: E402 - nova must be patched before any of it is imported

from nova import monkey_patch

monkey_patch.patch(backend="threading")

import os
import shlex
import signal
import sys
import threading
from uuid import uuid4

import nova.conf
import nova.db.main.api
import os_brick
import os_vif
from nova import config, objects, service, utils
from nova.compute import rpcapi as compute_rpcapi
from nova.conductor import rpcapi as conductor_rpcapi
from nova.objects import base as objects_base
from nova.virt import node
from oslo_log import log as logging
from oslo_privsep import priv_context

from rallycross_drivers import agents, hypervisor


def main() -> None:
    """Start a service for each host, and run until SIGTERM."""
    config.parse_args(sys.argv)
    logging.setup(nova.conf.CONF, "nova")
    priv_context.init(root_helper=shlex.split(utils.get_root_helper()))
    objects.register_all()
    os_brick.setup(nova.conf.CONF)
    os_vif.initialize()
    # A compute service does not access a database; it asks the conductor.
    nova.db.main.api.DISABLE_DB_ACCESS = True
    objects_base.NovaObject.indirection_api = conductor_rpcapi.ConductorAPI()
    objects.Service.enable_min_version_cache()

    # nova looks for drivers in its own package only.
    sys.modules["nova.virt.rallycross"] = hypervisor
    hosts = os.environ["RALLYCROSS_COMPUTE_HOSTS"].split()
    if node.read_local_node_uuid() is None:
        # nova requires this file after the first start of a compute service; the driver does not use it.
        node.write_local_node_uuid(str(uuid4()))
    services = [
        service.Service.create(
            host=host,
            binary="nova-compute",
            topic=compute_rpcapi.RPC_TOPIC,
            manager="rallycross_drivers.compute_manager.Manager",
            topic_alt=compute_rpcapi.RPC_TOPIC_ALT,
        )
        for host in hosts
    ]
    for one in services:
        one.start()
    agents.report(hosts)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    ended.wait()
    # Unfinished work of a service is lost with its fake hypervisor anyway, so do not wait for it.
    os._exit(0)


if __name__ == "__main__":
    main()
