"""Counterparts of deployers on test hosts: their commands, played by tables of what they refuse, leave and end with."""

import base64
import json
from dataclasses import dataclass, field
from pathlib import Path

from git_trees import repository

_PLAYER = Path(__file__).with_name("played.py")
_PLAY = "/opt/played/play"
TRAP = "/opt/played/trap"  # what it has once lets a deploy fail half-way

# `unit NAME` gives the host a service, as a deployer does; `fails_once WORDS CODE` fails where the trap is set.
_HELP = f"""
unit() {{
    printf '[Unit]\\nDescription=played %s\\n[Service]\\nExecStart=/bin/sleep infinity\\n' "$1" > "/run/$1"
    printf 'Restart=on-failure\\n' >> "/run/$1"
    printf '[Install]\\nWantedBy=multi-user.target\\n' >> "/run/$1"
    mv "/run/$1" "/etc/systemd/system/$1.service"
    systemctl daemon-reload
    systemctl enable -q --now "$1.service"
}}
fails_once() {{
    [ -e {TRAP} ] || return 0
    rm -f {TRAP}
    echo "$1"
    exit "$2"
}}
"""


@dataclass(frozen=True)
class Played:
    """A deployer's commands, each with its rows: a pattern of arguments, and a script of bash."""

    there: tuple[str, ...]  # paths of the commands that a host has from the beginning
    rows: dict[str, list[tuple[str, str]]]
    repository: dict[str, str] = field(default_factory=dict)  # path in it -> content, or the name of a command after ->

    def script(self, folder: Path) -> str:
        """Return a script that puts it all onto a host; `folder` is for the repository's making."""
        lines = ["mkdir -p /opt/played", _put(_PLAY, _PLAYER.read_text()), f"chmod 755 {_PLAY}"]
        for name, rows in self.rows.items():
            helped = [[pattern, _HELP + script] for pattern, script in rows]
            lines.append(_put(f"/opt/played/{name}.json", json.dumps(helped)))
        lines += [f"mkdir -p {path.rpartition('/')[0]}; ln -sf {_PLAY} {path}" for path in self.there]
        if self.repository:
            lines.append(repository("repository", folder, tree=_tree(self.repository, folder / "tree")))
        return "\n".join(lines)


def _put(path: str, text: str) -> str:
    return f"base64 -d <<'EOF' > {path}\n{base64.b64encode(text.encode()).decode()}\nEOF"


def _tree(content: dict[str, str], folder: Path) -> Path:
    """Return a folder with this content; a value `->` is a command that is played."""
    for path, text in content.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        if text == "->":
            (folder / path).symlink_to(_PLAY)
        else:
            (folder / path).write_text(text)
    return folder


REPOSITORY = "file:///srv/repository.git"

PACKSTACK = Played(
    there=("/usr/bin/dnf",),
    rows={
        "dnf": [
            ("-y -q install dnf-plugins-core", "touch /opt/played/plugins"),
            ("config-manager --set-enabled crb", "[ -e /opt/played/plugins ] && touch /opt/played/crb"),
            ("-y -q install centos-release-openstack-[a-z]+", "[ -e /opt/played/crb ] && touch /opt/played/rdo"),
            ("-y -q install openstack-packstack", f"[ -e /opt/played/rdo ] && ln -sf {_PLAY} /usr/bin/packstack"),
        ],
        "packstack": [
            ("--version", "echo packstack 26.0.0"),
            (
                r"--gen-answer-file=(?P<file>\S+) --install-hosts=(?P<hosts>\S+)",
                # Other passwords each time; and a demonstration that fetches an image.
                (
                    "printf '%s\\n' '[general]' CONFIG_CONTROLLER_HOST= CONFIG_COMPUTE_HOSTS= CONFIG_PROVISION_DEMO=y "
                    '"CONFIG_MARIADB_PW=$RANDOM" CONFIG_KEYSTONE_ADMIN_PW=x > "$file"'
                ),
            ),
            (
                r"--answer-file=(?P<file>\S+) -t \d+",
                r"""
source <(grep ^CONFIG_ "$file")
[ "$CONFIG_PROVISION_DEMO" = n ] || { echo 'ERROR : the image of the demonstration cannot be fetched'; exit 1; }
unit httpd
fails_once 'ERROR : Error appeared during Puppet run: controller.pp' 1
for host in ${CONFIG_COMPUTE_HOSTS//,/ }; do
    # It would ask for root's password on the terminal.
    { declare -f unit; echo unit openstack-nova-compute; } | ssh -o BatchMode=yes "root@$host" bash -eu -s
done
sleep 1
cat > /root/keystonerc_admin <<EOF
unset OS_SERVICE_TOKEN
    export OS_USERNAME=admin
    export OS_PASSWORD='$CONFIG_KEYSTONE_ADMIN_PW'
    export OS_REGION_NAME=RegionOne
    export OS_AUTH_URL=http://$CONFIG_CONTROLLER_HOST:5000/v3
    export PS1='[\u@\h \W(keystone_admin)]\$ '
export OS_PROJECT_NAME=admin
export OS_USER_DOMAIN_NAME=Default
export OS_PROJECT_DOMAIN_NAME=Default
export OS_IDENTITY_API_VERSION=3
EOF
echo '**** Installation completed successfully ******'
""",
            ),
        ],
    },
)

SUNBEAM = Played(
    there=("/usr/bin/snap",),
    rows={
        "snap": [
            ("list openstack", "[ -e /snap/bin/sunbeam ]"),
            ("install openstack( --channel .*)?", f"mkdir -p /snap/bin; ln -sf {_PLAY} /snap/bin/sunbeam"),
            (
                "remove --purge openstack",
                "rm -rf /snap/bin/sunbeam /opt/played/cluster /opt/played/prepared",
            ),
        ],
        "sunbeam": [
            (
                "prepare-node-script(?P<first> --bootstrap)?",
                # What it prints is for a shell, of a user who is not root.
                (
                    'echo "[ \\$(id -u) != 0 ] || { echo ERROR: must be executed by non-root user; exit 1; }"\n'
                    "echo sudo touch /opt/played/prepared"
                ),
            ),
            (
                r"cluster bootstrap --accept-defaults( --manifest (?P<manifest>\S+))? --role (?P<roles>[a-z,]+)",
                (
                    "[ -e /opt/played/prepared ] || { echo 'Error: run prepare-node-script first'; exit 1; }\n"
                    '[ -z "$manifest" ] || grep -q core "$manifest"\n'
                    "sudo rm -f /opt/played/cluster\n"
                    "{ declare -f unit; echo unit snap.openstack.clusterd; } | sudo bash -eu -s\n"
                    f"if [ -e {TRAP} ]; then\n"
                    f"    sudo rm {TRAP}; echo 'Error: Timed out while waiting for model'; exit 1\nfi\n"
                    "hostname -f | sudo tee /opt/played/cluster >/dev/null"
                ),
            ),
            ("cluster list", "[ ! -e /opt/played/cluster ] || cat /opt/played/cluster"),
            (
                r"cluster add (?P<name>\S+) --output (?P<file>\S+)",
                (
                    "[ -e /opt/played/cluster ]\n"
                    '[ ! -e "$file" ] || { echo "Error: there is a token already"; exit 1; }\n'
                    'echo "token-of-$name" > "$file"'
                ),
            ),
            (
                "cluster join --role (?P<roles>[a-z,]+) -",
                # A token is good for one use.
                (
                    "read -r token\n"
                    '[ "$token" = "token-of-$(hostname -f)" ] || { echo "Error: invalid token"; exit 1; }\n'
                    '[ ! -e /opt/played/cluster ] || { echo "Error: the token was used"; exit 1; }\n'
                    "{ declare -f unit; echo unit snap.openstack-hypervisor.nova; } | sudo bash -eu -s\n"
                    "hostname -f | sudo tee /opt/played/cluster >/dev/null"
                ),
            ),
            ("cluster resize", "[ -e /opt/played/cluster ]"),
            (r"configure --accept-defaults --openrc (?P<file>\S+)", 'echo "# demo" > "$file"'),
            (
                "openrc",
                (
                    "printf 'export %s\\n' OS_AUTH_URL=http://$(hostname -f):5000/v3 OS_USERNAME=admin"
                    " OS_PASSWORD=hush-hush-hush OS_PROJECT_NAME=admin OS_USER_DOMAIN_NAME=admin_domain"
                    " OS_PROJECT_DOMAIN_NAME=admin_domain OS_REGION_NAME=RegionOne"
                ),
            ),
        ],
    },
)

OPENSTACK_ANSIBLE = Played(
    there=(),
    repository={
        "scripts/bootstrap-ansible.sh": "->",
        "scripts/bootstrap-aio.sh": "->",
        "scripts/pw-token-gen.py": "->",
        "etc/openstack_deploy/user_secrets.yml": "keystone_auth_admin_password:\n",
    },
    rows={
        "bootstrap-ansible.sh": [("", f"ln -sf {_PLAY} /usr/local/bin/openstack-ansible")],
        "bootstrap-aio.sh": [
            (
                "",
                (
                    "[ -e /usr/local/bin/openstack-ansible ]\nmkdir -p /etc/openstack_deploy\n"
                    'echo "scenario: $SCENARIO" > /etc/openstack_deploy/openstack_user_config.yml'
                ),
            ),
        ],
        "pw-token-gen.py": [(r"--file (?P<file>\S+)", 'sed -i "s/:$/: made/" "$file"')],
        "openstack-ansible": [
            (
                r"openstack\.osa\.setup_hosts",
                (
                    "[ -e /etc/openstack_deploy/openstack_user_config.yml ]\n"
                    "mkdir -p /etc/openstack_deploy/pki/roots/Root/certs\n"
                    "echo a-certificate > /etc/openstack_deploy/pki/roots/Root/certs/Root.crt"
                ),
            ),
            (r"openstack\.osa\.setup_infrastructure", "unit haproxy"),
            (
                r"openstack\.osa\.setup_openstack",
                r"""
unit keystone-wsgi-public
fails_once 'fatal: [infra1]: FAILED! => os_nova: no host found' 2
for host in $(grep -oE 'ip: [0-9.]+' /etc/openstack_deploy/openstack_user_config.yml | cut -d' ' -f2 | sort -u); do
    { declare -f unit; echo unit nova-compute; } | ssh -o BatchMode=yes "root@$host" bash -eu -s
done
sleep 1
password=$(grep -h ^keystone_auth_admin_password: /etc/openstack_deploy/user_*.yml | tail -n 1 | cut -d' ' -f2)
mkdir -p /root/.config/openstack
cat > /root/.config/openstack/clouds.yaml <<EOF
clouds:
  default:
    auth:
      auth_url: http://172.29.236.101:5000/v3
      project_name: admin
      username: admin
      password: $password
      user_domain_name: Default
      project_domain_name: Default
    region_name: RegionOne
    interface: internal
    identity_api_version: "3"
EOF
""",
            ),
            (
                (
                    r"openstack\.osa\.containers_lxc_destroy(?P<sure>"
                    r" -e force_containers_destroy=true -e force_containers_data_destroy=true)?"
                ),
                # It asks, and there is no terminal.
                (
                    '[ -n "$sure" ] || { echo "Are you sure you want to destroy the LXC containers?"; exit 1; }\n'
                    "touch /opt/played/destroyed"
                ),
            ),
        ],
    },
)
