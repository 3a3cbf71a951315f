"""An SSH connection of Airflow becomes a host, tested with a real OpenSSH server."""

import json
from pathlib import Path

import pytest
from ssh_server import NoServerError, ssh_server

from hooks.ssh import ssh_host
from rallycross.deployment.host import CommandFailed


def test_a_connection_becomes_a_host(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Commands run and files are copied as the connection's user; a failure names the host."""
    try:
        with ssh_server(tmp_path) as account:
            extra = {"key_file": account["key_filename"], "no_host_key_check": "true"}
            connection = {
                "conn_type": "ssh",
                "host": account["hostname"],
                "port": account["port"],
                "login": account["username"],
                "extra": extra,
            }
            monkeypatch.setenv("AIRFLOW_CONN_FAR", json.dumps(connection))
            host = ssh_host("far")
            host.put(f"{tmp_path}/moved", "a text")

            assert host.run(f"cat {tmp_path}/moved").out == "a text"
            assert host.read(f"{tmp_path}/moved") == "a text"
            with pytest.raises(CommandFailed, match=r"127\.0\.0\.1"):
                host.run("exit 3")
    except NoServerError as error:
        pytest.skip(str(error))
