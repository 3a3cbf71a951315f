"""A server: a machine that one can sign in to by SSH, and how."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Server:
    """How to sign in to one machine. What can be kept of it is what `kept` gives: no password."""

    name: str  # as steps name it
    host: str  # where we reach it
    user: str = "root"
    port: int = 22
    key: str | None = None  # path of a private key; None = what an SSH agent or ~/.ssh has
    password: str | None = field(default=None, repr=False)
    address: str = ""  # where the other servers reach it, if that is another; an address of its own
    via: "Server | None" = None  # the server through whose SSH we reach it; None = directly

    @property
    def inside(self) -> str:
        """Where the other servers reach it."""
        return self.address or self.host

    def kept(self) -> dict[str, Any]:
        """Return it as a ledger may keep it."""
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
        """Return it as it was kept, among what else a provider keeps of it."""
        return cls(**{key: kept[key] for key in cls("", "").kept()}, via=via)
