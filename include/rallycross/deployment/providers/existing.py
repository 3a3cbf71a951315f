"""Existing servers. They are signed in to, and never created or deleted."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from rallycross.deployment.node import LOCAL
from rallycross.deployment.option import Option, within
from rallycross.deployment.provider import PROVIDERS
from rallycross.deployment.server import Server
from rallycross.deployment.site import Site


def _name(value: str) -> str | None:
    fine = re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", value) and value != LOCAL
    return None if fine else f"must be letters, digits, dots, underscores and dashes, and not {LOCAL} (this machine)"


_KEYS = {
    "host": Option(str, None, "its address or name", required=True),
    "user": Option(str, "root", "the user to sign in as; some engines need root"),
    "port": Option(int, 22, "the port of SSH", within(1, 65535)),
    "key": Option(str, None, "path of the private key; default: the keys of an SSH agent or in ~/.ssh"),
    "password": Option(str, None, "the password, if there is no key", secret=True),
    "name": Option(str, None, "its name in steps and logs; default: node-1, node-2, ...", _name),
    "address": Option(str, None, "the address at which the other servers reach it; default: `host`"),
}


def _servers(value: list[Any]) -> str | None:
    names = [_called(one, number) for number, one in enumerate(value, 1) if isinstance(one, dict)]
    if len(set(names)) < len(names):
        return "must have unique names"
    return None if value else "must have at least one server"


def _called(one: Mapping[str, Any], number: int) -> str:
    return str(one.get("name") or f"node-{number}")


class ExistingServers:
    """The provider `existing`."""

    options: ClassVar = {
        "servers": Option(list, None, "the servers, each with `host`", _servers, required=True, keys=lambda _: _KEYS),
    }
    disposable = False

    def create(self, given: Mapping[str, Any], site: Site) -> list[Server]:
        """Return the servers in the spec."""
        return self.standing(given, site)

    def standing(self, given: Mapping[str, Any], site: Site) -> list[Server]:
        """Return the servers in the spec."""
        del site
        return [
            Server(
                _called(one, number),
                one["host"],
                one["user"],
                one["port"],
                one["key"],
                one["password"],
                one["address"] or "",
            )
            for number, one in enumerate(given["servers"], 1)
        ]

    def destroy(self, given: Mapping[str, Any], site: Site) -> None:
        """Do nothing: the servers are not ours."""


PROVIDERS.add("existing", ExistingServers())
