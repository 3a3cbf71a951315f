"""Which of this process's variables a program gets that is started on somebody's behalf.

A worker of Airflow has the keys of Airflow and the passwords of both databases in its environment, and a program that a
task file, a cloud spec or a verifier brings has no need of them. RALLYCROSS_PASS_VARIABLES names further ones.
"""

import os
from collections.abc import Mapping
from fnmatch import fnmatchcase

BASIC = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "LC_*", "TERM", "TMPDIR", "TZ")
# What reaches the network needs these, and a proxy's or an index's address may have a password in it.
NETWORK = (
    *("http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy"),
    *("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "ALL_PROXY", "NO_PROXY"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
)
INSTALLER = ("UV_*", "PIP_*", "XDG_*", "SSH_AUTH_SOCK", "GIT_SSL_*")  # uv, pip and git
FURTHER = "RALLYCROSS_PASS_VARIABLES"


def passed(*names: str, env: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the variables of `env` (default: this process's) that have one of the names; a name may end in `*`.

    Those that RALLYCROSS_PASS_VARIABLES names, with commas between, are among them.
    """
    env = os.environ if env is None else env
    names = (*names, *(name.strip() for name in env.get(FURTHER, "").split(",")))
    return {name: value for name, value in env.items() if any(fnmatchcase(name, one) for one in names)}
