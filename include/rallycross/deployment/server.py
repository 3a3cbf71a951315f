"""A server: a machine with SSH, and how to sign in to it."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Server:
    """How to sign in to one machine. `kept` returns what may be stored, without the password."""

    name: str  # as steps name it
    host: str  # the address at which we reach it
    user: str = "root"
    port: int = 22
    key: str | None = None  # path of a private key; None = the keys of an SSH agent or in ~/.ssh
    password: str | None = field(default=None, repr=False)
    address: str = ""  # the address at which the other servers reach it, if different
    via: "Server | None" = None  # the server through whose SSH we reach it; None = directly

    @property
    def inside(self) -> str:
        """The address at which the other servers reach it."""
        return self.address or self.host

    def kept(self) -> dict[str, Any]:
        """Return the server as a dictionary for the ledger."""
        return {
            "name": self.name,
            "host": self.host,
            "user": self.user,
            "port": self.port,
            "key": self.key,
            "address": self.address,
        }

    @classmethod
    def of(cls, kept: dict[str, Any], *, via: "Server | None" = None) -> "Server":
        """Return the server from what `kept` returned; other keys of the dictionary are ignored."""
        return cls(**{key: kept[key] for key in cls("", "").kept()}, via=via)
