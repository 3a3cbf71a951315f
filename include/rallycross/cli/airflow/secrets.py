"""The passwords and keys of this Airflow, generated once and readable by the owner only.

`python -m rallycross.cli.airflow.secrets FOLDER` generates them for other ways to start Airflow
(docker-compose.yaml).
"""

import json
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_urlsafe

from rallycross.owner_only import write_owner_only

USER = "admin"


@dataclass(frozen=True)
class Secrets:
    """The secrets; each has a file in Airflow's folder."""

    password: str  # of the user `admin`
    fernet_key: str
    jwt_secret: str
    secret_key: str
    supervisor: str  # password of the supervisor's control port

    @classmethod
    def kept(cls, folder: Path) -> "Secrets":
        """Read the secrets in a folder; generate missing ones."""
        return cls(
            password=_password(folder / "passwords.json"),
            fernet_key=_kept(folder / "fernet_key", token_urlsafe(32) + "="),  # 32 bytes of base64, padded
            jwt_secret=_kept(folder / "jwt_secret", token_urlsafe(64)),
            secret_key=_kept(folder / "secret_key", token_urlsafe(32)),
            supervisor=_kept(folder / "supervisor_password", token_urlsafe(24)),
        )


def _password(path: Path) -> str:
    """Return the password, from a file in the format of Airflow's SimpleAuthManager."""

    def read(text: str) -> str:
        found = json.loads(text)
        return str(found[USER]) if isinstance(found, dict) and found.get(USER) else ""

    return _kept(path, json.dumps({USER: token_urlsafe(12)}), read)


def _kept(path: Path, fresh: str, read: Callable[[str], str] = str.strip) -> str:
    """Return what `read` finds in a file; write `fresh` to a missing or empty one (a power cut leaves empty files)."""
    with suppress(FileNotFoundError, ValueError):
        if (found := read(path.read_text(encoding="ascii"))) and found.isprintable():
            return found
    write_owner_only(path, fresh)
    return read(fresh)


if __name__ == "__main__":
    Secrets.kept(Path(sys.argv[1]))
