"""A service of the embedded cloud, as data: what it needs, ships, runs and has in it, and how it is known to be ready.

Each module of `services` has one, and is found by walking.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rallycross.deployment.embedded.layout import CACHE_URL, Layout
from rallycross.registry import Registry

IDENTITY = "keystone"  # the one that all others sign in to
THREADS = 8  # of each process of an API


@dataclass(frozen=True)
class Program:
    """A process that the supervisor keeps running."""

    name: str
    command: str
    environment: dict[str, str] = field(default_factory=dict)
    endpoint: str = ""  # what it is to answer at: a URL, HOST:PORT or unix:PATH; "" = nothing


@dataclass(frozen=True)
class OpenStackService:
    """One OpenStack service. All scripts are bash, run in the cloud's root."""

    name: str
    type: str  # in the catalog
    endpoint: str
    databases: tuple[str, ...]
    files: dict[str, str]  # path -> content
    schema: str  # makes or migrates the databases' tables
    programs: tuple[Program, ...]  # its API first
    package: str = ""  # on PyPI, where it is not called as the service is
    shipped: tuple[str, ...] = ()  # what its wheel brings along for its folder in `etc`
    folders: tuple[str, ...] = ()  # below the root, there before its first start
    contents: tuple["Content", ...] = ()  # what there is from the start, made in this order
    reporting: tuple[str, ...] = ()  # who has to report to its /os-services: "nova-conductor", "nova-compute on HOST"
    ready: tuple["Listed", ...] = ()  # what must be there before it is of use
    settle: str = ""  # script behind the contents, when all that report have


@dataclass(frozen=True)
class Content:
    """A thing that the cloud has from the start: made unless there is one of its name."""

    path: str  # of the collection
    body: Mapping[str, Any]
    key: str = ""  # under which requests and answers have it; "" = they are the thing
    many: str = ""  # under which a list has such things; "" = the path's last part
    query: str = ""  # behind the list's path: what narrows it
    within: str = ""  # key of what was made before, whose id the body is to have as KEY_id
    upload: int = 0  # bytes that are put to its `file`


@dataclass(frozen=True)
class Listed:
    """A list that a service has to answer with."""

    path: str
    key: str = ""  # under which it has the things; "" = any answer will do
    field: str = "name"  # that has a thing's name
    names: tuple[str, ...] = ()  # those that must be there; none = any one
    called: str = ""  # what is waited for, as a message says it


@dataclass(frozen=True)
class OnComputes:
    """What of a service runs on compute nodes."""

    package: str  # on PyPI
    folders: tuple[str, ...]
    files: dict[str, str]
    programs: tuple[Program, ...]


@dataclass(frozen=True)
class Deployable:
    """A service that an embedded cloud may have."""

    name: str
    make: Callable[[Layout], OpenStackService]
    needs: tuple[str, ...] = ()  # services that it cannot do without, beside keystone
    on_computes: Callable[[Layout], OnComputes] | None = None


DEPLOYABLE: Registry[Deployable] = Registry("rallycross.deployment.embedded.services")


def offer(part: Deployable) -> None:
    """Register a service; called by the module that has it."""
    DEPLOYABLE.add(part.name, part)


def conf(sections: dict[str, dict[str, object]]) -> str:
    """Render an oslo.config file. A `$` in a value would be taken for a reference to another option."""
    lines: list[str] = []
    for name, options in sections.items():
        lines.append(f"[{name}]")
        lines += [f"{key} = {str(value).replace('$', '$$')}" for key, value in options.items()]
        lines.append("")
    return "\n".join(lines)


def token_check(layout: Layout, user: str) -> dict[str, object]:
    """Return `[keystone_authtoken]`: how a service checks the tokens that it is handed."""
    return {
        "www_authenticate_uri": layout.identity_url,
        "memcached_servers": CACHE_URL,
        "service_token_roles": "service",
        "service_token_roles_required": True,
        **sign_in(layout, user),
    }


def sign_in(layout: Layout, user: str) -> dict[str, object]:
    """Return the options by which a service signs in to call another."""
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

    `workers`: processes, each of which loads the service anew; None = as many as the spec says, for busy services.
    `threads`: how many requests each of them serves at a time.
    """
    options = [
        f"--http-socket {layout.address}:{layout.ports[service]}",
        f"--home {layout.path('venv')}",
        f"--module {module}",
        f"--processes {workers or layout.options.api_workers} --threads {threads}",
        "--master --lazy-apps --need-app --enable-threads --die-on-term --buffer-size 65535 --listen 128",
        # The socket closes after each answer; said aloud, no client tries to use it again.
        '--add-header "Connection: close"',
        "--disable-logging --log-5xx --procname-prefix-spaced " + service,
    ]
    if arguments:
        options.append(f'--pyargv "{arguments}"')
    return Program(f"{service}-api", f"{layout.bin('uwsgi')} {' '.join(options)}", environment)
