"""The passwords and keys of this Airflow: made once, at random, and readable by the owner alone.

`python -m rallycross.cli.secrets FOLDER` makes them for those who start Airflow in another way (docker-compose.yaml).
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from secrets import token_urlsafe

from rallycross.owner_only import write_owner_only

USER = "admin"


@dataclass(frozen=True)
class Secrets:
    """One file each, in Airflow's folder."""

    password: str  # of the user `admin`
    fernet_key: str
    jwt_secret: str
    secret_key: str
    supervisor: str  # password of the supervisor's control port

    @classmethod
    def kept(cls, folder: Path) -> "Secrets":
        """Read the secrets of a folder; make those that are not there."""
        return cls(
            password=_password(folder / "passwords.json"),
            fernet_key=_kept(folder / "fernet_key", token_urlsafe(32) + "="),  # 32 bytes of base64, padded
            jwt_secret=_kept(folder / "jwt_secret", token_urlsafe(64)),
            secret_key=_kept(folder / "secret_key", token_urlsafe(32)),
            supervisor=_kept(folder / "supervisor_password", token_urlsafe(24)),
        )


def _password(path: Path) -> str:
    """Keep the file in the form that Airflow's SimpleAuthManager reads."""
    return str(json.loads(_kept(path, json.dumps({USER: token_urlsafe(12)})))[USER])


def _kept(path: Path, fresh: str) -> str:
    if not path.exists():
        write_owner_only(path, fresh)
    return path.read_text()


if __name__ == "__main__":
    Secrets.kept(Path(sys.argv[1]))
