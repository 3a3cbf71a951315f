"""How a script runs on any host: the command line, the script's frame, and the meaning of its exit code."""

from rallycross.deployment.excerpt import excerpt
from rallycross.deployment.host import CommandFailed, Ran
from rallycross.deployment.limits import describe

_KILLED = 128 + 9

# The environment variables that a script inherits. Others are dropped: those meant for this process (PYTHONPATH,
# VIRTUAL_ENV, OS_*, AIRFLOW_*) would change how programs behave, and differ from host to host.
_KEPT = (
    "PATH|HOME|USER|LOGNAME|LANG|LC_ALL|TZ|TMPDIR|SSL_CERT_FILE|SSL_CERT_DIR|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|"
    "[Hh][Tt][Tt][Pp]_[Pp][Rr][Oo][Xx][Yy]|[Hh][Tt][Tt][Pp][Ss]_[Pp][Rr][Oo][Xx][Yy]|"
    "[Nn][Oo]_[Pp][Rr][Oo][Xx][Yy]|[Aa][Ll][Ll]_[Pp][Rr][Oo][Xx][Yy]|PIP_*|UV_*"
)
_CLEAN = f'for name in $(compgen -e); do case $name in {_KEPT}) ;; *) unset "$name" ;; esac; done; unset name'


def command(limit: float) -> list[str]:
    """Return the command that runs the script on its standard input, and kills it with its children after `limit` s.

    The host itself enforces the limit, so that it holds if the caller dies or loses the connection.
    """
    return ["timeout", "-s", "KILL", f"{limit:g}", "bash", "--norc", "-eu", "-o", "pipefail", "-s"]


def framed(script: str) -> str:
    """Return the script framed so that bash reads all of it first: its commands cannot consume it as their input."""
    return f"{{ {_CLEAN}\n{script}\n}} </dev/null\n"


def checked(host: str, ran: Ran, *, seconds: float, limit: float, check: bool) -> Ran:
    """Return `ran`; raise `CommandFailed` for a kill at the limit, and for a non-zero code if `check`."""
    if ran.code == _KILLED and seconds >= limit:
        raise CommandFailed(f"{host}: not done within {describe(limit)}, and killed{_said(ran)}")
    if check and ran.code != 0:
        raise CommandFailed(f"{host}: exit code {ran.code}{_said(ran)}")
    return ran


def _said(ran: Ran) -> str:
    lines = excerpt(f"{ran.out}\n{ran.err}")
    return ":\n" + "\n".join(f"    {line}" for line in lines) if lines else ", without output"
