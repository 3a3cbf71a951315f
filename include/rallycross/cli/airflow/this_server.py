"""Opens this checkout's Airflow by the settings in the environment."""

import os

from rallycross.cli.airflow.secrets import USER
from rallycross.cli.airflow.server import AirflowServer
from rallycross.errors import RallycrossError
from rallycross.settings import settings


def airflow_server() -> AirflowServer:
    """Return the server with its state in this checkout's home; `RALLYCROSS_AIRFLOW_PORT` demands a port."""
    wanted = os.environ.get("RALLYCROSS_AIRFLOW_PORT")
    if wanted is not None and not (wanted.isdigit() and 0 < int(wanted) < 65536):
        raise RallycrossError(f"RALLYCROSS_AIRFLOW_PORT={wanted} is not a port - name a number from 1 to 65535")
    return AirflowServer(settings().home / "airflow", wanted_port=int(wanted) if wanted else None)


def login(server: AirflowServer) -> str:
    """Return the UI's address and login."""
    return f"{server.url}  user {USER}, password {server.secrets.password}"
