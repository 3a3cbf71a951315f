"""The steps of an embedded cloud: what is put on its hosts and run there, and in which order."""

import json
from dataclasses import asdict, replace
from typing import Any

from rallycross.deployment.embedded import packages
from rallycross.deployment.embedded.compute_node import compute_steps
from rallycross.deployment.embedded.layout import Layout
from rallycross.deployment.embedded.parts import (
    DIRECT,
    VENV,
    bound,
    driver_files,
    environment,
    keeper,
    link_drivers,
    lock,
    on_host_files,
    services,
    shipped,
    stop_script,
    supervisor,
    up,
)
from rallycross.deployment.embedded.service import IDENTITY, OpenStackService, Program
from rallycross.deployment.embedded.supervision import supervisor_file
from rallycross.deployment.limits import Limit
from rallycross.deployment.step import Step

_SYNC = "uv pip sync --quiet --compile-bytecode --python venv/bin/python etc/requirements.txt"


def steps(layout: Layout) -> list[Step]:
    """Return the steps that deploy the cloud, or complete a deployment."""
    compute = [step for node in layout.computes for step in compute_steps(node)]
    started = tuple(step.name for step in compute if step.always)
    controller = (replace(step, hosts=(layout.host,)) for step in _controller_steps(layout, started))
    limit = Limit(layout.options.step_limit_s, "step_limit_s in the spec")
    return [replace(step, script=f"umask 077\n{step.script}", limit=limit) for step in (*controller, *compute)]


def _controller_steps(layout: Layout, computes: tuple[str, ...]) -> list[Step]:
    parts = services(layout)
    backing = packages.programs(layout)
    of_parts = {part.name: [bound(one, part.files | driver_files(layout)) for one in part.programs] for part in parts}
    for part in parts:  # the API comes first
        of_parts[part.name][0] = replace(of_parts[part.name][0], endpoint=part.endpoint)
    keystone = tuple(of_parts[parts[0].name])
    rest = [program for programs in of_parts.values() for program in programs]
    every = [*backing, *rest, keeper(layout, backing, rest)]
    # It belongs to the steps that read it, so that they run again if a later version of Rallycross has more in it.
    contents = {layout.path("etc", "contents.json"): json.dumps(_contents(layout, parts), indent=1)}
    return [
        Step("packages", packages.script(layout), title="Debian packages: MariaDB, RabbitMQ, memcached"),
        Step(
            "environment",
            environment(layout, _SYNC),
            files=lock(layout),
            title="OpenStack from PyPI",
            leaves=VENV,
        ),
        Step(
            "configuration",
            _configuration(layout, parts),
            needs=("environment",),
            files=_files(layout, parts, every),
            title="Configuration",
        ),
        Step(
            "backing services",
            packages.mariadb_script(layout)
            + packages.rabbitmq_script(layout)
            + supervisor(layout)
            + up(layout, backing),
            needs=("packages", "configuration"),
            title="Database, message queue, cache",
            always=True,
            undo=stop_script(layout.root),
        ),
        *(
            Step(
                f"schema of {part.name}",
                f"cd {layout.root}\n{part.schema}",
                needs=("backing services",),
                files=lock(layout),  # other packages have other migrations
                title=f"Schema of {part.name}",
            )
            for part in parts
        ),
        Step(
            "identity",
            up(layout, keystone) + _cloud(layout, "identity"),
            needs=(f"schema of {IDENTITY}",),
            files=contents,
            title=f"{IDENTITY}, service users, catalog",
        ),
        Step(
            "services",
            up(layout, tuple(every)),
            needs=("identity", *(f"schema of {part.name}" for part in parts)),
            title="All services",
            always=True,
        ),
        Step(
            "contents",
            _cloud(layout, "contents") + "".join(part.settle for part in parts),
            needs=("services", *computes),
            files=contents,
            title="Images, flavors, network, volume type",
        ),
        Step(
            "check",
            _cloud(layout, "check"),
            needs=("contents",),
            title="Check",
            always=True,
        ),
    ]


def clouds_yaml(layout: Layout) -> dict[str, Any]:
    """Return the clouds.yaml entries of the administrator and of an unprivileged user."""
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


def _configuration(layout: Layout, parts: tuple[OpenStackService, ...]) -> str:
    """Return the script that copies the configuration files in the wheels, and makes the drivers importable."""
    copies = [f"cp venv/etc/{part.name}/{file} etc/{part.name}/\n" for part in parts for file in part.shipped]
    return f"""
cd {layout.root}
mkdir -p log lock home {" ".join(folder for part in parts for folder in part.folders)}
{"".join(copies)}{link_drivers(layout)}"""


def _files(layout: Layout, parts: tuple[OpenStackService, ...], programs: list[Program]) -> dict[str, str]:
    databases = [database for part in parts for database in part.databases]
    return {
        **packages.files(layout, databases),
        **{path: text for part in parts for path, text in part.files.items()},
        **driver_files(layout),
        layout.path("etc", "supervisord.conf"): supervisor_file(layout, programs),
        **on_host_files(layout),
        layout.path("bin", "cloud.py"): shipped("on_host", "cloud.py"),
        layout.path("clouds.yaml"): json.dumps(clouds_yaml(layout), indent=2) + "\n",
    }


def _contents(layout: Layout, parts: tuple[OpenStackService, ...]) -> dict[str, Any]:
    """Return the input of `on_host/cloud.py`: what it creates and waits for."""
    member = {"project": "service", "roles": ["admin", "service"], "password": layout.secrets["service"]}
    demo = {"project": "demo", "roles": ["member", "reader"], "password": layout.secrets["demo"], "name": "demo"}
    return {
        "root": layout.root,
        "auth_url": layout.identity_url,
        "admin_password": layout.secrets["admin"],
        "region": layout.options.region,
        "users": [*({"name": part.name, **member} for part in parts[1:]), demo],
        "catalog": [{"name": part.name, "type": part.type, "url": part.endpoint} for part in parts[1:]],
        "services": [
            {
                "type": part.type,
                "contents": [asdict(content) for content in part.contents],
                "reporting": part.reporting,
                "ready": [asdict(listed) for listed in part.ready],
            }
            for part in parts
        ],
        "patience_s": layout.options.patience_s,
        "limit_s": layout.options.step_limit_s,
    }


def _cloud(layout: Layout, what: str) -> str:
    return (
        f"{DIRECT}HOME={layout.path('home')} {layout.bin('python')} {layout.path('bin', 'cloud.py')} {what}"
        f" {layout.path('etc', 'contents.json')}\n"
    )
