"""No secret that Airflow is given is in files, logs or answers of a run, except in its form as it was typed."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from small_cloud import ADMIN, SmallCloud

from rallycross.settings import CHECKOUT

PLACES = "connection extra variable argument user_password userdata image_url"
SECRETS = {place: f"Canary7Xk9-{place}-Zq8w" for place in PLACES.split()}
# What Airflow shows as it was typed: it has no hook by which that could be changed. docs/access.md says so.
AS_TYPED = {("dag_run", "conf")}


@dataclass(frozen=True)
class Ran:
    """A run with secrets."""

    home: Path
    said: str
    state: str
    answers: dict[str, str]

    def left(self) -> Iterator[tuple[str, str]]:
        """Yield the names and contents of all files, and of all columns of all rows of both databases."""
        for file in sorted(self.home.rglob("*")):
            if file.is_file() and file.suffix not in {".db", ".db-wal", ".db-shm"}:
                yield str(file), file.read_bytes().decode(errors="replace")
        for name in ("airflow/airflow.db", "rallycross/results.db"):
            with sqlite3.connect(self.home / name) as database:
                for (table,) in database.execute("select name from sqlite_master where type = 'table'").fetchall():
                    rows = database.execute(f"select * from '{table}'")
                    columns = [column[0] for column in rows.description]
                    for row in rows.fetchall():
                        yield from (
                            (f"{name}: {table}.{column}", str(value))
                            for column, value in zip(columns, row, strict=True)
                            if (table, column) not in AS_TYPED
                        )
            database.close()


def _task() -> str:
    s = SECRETS
    users = {"tenants": 1, "users_per_tenant": 1, "user_password": s["user_password"]}
    boot = {"image": {"name": "cirros"}, "flavor": {"name": "m1.nano"}, "userdata": f"password: {s['userdata']}"}
    image = {"image_url": f"http://me:{s['image_url']}@127.0.0.1:9/x", "disk_format": "raw", "container_format": "bare"}
    subtasks = [
        {"title": "boot", "scenario": {"NovaServers.boot_and_delete_server": boot}, "contexts": {"users": users}},
        {"title": "image", "scenario": {"Authenticate.keystone": {}}, "contexts": {"images": image}},
    ]
    return str(yaml.safe_dump({"version": 2, "title": "With {{ password }}", "subtasks": subtasks}))


@pytest.fixture(name="ran", scope="module")
def _ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    home = tmp_path_factory.mktemp("home")
    s = SECRETS
    with pytest.MonkeyPatch.context() as patch, SmallCloud() as cloud:
        patch.setitem(ADMIN, "password", s["connection"])
        cloud.things["flavors"]["f1"] |= {"ram": 64, "disk": 0, "vcpus": 1}
        auth = cloud.cloud(password=s["connection"]).config["auth"]
        extra = {key: value for key, value in auth.items() if key not in {"auth_url", "username", "password"}}
        extra |= {"region_name": "R", "my_secret": s["extra"]}
        connection = {"conn_id": "testcloud", "conn_type": "openstack", "host": auth["auth_url"]}
        connection |= {"login": auth["username"], "password": s["connection"], "extra": json.dumps(extra)}
        conf = {"cloud": "testcloud", "task_file": _task(), "task_args": {"password": s["argument"]}}
        given = {"connection": connection, "variables": {"the_password": s["variable"]}, "conf": conf}
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "PYTEST"))}
        environment |= {
            "AIRFLOW_HOME": str(home / "airflow"),
            "AIRFLOW__CORE__DAGS_FOLDER": str(CHECKOUT / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(CHECKOUT / "plugins"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__FERNET_KEY": "81HqDtbqAywKSOumSha3BhWNOdQ26slT6K0YaZeZyPs=",
            "AIRFLOW__API_AUTH__JWT_SECRET": "a secret of the tests, long enough for the signature: " + "x" * 32,
            "RALLYCROSS_HOME": str(home / "rallycross"),
            "RALLYCROSS_API_PATIENCE": "1",
        }
        program = [sys.executable, str(Path(__file__).with_name("secret_run.py")), json.dumps(given)]
        done = subprocess.run(program, env=environment, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    *said, last = done.stdout.splitlines()
    answered: dict[str, Any] = json.loads(last)
    return Ran(home, "\n".join([*said, done.stderr]), answered["state"], answered["answers"])


def test_there_was_something_to_hide(ran: Ran) -> None:
    """The load ran with its arguments, the download failed, and all requests were answered."""
    texts = " ".join(text for _, text in ran.left())
    assert ran.state == "failed"
    assert "cannot be downloaded" in texts
    assert "user_password" in texts
    assert "userdata" in texts
    assert "cannot be downloaded" in ran.said
    codes = {address: answer[:3] for address, answer in ran.answers.items()}
    assert [
        address for address, code in codes.items() if address.startswith("admin") and code not in {"200", "404"}
    ] == []
    assert list(codes.values()).count("200") > 20


def test_no_file_and_no_row_has_a_secret(ran: Ran) -> None:
    """Neither Airflow's database, except for the run's configuration, nor any report or sample has a secret."""
    assert {
        (where, place) for where, text in ran.left() for place, secret in SECRETS.items() if secret in text
    } == set()


def test_no_log_has_a_secret(ran: Ran) -> None:
    """No log of a stage, or of Airflow about it, has a secret."""
    assert [place for place, secret in SECRETS.items() if secret in ran.said] == []


def test_no_answer_has_a_secret(ran: Ran) -> None:
    """Neither viewers nor administrators see secrets in arguments, XComs, connections, variables or reports."""
    found = {
        (where, place) for where, text in ran.answers.items() for place, secret in SECRETS.items() if secret in text
    }
    assert found == set()
