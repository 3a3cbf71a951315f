"""A service of the embedded cloud, as data: its needs, files, programs and initial contents, and when it is ready.

Each module of `services` registers one, and is found by walking the package.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rallycross.deployment.embedded.layout import CACHE_URL, Layout
from rallycross.registry import Registry

IDENTITY = "keystone"  # the service that all others sign in to
THREADS = 8  # threads in each process of an API


@dataclass(frozen=True)
class Program:
    """A process that the supervisor keeps running."""

    name: str
    command: str
    environment: dict[str, str] = field(default_factory=dict)
    endpoint: str = ""  # where it must answer: a URL, HOST:PORT or unix:PATH; "" = nowhere


@dataclass(frozen=True)
class OpenStackService:
    """One OpenStack service. All scripts are bash, run in the cloud's root."""

    name: str
    type: str  # in the catalog
    endpoint: str
    databases: tuple[str, ...]
    files: dict[str, str]  # path -> content
    schema: str  # script that creates or migrates the databases' tables
    programs: tuple[Program, ...]  # its API first
    package: str = ""  # on PyPI; "" = named as the service
    shipped: tuple[str, ...] = ()  # files of its wheel that are copied to its folder in `etc`
    folders: tuple[str, ...] = ()  # below the root, created before its first start
    contents: tuple["Content", ...] = ()  # initial resources, created in this order
    reporting: tuple[str, ...] = ()  # must be up in its /os-services: "nova-conductor", "nova-compute on HOST"
    ready: tuple["RequiredList", ...] = ()  # lists that must have these entries before it can be used
    settle: str = ""  # script after the contents, once all of `reporting` are up


@dataclass(frozen=True)
class Content:
    """An initial resource of the cloud, created unless one of its name exists."""

    path: str  # of the collection
    body: Mapping[str, Any]
    key: str = ""  # the resource's key in requests and answers; "" = it is the whole body
    many: str = ""  # the key of the list; "" = the path's last part
    query: str = ""  # appended to the list's path, to filter it
    within: str = ""  # key of an earlier resource, whose id goes into the body as KEY_id
    upload: int = 0  # bytes that are uploaded to its `file`


@dataclass(frozen=True)
class RequiredList:
    """A list that a service must return before it is ready."""

    path: str
    key: str = ""  # the key of the list in the answer; "" = any answer is enough
    field: str = "name"  # the field that has an entry's name
    names: tuple[str, ...] = ()  # names that the list must have; empty = any one entry
    called: str = ""  # what is waited for, in messages


@dataclass(frozen=True)
class ComputeNodePart:
    """The part of a service that runs on compute nodes."""

    package: str  # on PyPI
    folders: tuple[str, ...]
    files: dict[str, str]
    programs: tuple[Program, ...]


@dataclass(frozen=True)
class Deployable:
    """A service that an embedded cloud can have."""

    name: str
    make: Callable[[Layout], OpenStackService]
    needs: tuple[str, ...] = ()  # services that it requires besides keystone
    on_computes: Callable[[Layout], ComputeNodePart] | None = None


DEPLOYABLE: Registry[Deployable] = Registry("rallycross.deployment.embedded.services")


def offer(part: Deployable) -> None:
    """Register a service; called by the service's module."""
    DEPLOYABLE.add(part.name, part)


def conf(sections: dict[str, dict[str, object]]) -> str:
    """Render an oslo.config file, with each `$` escaped, as it would refer to another option.

    A tuple is an option that is given several times.
    """
    lines: list[str] = []
    for name, options in sections.items():
        lines.append(f"[{name}]")
        for key, value in options.items():
            values = value if isinstance(value, tuple) else (value,)
            lines += [f"{key} = {str(one).replace('$', '$$')}" for one in values]
        lines.append("")
    return "\n".join(lines)


def token_check(layout: Layout, user: str) -> dict[str, object]:
    """Return the section `keystone_authtoken`: how a service validates tokens."""
    return {
        "www_authenticate_uri": layout.identity_url,
        "memcached_servers": CACHE_URL,
        "service_token_roles": "service",
        "service_token_roles_required": True,
        **sign_in(layout, user),
    }


def sign_in(layout: Layout, user: str) -> dict[str, object]:
    """Return the options with which a service signs in to call another."""
    return {
        "auth_type": "password",
        "auth_url": layout.identity_url,
        "username": user,
        "password": layout.secrets["service"],
        "project_name": "service",
        "user_domain_name": "Default",
        "project_domain_name": "Default",
        "region_name": layout.options.region,
    }


def api(
    layout: Layout,
    service: str,
    module: str,
    environment: dict[str, str],
    *,
    workers: int | None = None,
    threads: int = THREADS,
    arguments: str = "",
) -> Program:
    """Return the program of a service's API, under uWSGI.

    `workers`: the number of processes, each of which loads the whole service; None = `api_workers` of the spec.
    `threads`: the number of requests that each process serves at a time.
    """
    options = [
        f"--http-socket {layout.address}:{layout.ports[service]}",
        f"--home {layout.path('venv')}",
        f"--module {module}",
        f"--processes {workers or layout.options.api_workers} --threads {threads}",
        "--master --lazy-apps --need-app --enable-threads --die-on-term --buffer-size 65535 --listen 128",
        # The server closes the connection after each answer; the header keeps clients from reusing it.
        '--add-header "Connection: close"',
        "--disable-logging --log-5xx --procname-prefix-spaced " + service,
    ]
    if arguments:
        options.append(f'--pyargv "{arguments}"')
    return Program(f"{service}-api", f"{layout.bin('uwsgi')} {' '.join(options)}", environment)
