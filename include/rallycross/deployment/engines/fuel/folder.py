"""The owner-only files of the programs of one cloud's steps, below the cloud's folder on this machine.

access.json        how to sign in to Nailgun; written by the step `sign in` at every deploy
WORD.json          the input of the program WORD; written by its step
environment        the environment's name, and its id once that is known: {"name": ..., "id": ... or null}
credentials        of the deployed cloud: {"entry": of a clouds.yaml, "ca": PEM, "facts": {...}}
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rallycross.deployment.engines.fuel.nailgun import Nailgun
from rallycross.errors import RallycrossError
from rallycross.owner_only import write_owner_only


@dataclass(frozen=True)
class Folder:
    """The folder."""

    path: Path

    def read(self, name: str) -> Any:
        """Return the content of a file; raise `RallycrossError` if it is missing or damaged."""
        try:
            return json.loads((self.path / name).read_text())
        except (FileNotFoundError, ValueError) as error:
            raise RallycrossError(
                f"{self.path / name} is missing or damaged - deploy again, or delete the environment in Fuel yourself"
            ) from error

    def write(self, name: str, content: Any) -> None:
        """Write a file, which appears whole or not at all."""
        write_owner_only(self.path / name, json.dumps(content))

    @property
    def api(self) -> Nailgun:
        """The client of this cloud's Fuel."""
        return Nailgun(self.read("access.json"))

    @property
    def made(self) -> bool:
        """Whether the environment is recorded as created."""
        return (self.path / "environment").exists() and self.read("environment")["id"] is not None

    @property
    def cluster(self) -> int:
        """The environment's id."""
        return int(self.read("environment")["id"])
