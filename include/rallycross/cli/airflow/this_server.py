"""This checkout's Airflow, as the environment's settings say."""

import os

from rallycross.cli.airflow.secrets import USER
from rallycross.cli.airflow.server import AirflowServer
from rallycross.errors import RallycrossError
from rallycross.settings import settings


def airflow_server() -> AirflowServer:
    """Return the server whose state is in this checkout's home; `RALLYCROSS_AIRFLOW_PORT` insists on a port."""
    wanted = os.environ.get("RALLYCROSS_AIRFLOW_PORT")
    if wanted is not None and not (wanted.isdigit() and 0 < int(wanted) < 65536):
        raise RallycrossError(f"RALLYCROSS_AIRFLOW_PORT={wanted} is not a port - name a number from 1 to 65535")
    return AirflowServer(settings().home / "airflow", wanted_port=int(wanted) if wanted else None)


def login(server: AirflowServer) -> str:
    """Return where the UI is, and how to sign in to it."""
    return f"{server.url}  user {USER}, password {server.secrets.password}"
