"""An embedded cloud as steps: what is put on the host and run there, and what has to be done before what."""

import hashlib
import json
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Any

from rallycross.deployment.embedded import packages
from rallycross.deployment.embedded.layout import Layout
from rallycross.deployment.embedded.service import OpenStackService, Program
from rallycross.deployment.embedded.services import services
from rallycross.deployment.embedded.services.cinder import VOLUME_TYPE
from rallycross.deployment.embedded.services.nova import compute_hosts, discover_hosts
from rallycross.deployment.embedded.supervision import supervisor_file
from rallycross.deployment.step import Step

_UV = "uv==0.13.9"
_SERVICE_USERS = ("glance", "placement", "nova", "neutron", "cinder")


def steps(layout: Layout) -> list[Step]:
    """Return the steps that make the cloud stand, from nothing or from wherever it was left."""
    parts = services(layout)
    backing = packages.programs(layout)
    every = [
        *backing,
        *(_bound(program, part.files | _driver_files(layout)) for part in parts for program in part.programs),
    ]
    return [
        Step("packages", packages.script(layout), title="Debian packages: MariaDB, RabbitMQ, memcached", limit=900),
        Step("environment", _environment(layout), files=_lock(layout), title="OpenStack from PyPI", limit=900),
        Step(
            "configuration",
            _configuration(layout),
            needs=("environment",),
            files=_files(layout, parts, every),
            title="Configuration",
            limit=60,
        ),
        Step(
            "backing services",
            packages.mariadb_script(layout) + _supervisor(layout) + _up(layout, backing, _backing_ports(layout)),
            needs=("packages", "configuration"),
            title="Database, message queue, cache",
            limit=180,
            always=True,
        ),
        *(
            Step(
                f"schema of {part.name}",
                f"cd {layout.root}\n{part.schema}",
                needs=("backing services",),
                title=f"Schema of {part.name}",
                limit=600,
            )
            for part in parts
        ),
        Step(
            "identity",
            _up(layout, parts[0].programs, [parts[0].endpoint]) + _cloud(layout, "identity"),
            needs=("schema of keystone",),
            title="keystone, service users, catalog",
            limit=240,
        ),
        Step(
            "services",
            _up(layout, tuple(every), [*map(str, _backing_ports(layout)), *(part.endpoint for part in parts)]),
            needs=("identity", *(f"schema of {part.name}" for part in parts)),
            title="All services",
            limit=300,
            always=True,
        ),
        Step(
            "contents",
            _cloud(layout, "contents") + discover_hosts(layout),
            needs=("services",),
            title="Images, flavors, network, volume type",
            limit=180,
        ),
        Step(
            "check",
            _cloud(layout, "check"),
            needs=("contents",),
            title="Check",
            limit=180,
            always=True,
        ),
    ]


def _bound(program: Program, files: dict[str, str]) -> Program:
    """Return the program bound to its files: when they change, the supervisor's `update` starts it anew."""
    known = hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()[:16]
    return replace(program, environment={**program.environment, "RALLYCROSS_CONFIGURATION": known})


def clouds_yaml(layout: Layout) -> dict[str, Any]:
    """Return the entries for the administrator, and for a user without privileges."""
    return {
        "clouds": {
            layout.name: _entry(layout, "admin"),
            f"{layout.name}-demo": _entry(layout, "demo"),
        }
    }


def _entry(layout: Layout, who: str) -> dict[str, Any]:
    return {
        "auth_type": "password",
        "auth": {
            "auth_url": layout.identity_url,
            "username": who,
            "password": layout.secrets[who],
            "project_name": who,
            "user_domain_name": "Default",
            "project_domain_name": "Default",
        },
        "region_name": layout.options.region,
        "identity_api_version": "3",
    }


def _environment(layout: Layout) -> str:
    """Return the script that makes the cloud's own environment: never Airflow's, and never the system's."""
    names = f"{layout.options.python} python3.12 python3.13 python3.11 python3"
    return f"""
cd {layout.root}
for python in {names}; do
    # A name that is found but does not run (a version manager's stub) does not count.
    "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null && break
    python=
done
[ -n "$python" ] || {{
    echo "no Python 3.11, 3.12 or 3.13 - install one, or name it by the spec's key 'python'" >&2; exit 1; }}
export UV_CACHE_DIR="$PWD/cache" UV_HTTP_TIMEOUT="${{UV_HTTP_TIMEOUT:-30}}" PIP_DISABLE_PIP_VERSION_CHECK=1
if [ -z "${{UV_DEFAULT_INDEX:-}}${{UV_INDEX_URL:-}}" ] && [ -n "${{PIP_INDEX_URL:-}}" ]; then
    export UV_DEFAULT_INDEX=$PIP_INDEX_URL
fi
if [ ! -x uv/bin/uv ] || ! uv/bin/uv --version >/dev/null 2>&1; then
    "$python" -m venv --clear uv || {{
        echo "$python cannot make environments - apt-get install python3-venv" >&2; exit 1; }}
    uv/bin/python -m pip install --quiet --no-cache-dir {_UV}
fi
uv/bin/uv venv --quiet --allow-existing --python "$python" venv
uv/bin/uv pip sync --quiet --compile-bytecode --python venv/bin/python etc/requirements.txt
rm -rf cache
"""


def _lock(layout: Layout) -> dict[str, str]:
    return {layout.path("etc", "requirements.txt"): _shipped("requirements.txt")}


def _configuration(layout: Layout) -> str:
    """Put beside the configuration what the wheels bring along, and let the environment find the drivers."""
    return f"""
cd {layout.root}
mkdir -p log lock home nova neutron cinder/coordination
for service in nova neutron cinder; do
    cp venv/etc/$service/api-paste.ini etc/$service/
done
cp venv/etc/cinder/resource_filters.json etc/cinder/
cp venv/etc/glance/glance-api-paste.ini etc/glance/
for folder in venv/lib/python3*/site-packages; do
    echo {layout.path("drivers")} > "$folder/rallycross_drivers.pth"
done
"""


def _files(layout: Layout, parts: tuple[OpenStackService, ...], programs: list[Program]) -> dict[str, str]:
    databases = [database for part in parts for database in part.databases]
    return {
        **packages.files(layout, databases),
        **{path: text for part in parts for path, text in part.files.items()},
        **_driver_files(layout),
        # What an installer would write: neutron finds its driver by an entry point.
        layout.path("drivers", "rallycross_drivers-1.dist-info", "METADATA"): (
            "Metadata-Version: 2.1\nName: rallycross-drivers\nVersion: 1\n"
        ),
        layout.path("drivers", "rallycross_drivers-1.dist-info", "entry_points.txt"): (
            "[neutron.ml2.mechanism_drivers]\nrallycross = rallycross_drivers.network:AgentlessDriver\n"
        ),
        layout.path("etc", "supervisord.conf"): supervisor_file(layout, programs),
        layout.path("bin", "ctl.py"): _shipped("on_host", "ctl.py"),
        layout.path("bin", "cloud.py"): _shipped("on_host", "cloud.py"),
        layout.path("etc", "contents.json"): json.dumps(_contents(layout, parts), indent=1),
        layout.path("clouds.yaml"): json.dumps(clouds_yaml(layout), indent=2) + "\n",
    }


def _driver_files(layout: Layout) -> dict[str, str]:
    folder = ("drivers", "rallycross_drivers")
    return {layout.path(*folder, name): _shipped(*folder, name) for name in _DRIVERS}


_DRIVERS = ("__init__.py", "compute.py", "hypervisor.py", "network.py", "volume.py")


def _contents(layout: Layout, parts: tuple[OpenStackService, ...]) -> dict[str, Any]:
    """Return what `on_host/cloud.py` makes. Two images and two small flavors are what tempest asks for."""
    member = {"project": "service", "roles": ["admin", "service"], "password": layout.secrets["service"]}
    demo = {"project": "demo", "roles": ["member", "reader"], "password": layout.secrets["demo"], "name": "demo"}
    return {
        "root": layout.root,
        "auth_url": layout.identity_url,
        "admin_password": layout.secrets["admin"],
        "region": layout.options.region,
        "users": [*({"name": name, **member} for name in _SERVICE_USERS), demo],
        "catalog": [{"name": part.name, "type": part.type, "url": part.endpoint} for part in parts[1:]],
        "images": [{"name": name, "bytes": 1_000_000} for name in ("cirros", "cirros-alt")],
        "flavors": [
            {"name": name, "ram": ram, "vcpus": 1, "disk": disk}
            for name, ram, disk in (
                ("m1.nano", 128, 1),
                ("m1.micro", 192, 1),
                ("m1.tiny", 512, 1),
                ("m1.small", 2048, 20),
            )
        ],
        "public_cidr": "172.24.4.0/22",
        "volume_type": VOLUME_TYPE,
        "compute_hosts": compute_hosts(layout),
    }


def _backing_ports(layout: Layout) -> list[str]:
    return [str(layout.ports[name]) for name in ("mariadb", "rabbitmq", "memcached")]


def _supervisor(layout: Layout) -> str:
    """Start the supervisor in a session of its own, if it does not answer."""
    ctl = f"python3 {layout.path('bin', 'ctl.py')} {layout.root}"
    return f"""
cd {layout.root}
if ! {ctl} 0 -- 2>/dev/null; then
    rm -f supervisor.pid
    # RabbitMQ would make do with the usual 1024 open files, and refuse the connections beyond.
    ulimit -n "$(ulimit -Hn)"
    setsid "$PWD/venv/bin/supervisord" --configuration "$PWD/etc/supervisord.conf" \\
        </dev/null >log/supervisord.out 2>&1 || {{
        cat log/supervisord.out >&2; exit 1; }}
    {ctl} 20 -- || {{ cat log/supervisord.out >&2; exit 1; }}
fi
"""


def _up(layout: Layout, programs: tuple[Program, ...], endpoints: list[str]) -> str:
    names = " ".join(program.name for program in programs)
    return f"python3 {layout.path('bin', 'ctl.py')} {layout.root} 120 {names} -- {' '.join(endpoints)}\n"


def _cloud(layout: Layout, what: str) -> str:
    return (
        f"HOME={layout.path('home')} {layout.bin('python')} {layout.path('bin', 'cloud.py')} {what}"
        f" {layout.path('etc', 'contents.json')}\n"
    )


@cache
def _shipped(*path: str) -> str:
    return files("rallycross.deployment.embedded").joinpath(*path).read_text()
