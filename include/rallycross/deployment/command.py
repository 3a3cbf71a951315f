"""How a script is run on a host, whichever: the command line, the script's frame, and what its end means."""

from rallycross.deployment.excerpt import excerpt
from rallycross.deployment.host import CommandFailed, Ran
from rallycross.deployment.limits import told

_KILLED = 128 + 9

# What a script sees of the environment that it is started from. Everything else is dropped: what is meant for us
# (PYTHONPATH, VIRTUAL_ENV, OS_*, AIRFLOW_*) would bend what a script starts, and would differ from host to host.
_KEPT = (
    "PATH|HOME|USER|LOGNAME|LANG|LC_ALL|TZ|TMPDIR|SSL_CERT_FILE|SSL_CERT_DIR|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|"
    "[Hh][Tt][Tt][Pp]_[Pp][Rr][Oo][Xx][Yy]|[Hh][Tt][Tt][Pp][Ss]_[Pp][Rr][Oo][Xx][Yy]|"
    "[Nn][Oo]_[Pp][Rr][Oo][Xx][Yy]|[Aa][Ll][Ll]_[Pp][Rr][Oo][Xx][Yy]|PIP_*|UV_*"
)
_CLEAN = f'for name in $(compgen -e); do case $name in {_KEPT}) ;; *) unset "$name" ;; esac; done; unset name'


def command(limit: float) -> list[str]:
    """Return the command that runs the script on its standard input, and kills it, children and all, after `limit` s.

    The limit is kept by the host itself, so that it holds when whoever asked has died or lost the connection.
    """
    return ["timeout", "-s", "KILL", f"{limit:g}", "bash", "--norc", "-eu", "-o", "pipefail", "-s"]


def framed(script: str) -> str:
    """Return the script as bash gets it: read to its end before it begins, so that what it starts cannot eat it."""
    return f"{{ {_CLEAN}\n{script}\n}} </dev/null\n"


def checked(host: str, ran: Ran, *, seconds: float, limit: float, check: bool) -> Ran:
    """Return `ran`, or raise what its code means."""
    if ran.code == _KILLED and seconds >= limit:
        raise CommandFailed(f"{host}: not done within {told(limit)}, and killed{_said(ran)}")
    if check and ran.code != 0:
        raise CommandFailed(f"{host}: exit code {ran.code}{_said(ran)}")
    return ran


def _said(ran: Ran) -> str:
    lines = excerpt(f"{ran.out}\n{ran.err}")
    return ":\n" + "\n".join(f"    {line}" for line in lines) if lines else ", without a word"
