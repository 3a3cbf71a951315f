"""What the steps of controller and compute nodes share: the environment, the supervisor, the drivers."""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files
from shlex import quote

from rallycross.deployment.embedded.layout import Layout
from rallycross.deployment.embedded.options import with_needs
from rallycross.deployment.embedded.service import DEPLOYABLE, OpenStackService, Program
from rallycross.deployment.node import LOCAL

VENV = "the Debian package python3-venv, where it was missing on a server and we are root"
_PACKAGE = "rallycross.deployment.embedded"
_UV = "uv==0.13.9"
# A proxy is for packages. It may not reach the cloud's own addresses.
DIRECT = "unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY\n"


def services(layout: Layout) -> tuple[OpenStackService, ...]:
    """Return the services of a cloud, keystone first, as all others sign in to it."""
    return tuple(DEPLOYABLE[name].make(layout) for name in with_needs(layout.options.services))


def stop_script(root: str) -> str:
    """Return the script that stops all processes of the cloud on a host."""
    return f"python3 - {quote(root)} <<'EOF'\n{standalone('stop.py')}\nEOF\n"


def link_drivers(layout: Layout) -> str:
    """Return the script that makes the drivers importable in the environment."""
    return f"""\
for folder in venv/lib/python3*/site-packages; do
    echo {layout.path("drivers")} > "$folder/rallycross_drivers.pth"
done
"""


def bound(program: Program, files: dict[str, str]) -> Program:
    """Return the program with a hash of its files, so that the supervisor restarts it when they change."""
    known = hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()[:16]
    return replace(program, environment={**program.environment, "RALLYCROSS_CONFIGURATION": known})


def environment(layout: Layout, install: str) -> str:
    """Return the script that creates the cloud's own virtual environment.

    `install` is the uv command that fills it.
    """
    # Packages are installed on servers only; this machine is not changed.
    mine = "true" if layout.host != LOCAL else "false"
    wanted = layout.options.python
    names = quote(wanted) if wanted else "python3.12 python3.13 python3.11 python3"
    missing = (
        f"{wanted} on {layout.host} is not a working Python 3.11, 3.12 or 3.13 - install it there, or set `python` in"
        " the spec to another"
        if wanted
        else "no Python 3.11, 3.12 or 3.13 - install one, or set `python` in the spec"
    )
    return f"""
cd {layout.root}
for python in {names}; do
    # A name that is found but does not run (a version manager's stub) does not count.
    "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null && break
    python=
done
[ -n "$python" ] || {{ echo {quote(missing)} >&2; exit 1; }}
export UV_CACHE_DIR="$PWD/cache" UV_HTTP_TIMEOUT="${{UV_HTTP_TIMEOUT:-30}}" PIP_DISABLE_PIP_VERSION_CHECK=1
export UV_SYSTEM_CERTS="${{UV_SYSTEM_CERTS:-1}}" # as pip does
export UV_COMPILE_BYTECODE_TIMEOUT=0 # else a minute, which a busy machine may need for one file; the step has a limit
if {mine} && [ "$(id -u)" = 0 ] && ! "$python" -c 'import ensurepip' 2>/dev/null; then
    umask 022 # what is the system's is everybody's to read
    apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends python3-venv
    umask 077
fi
if [ ! -x uv/bin/uv ] || ! uv/bin/uv --version >/dev/null 2>&1; then
    "$python" -m venv --clear uv || {{
        echo "$python cannot make environments - apt-get install python3-venv" >&2; exit 1; }}
    uv/bin/python -m pip install --quiet --no-cache-dir {_UV}
fi
if [ -z "${{UV_DEFAULT_INDEX:-}}${{UV_INDEX_URL:-}}" ]; then
    # uv reads neither pip's variables nor its configuration, which may name a mirror.
    mirror=${{PIP_INDEX_URL:-$(uv/bin/python -m pip config list | sed -n "s/^global.index-url='\\(.*\\)'/\\1/p")}}
    [ -z "$mirror" ] || export UV_DEFAULT_INDEX=$mirror
fi
uv/bin/uv venv --quiet --allow-existing --python "$python" venv
uv/bin/{install}
rm -rf cache
"""


def lock(layout: Layout) -> dict[str, str]:
    """Return the lock file with the package versions."""
    return {layout.path("etc", "requirements.txt"): shipped("requirements.txt")}


def driver_files(layout: Layout) -> dict[str, str]:
    """Return the files of the drivers, which run inside OpenStack's processes."""
    folder = ("drivers", "rallycross_drivers")
    there = sorted(one.name for one in files(_PACKAGE).joinpath(*folder).iterdir() if one.name.endswith(".py"))
    return {layout.path(*folder, name): shipped(*folder, name) for name in there}


def supervisor(layout: Layout) -> str:
    """Return the script that starts the supervisor in its own session, if it does not answer.

    It first ends the services that a dead supervisor left: they hold their ports, and log into a broken pipe.
    """
    ctl, limit = f"python3 {layout.path('bin', 'ctl.py')} {layout.root}", layout.options.step_limit_s
    return f"""
{DIRECT}cd {layout.root}
if ! {ctl} 0 {limit:g} 2>/dev/null; then
    rm -f supervisor.pid
{stop_script(layout.root)}
    # RabbitMQ would make do with the usual 1024 open files, and refuse the connections beyond.
    ulimit -n "$(ulimit -Hn)"
    setsid "$PWD/venv/bin/supervisord" --configuration "$PWD/etc/supervisord.conf" \\
        </dev/null >log/supervisord.out 2>&1 || {{
        cat log/supervisord.out >&2; exit 1; }}
    {ctl} {layout.options.patience_s:g} {limit:g} || {{ cat log/supervisord.out >&2; exit 1; }}
fi
"""


def up(layout: Layout, programs: tuple[Program, ...]) -> str:
    """Return the script that starts programs and waits until they run and answer."""
    how_long = f"{layout.options.patience_s:g} {layout.options.step_limit_s:g}"
    return f"{DIRECT}python3 {layout.path('bin', 'ctl.py')} {layout.root} {how_long} {' '.join(map(_word, programs))}\n"


def on_host_files(layout: Layout) -> dict[str, str]:
    """Return the files of the programs on the host that start the services and wait for them."""
    names = ("control.py", "ctl.py", "keeper.py", "listener.py", "movement.py", "stop.py")
    return {layout.path("bin", name): shipped("on_host", name) for name in names}


def standalone(name: str) -> str:
    """Return a program of `on_host` with `control` inlined, for hosts that do not have these files yet."""
    text = shipped("on_host", "control.py") + shipped("on_host", name)
    return re.sub(r"^from control import .*\n", "", text, flags=re.MULTILINE)


def keeper(layout: Layout, first: Sequence[Program], rest: Sequence[Program]) -> Program:
    """Return the program that restarts the supervisor, then the programs `first`, then `rest`, and itself."""
    own = Program("keeper", "")
    words = [*map(_word, (own, *first)), "--", *map(_word, rest)]
    how_long = f"{layout.options.patience_s:g} {layout.options.step_limit_s:g}"
    command = f"{layout.bin('python')} {layout.path('bin', 'keeper.py')} {layout.root} {how_long} {' '.join(words)}"
    return replace(own, command=command)


def _word(program: Program) -> str:
    return f"{program.name}={program.endpoint}" if program.endpoint else program.name


@cache
def shipped(*path: str) -> str:
    """Return the text of a file in this package."""
    return files(_PACKAGE).joinpath(*path).read_text()
