"""Reports compute hosts to neutron as hosts of a layer 2 agent, for as long as their compute services run.

There is no such agent: `network` binds ports without one. But clients list agents, to find a host to bind a port on.
"""

import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime

import oslo_messaging
from nova import rpc
from oslo_log import log

_INTERVAL, _AGAIN = 30.0, 2.0  # seconds between reports (neutron's default), and until one that failed is repeated
# neutron's own: where its servers listen for reports.
_REPORTS = oslo_messaging.Target(exchange="neutron", topic="q-reports-plugin", version="1.4")

_log = log.getLogger(__name__)


def report(hosts: Sequence[str]) -> None:
    """Report the hosts now and every half a minute, on a thread that ends with the process."""
    threading.Thread(target=_report_for_ever, args=(hosts,), name="agents", daemon=True).start()


def _report_for_ever(hosts: Sequence[str]) -> None:
    client = oslo_messaging.get_rpc_client(rpc.TRANSPORT, _REPORTS, timeout=_INTERVAL / 3)
    known: set[str] = set()
    while True:
        pause = _INTERVAL
        try:
            for host in hosts:
                _report(client, host, started=host not in known)
                known.add(host)
        except oslo_messaging.MessagingException as error:
            _log.warning("neutron or the message queue is not up, so the agents are reported again: %s", error)
            pause = _AGAIN
        time.sleep(pause)


def _report(client: oslo_messaging.RPCClient, host: str, *, started: bool) -> None:
    state = {
        "agent_type": "Open vSwitch agent",
        "binary": "rallycross-agent",
        "host": host,
        "topic": "N/A",
        "configurations": {"simulated": True},
        "start_flag": started,
    }
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")
    client.call({"is_admin": True}, "report_state", agent_state={"agent_state": state}, time=now)
