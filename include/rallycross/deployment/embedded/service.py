"""A service of the embedded cloud, as data: its files, databases, programs and place in the catalog."""

from dataclasses import dataclass, field

from rallycross.deployment.embedded.layout import CACHE_URL, Layout

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
    programs: tuple[Program, ...]


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
