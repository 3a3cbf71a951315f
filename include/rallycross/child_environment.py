"""Chooses which of this process's environment variables a child process gets.

An Airflow worker has Airflow's keys and the passwords of both databases in its environment. A program from a task file,
a cloud spec or a verifier does not need them. RALLYCROSS_PASS_VARIABLES adds variables.
"""

import os
from collections.abc import Mapping
from fnmatch import fnmatchcase

BASIC = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "LC_*", "TERM", "TMPDIR", "TZ")
# For programs that use the network. The address of a proxy may contain a password.
NETWORK = (
    *("http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy"),
    *("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "ALL_PROXY", "NO_PROXY"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
)
INSTALLER = ("UV_*", "PIP_*", "XDG_*", "SSH_AUTH_SOCK", "GIT_SSL_*")  # uv, pip and git
FURTHER = "RALLYCROSS_PASS_VARIABLES"


def passed(*names: str, env: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the variables of `env` (default: this process's) with these names; a name may end in `*`.

    Those named in RALLYCROSS_PASS_VARIABLES, separated by commas, are included.
    """
    env = os.environ if env is None else env
    names = (*names, *(name.strip() for name in env.get(FURTHER, "").split(",")))
    return {name: value for name, value in env.items() if any(fnmatchcase(name, one) for one in names)}
