"""Behaves as Kolla Ansible does where an engine can notice: what it refuses, asks for, leaves behind and ends with.

`trap` in globals.yml makes it misbehave: fail-once, slow. Hosts are real, and reached by the real ssh.
"""

import argparse
import os
import secrets
import shutil
import subprocess
import sys
import time
from pathlib import Path

SHARE = Path(sys.prefix) / "share" / "kolla-ansible"
COLLECTION = "collections/ansible_collections/openstack/kolla"
SURE = "--yes-i-really-really-mean-it"
UNIT = """\
cat > /etc/systemd/system/kolla-{name}-container.service <<'EOF'
[Unit]
Description=docker kolla {name}
[Service]
ExecStart=/bin/sleep infinity
[Install]
WantedBy=multi-user.target
EOF
mkdir -p /etc/kolla/{name}
systemctl daemon-reload
systemctl enable -q --now kolla-{name}-container.service
"""
# It takes away what looks like a tunnel or a namespace, whoever has made it.
DESTROY = """\
[ -e /opt/kolla/docker ] || { echo 'validate-docker-execute: docker: command not found'; exit 1; }
for unit in /etc/systemd/system/kolla-*-container.service; do
    [ ! -e "$unit" ] || { systemctl disable -q --now "${unit##*/}"; rm "$unit"; }
done
rm -rf /etc/kolla/*
ip netns list | while read -r name _; do ip netns delete "$name"; done
"""


def say(line: str) -> None:
    """Say it now: who listens may be gone before the end."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def flat(path: Path) -> dict[str, str]:
    """Return the keys of a YAML file that has one a line."""
    lines = [line for line in path.read_text().splitlines() if ": " in f"{line} " and not line.startswith(("#", "---"))]
    return {key.strip(): value.strip().strip("'\"") for key, _, value in (line.partition(":") for line in lines)}


def written(path: Path, keys: dict[str, str]) -> None:
    """Write them, as the real ones do: what was there is deleted first."""
    path.unlink(missing_ok=True)
    path.write_text("".join(f"{key}: {value}\n" for key, value in sorted(keys.items())))


def genpwd() -> None:
    """Fill in what is empty."""
    parser = argparse.ArgumentParser()
    parser.add_argument("-p", "--passwords", default="/etc/kolla/passwords.yml")
    path = Path(parser.parse_args().passwords)
    if not path.exists():
        sys.exit(f'ERROR: Passwords file "{path}" is missing')
    written(path, {key: value or secrets.token_hex(20) for key, value in flat(path).items()})


def mergepwd() -> None:
    """Put the old ones above the new ones."""
    parser = argparse.ArgumentParser()
    for name in ("old", "new", "final"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    given = parser.parse_args()
    written(given.final, flat(given.new) | flat(given.old))


def main() -> None:
    """Run a command."""
    if "UTF-8" not in os.environ.get("LC_ALL", "") + os.environ.get("LANG", ""):
        sys.exit("ERROR: Ansible requires the locale encoding to be UTF-8; Detected None.")
    if sys.argv[1:] == ["--version"]:
        say("kolla-ansible 22.2.0")
        return
    parser = argparse.ArgumentParser(prog="kolla-ansible")
    parser.add_argument("command")
    parser.add_argument("-i", "--inventory", default="/etc/kolla/ansible/inventory/all-in-one")
    parser.add_argument("--configdir", type=Path, default=Path("/etc/kolla"))
    parser.add_argument("-t", "--tags")
    parser.add_argument("-l", "--limit", default="all")
    parser.add_argument(SURE, action="store_true", dest="sure")
    given = parser.parse_args()
    if given.command in {"destroy", "stop"} and not given.sure:
        parser.error(f"the following arguments are required: {SURE}")  # ends with 2
    if given.command == "install-deps":
        if not shutil.which("git"):
            sys.exit("ERROR! Failed to find required executable git in paths")
        (Path(os.environ["ANSIBLE_HOME"]) / COLLECTION).mkdir(parents=True, exist_ok=True)
        return
    Play(Path(given.inventory), given.configdir, given.limit).run(given.command)


class Play:
    """A play on the hosts of an inventory."""

    def __init__(self, inventory: Path, config: Path, limit: str) -> None:
        if not inventory.exists():
            sys.exit(f"Kolla inventory {inventory} is invalid: Path does not exist")
        self.config, self.limit = config, limit
        self.globals, self.passwords = flat(config / "globals.yml"), flat(config / "passwords.yml")
        self.groups: dict[str, list[str]] = {}
        self.addresses = {}
        group = ""
        for line in inventory.read_text().splitlines():
            if line.startswith("["):
                group = line.strip("[]")
                self.groups[group] = []
            elif words := line.split():
                self.groups[group].append(words[0])
                variables = dict(word.split("=") for word in words[1:])
                self.addresses[words[0]] = variables.get("ansible_host", words[0])
        assert "baremetal:children" in self.groups, "no group baremetal"

    def run(self, command: str) -> None:
        """Run one command; end with Ansible's codes: 2 for a failed host, 4 for one that is out of reach."""
        hosts = sorted({name for role in ("control", "network", "compute") for name in self.groups[role]})
        say(f"PLAY [{command}] {'*' * 60}")
        if command == "bootstrap-servers":
            if not (Path(os.environ["ANSIBLE_HOME"]) / COLLECTION).exists():
                say("[ERROR]: the role 'openstack.kolla.baremetal' was not found")
                sys.exit(1)
            self.everywhere(hosts, "/usr/bin/python3 -c 'import apt' && mkdir -p /opt/kolla && touch /opt/kolla/docker")
        elif command == "prechecks":
            self.everywhere(hosts, "[ -e /opt/kolla/docker ] || { echo \"No module named 'docker'\"; exit 1; }")
        elif command == "pull" and self.globals.get("trap") == "no-images":
            say('fatal: [kolla-1]: FAILED! => Get "https://quay.io/v2/": dial tcp: lookup quay.io: no such host')
            sys.exit(2)
        elif command == "pull":
            self.everywhere(hosts, "touch /opt/kolla/images")
        elif command == "deploy":
            self.deploy(hosts)
        elif command == "post-deploy":
            self.credentials()
        elif command == "destroy":
            if self.limit == "all":
                hosts = ["localhost", *hosts]
            self.everywhere(hosts, DESTROY)
        say(f"PLAY RECAP {'*' * 60}")

    def deploy(self, hosts: list[str]) -> None:
        """Start the containers, and fail half-way where it is to."""
        trap = self.globals.get("trap", "")
        self.everywhere(hosts, "[ -e /opt/kolla/images ] || { echo 'no image in the registry'; exit 1; }")
        self.everywhere(self.groups["control"], UNIT.format(name="keystone"))
        if trap == "slow":
            time.sleep(2)
        if trap == "fail-once":
            script = (
                "[ -e /opt/kolla/failed ] || { touch /opt/kolla/failed; echo 'Container exited too fast'; exit 1; }"
            )
            self.everywhere(hosts[:1], script)
        self.everywhere(self.groups["compute"], UNIT.format(name="nova_compute"))

    def credentials(self) -> None:
        """Write the clouds.yaml."""
        entry = f"""\
clouds:
  kolla-admin:
    auth:
      auth_url: http://{self.globals["kolla_internal_vip_address"]}:5000
      project_domain_name: Default
      user_domain_name: Default
      project_name: admin
      username: admin
      password: {self.passwords["keystone_admin_password"]}
    region_name: RegionOne
"""
        (self.config / "clouds.yaml").write_text(entry)

    def everywhere(self, hosts: list[str], script: str) -> None:
        """Run a script on hosts."""
        for host in hosts:
            way = ["bash", "-s"] if host == "localhost" else ["ssh", self.addresses[host], "bash -s"]
            ran = subprocess.run(way, input=script, text=True, capture_output=True, check=False)
            if ran.returncode == 255:
                say(f"[ERROR]: Task failed: {host} is unreachable: {ran.stderr.strip()}")
                sys.exit(4)
            if ran.returncode:
                say(f"fatal: [{host}]: FAILED! => {(ran.stdout + ran.stderr).strip()}")
                sys.exit(2)
            say(f"changed: [{host}]")
