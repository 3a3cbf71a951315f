"""Secrets appear in nothing that a run stores or a command prints."""

import base64
import io
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pyarrow.ipc
import pyarrow.parquet
import pytest
import yaml
from small_cloud import ADMIN, SmallCloud

from rallycross.cli.main import main

CANARY = "Canary7Xk9"
PLACES = (
    "cloud header basic cookie url query form user_password hook output argument description environment option source"
    " openrc userdata image_url auth_url proxy database"
)
SECRETS = {place: f"{CANARY}-{place}-Zq8w" for place in PLACES.split()}
EXPORTS = ("rally", "csv", "parquet", "html", "junit", "json")
CREDENTIALS = ("clouds.yaml", "spec.yaml")  # must hold them, as must what a verification keeps


@pytest.fixture(scope="module", name="small")
def _small() -> Iterator[SmallCloud]:
    """Return a small cloud."""
    with pytest.MonkeyPatch.context() as patch, SmallCloud() as cloud:
        patch.setitem(ADMIN, "password", SECRETS["cloud"])
        cloud.things["flavors"]["f1"] |= {"ram": 64, "disk": 0, "vcpus": 1}
        yield cloud


def _task(url: str) -> str:
    s = SECRETS
    said = f"echo password={s['output']}; OS_PASSWORD={s['hook']} curl -u me:{s['basic']} http://x"
    hook = f"sh -c '{said}' --os-token {s['hook']}"
    asked = {"method": "GET", "status_code": 299}  # another than it is: the load fails, and quotes the URL
    signed = {"Authorization": f"Bearer {s['header']}", "X-Auth-Token": s["header"], "Cookie": s["cookie"]}
    first = {
        **asked,
        "url": f"{url}/identity/v3?token={s['query']}",
        "headers": signed,
        "data": {"password": s["form"]},
    }
    second = {**asked, "url": url.replace("://", f"://me:{s['url']}@") + "/identity/v3"}
    third = {**asked, "url": f"{url}/identity/v3", "auth": ["me", s["basic"]]}
    workloads = [{"scenario": {"HttpRequests.check_request": one}} for one in (first, second, third)]
    at_once = {"event": {"unit": "iteration", "at": [1]}}
    workloads[0] |= {"hooks": [{"action": {"sys_call": hook}, "trigger": at_once}]}
    userdata = f"#cloud-config\nchpasswd:\n  list: root:{s['userdata']}\npassword: {s['userdata']}\n"
    boot = {"image": {"name": "cirros"}, "flavor": {"name": "m1.nano"}, "userdata": userdata}
    image = {"image_url": f"http://me:{s['image_url']}@127.0.0.1:9/x", "disk_format": "raw", "container_format": "bare"}
    users = {"users": {"tenants": 1, "users_per_tenant": 1, "user_password": s["user_password"]}}
    task = {
        "version": 2,
        "title": "A run with {{ password }}",
        "description": f"log in by password={s['description']}",
        "subtasks": [
            {"title": "requests", "workloads": workloads},
            {"title": "users", "scenario": {"Authenticate.keystone": {}}, "contexts": users},
            {"title": "boot", "scenario": {"NovaServers.boot_and_delete_server": boot}},
            {"title": "image", "scenario": {"Authenticate.keystone": {}}, "contexts": {"images": image}},
        ],
    }
    return str(yaml.safe_dump(task))


class Home:
    """The output of commands, and all stored data."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.said = folder, ""

    def command(self, *words: str) -> str:
        """Run a command until it ends, and return its output."""
        with io.StringIO() as said, redirect_stdout(said), redirect_stderr(said):
            main(words)
            return self._keep(said.getvalue())

    def run(self, *words: str) -> str:
        """Run a command that starts processes in a separate process."""
        words = (sys.executable, "-m", "rallycross.cli", *words)
        ran = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
        return self._keep(ran.stdout + ran.stderr)

    def _keep(self, text: str) -> str:
        self.said += text
        return text

    def left(self) -> Iterator[tuple[str, str]]:
        """Yield names and contents of all files but those that must hold credentials, and of all rows."""
        for file in sorted(self.folder.rglob("*")):
            if not file.is_file():
                continue
            if file.name.endswith(CREDENTIALS) or file.parent.name == "secrets":
                assert stat.S_IMODE(file.stat().st_mode) == 0o600
                continue
            yield str(file), file.read_bytes().decode(errors="replace")
            if file.suffix == ".arrow":
                yield str(file), str(pyarrow.ipc.open_stream(file).read_all().to_pylist())
            if file.suffix == ".parquet":
                yield str(file), str(pyarrow.parquet.read_table(file).to_pylist())
        with sqlite3.connect(self.folder / "results.db") as database:
            for (table,) in database.execute("select name from sqlite_master where type = 'table'").fetchall():
                yield table, str(database.execute(f"select * from '{table}'").fetchall())


@pytest.fixture(scope="module", name="home")
def _home(small: SmallCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """Run a task with secrets in every possible place, and show it by every command."""
    place = tmp_path_factory.mktemp("canaries")
    config = small.cloud(password=SECRETS["cloud"]).config
    clouds = place / "clouds.yaml"
    clouds.write_text(yaml.safe_dump({"clouds": {"small": config}}))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RALLYCROSS_HOME", str(place / "home"))
        patch.setenv("OS_CLIENT_CONFIG_FILE", str(clouds))
        for name in ("OS_PASSWORD", "A_TOKEN"):
            patch.setenv(name, SECRETS["environment"])
        patch.setenv("RALLYCROSS_API_PATIENCE", "0.1")
        patch.setenv("HTTPS_PROXY", f"http://me:{SECRETS['proxy']}@127.0.0.1:9")
        home = Home(place / "home")
        _commands(home, place, config)
        yield home


def _commands(home: Home, place: Path, config: dict[str, Any]) -> None:
    task = place / "task.yaml"
    task.write_text(_task(config["auth"]["auth_url"].rpartition("/identity")[0]))
    arguments = ("--task-args", f"password={SECRETS['argument']}")
    home.command("plan", str(task), *arguments)
    ran = home.run("run", str(task), "--cloud", "small", *arguments)
    uuid = next((line.split()[1] for line in ran.splitlines() if line.startswith("task ")), "")
    assert uuid, home.said
    home.command("results", "list")
    home.command("results", "show", uuid)
    for form in EXPORTS:
        assert "wrote" in home.command(
            "results", "export", uuid, "--format", form, "-o", str(home.folder / f"export.{form}")
        )
    spec = place / "mine.yaml"
    auth = {**config["auth"], "password": SECRETS["cloud"]}
    spec.write_text(yaml.safe_dump({"name": "mine", "engine": "existing", "auth": auth, "region_name": "nowhere"}))
    openrc = place / "openrc"
    openrc.write_text(
        f"export OS_AUTH_URL=http://me:{SECRETS['auth_url']}@127.0.0.1:9/v3 OS_USERNAME=admin OS_PROJECT_NAME=p\n"
        f"export OS_PASSWORD='{SECRETS['openrc']}' OS_USER_DOMAIN_NAME=D OS_PROJECT_DOMAIN_NAME=D\n"
    )
    other = place / "other.yaml"
    other.write_text(yaml.safe_dump({"name": "other", "engine": "existing", "openrc": str(openrc)}))
    broken = place / "broken.yaml"
    openrc.with_name("broken").write_text(f"export OS_PASSWORD=$(echo {SECRETS['openrc']}\n")
    broken.write_text(yaml.safe_dump({"name": "broken", "engine": "existing", "openrc": str(place / "broken")}))
    for words in (
        ("cloud", "create", str(spec)),
        ("cloud", "create", str(other)),
        ("cloud", "create", str(broken)),
        ("cloud", "show", "other"),
        ("cloud", "show", "other", "--json"),
        ("results", "show", uuid, "--json"),
        ("status", "--json"),
        ("doctor",),
        ("doctor", "--deep"),
        ("cloud", "list"),
        ("cloud", "show", "mine"),
        ("cloud", "show", "nope"),
    ):
        home.command(*words)
    with pytest.MonkeyPatch.context() as patch:
        for form in (
            "postgresql://me:{}@127.0.0.1:9/x",
            "postgresql://127.0.0.1:9/x?password={}",
            "postgresql://m@{}@x:y",
        ):
            patch.setenv("RALLYCROSS_RESULTS_URL", form.format(SECRETS["database"]))
            patch.setenv("RALLYCROSS_DATABASE_PATIENCE", "0.1")
            for words in (("results", "list"), ("status",), ("doctor",)):
                home.command(*words)
    home.command(
        "verify",
        "run",
        "small",
        "-o",
        f"identity.admin_password={SECRETS['option']}",
        "--package",
        f"https://me:{SECRETS['source']}@127.0.0.1:9/x.git",
    )


def test_the_run_did_what_it_was_asked(home: Home) -> None:
    """The load failed with an error that quotes the URL, the hook ran, and users were created: secrets were in use."""
    texts = " ".join(text for _, text in home.left())
    assert "expected 299" in texts
    assert "exit code" in texts
    assert "user_password" in texts
    assert "userdata" in texts
    assert "cannot be downloaded" in texts
    for said in ("cannot sign in", f"{home.folder.parent / 'broken'}"):
        assert said in home.said
    assert "***" in home.said


def _in_base64(secret: str) -> list[str]:
    """Return the Base64 forms of a secret within a longer text, for each of the three offsets."""
    encoded = (base64.b64encode(b"x" * start + secret.encode())[4:-4].decode() for start in range(3))
    return list(encoded)


def test_nothing_that_is_left_has_a_secret(home: Home) -> None:
    """No file below the home and no row in the results database contains a secret."""
    found = {
        (place, name)
        for name, text in home.left()
        for place, secret in SECRETS.items()
        if secret in text or any(form in text for form in _in_base64(secret))
    }
    assert not found


def test_nothing_that_was_said_has_a_secret(home: Home) -> None:
    """No command prints a secret on standard output or standard error."""
    assert {place: home.said.count(secret) for place, secret in SECRETS.items() if secret in home.said} == {}
