"""Turns an Airflow connection of type SSH into a core `Host`."""

from airflow.providers.ssh.hooks.ssh import SSHHook

from rallycross.deployment.host import Host
from rallycross.deployment.ssh_host import SSHHost


def ssh_host(conn_id: str) -> Host:
    """Return the host behind an Airflow connection of type SSH. It connects at once; errors are paramiko's."""
    hook = SSHHook(ssh_conn_id=conn_id)
    return SSHHost(hook.get_conn(), name=hook.remote_host)
