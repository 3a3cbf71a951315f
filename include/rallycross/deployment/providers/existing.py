"""Servers that stand already. They are signed in to, and never made or ended."""

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
    return None if fine else f"must be letters, digits, dots, underscores and dashes, and not {LOCAL}: this machine"


_KEYS = {
    "host": Option(str, None, "its address or name", required=True),
    "user": Option(str, "root", "whom to sign in as; what an engine needs root for, it says"),
    "port": Option(int, 22, "SSH's port", within(1, 65535)),
    "key": Option(str, None, "path of the private key; default: what an SSH agent or ~/.ssh has"),
    "password": Option(str, None, "the password, where there is no key", secret=True),
    "name": Option(str, None, "what steps and logs call it; default: node-1, node-2, ...", _name),
    "address": Option(str, None, "where the other servers reach it; default: `host`"),
}


def _servers(value: list[Any]) -> str | None:
    names = [_called(one, number) for number, one in enumerate(value, 1) if isinstance(one, dict)]
    if len(set(names)) < len(names):
        return "must have names of their own"
    return None if value else "must name one server at least"


def _called(one: Mapping[str, Any], number: int) -> str:
    return str(one.get("name") or f"node-{number}")


class ExistingServers:
    """The provider of servers that others have made."""

    options: ClassVar = {
        "servers": Option(list, None, "the servers, each with `host`", _servers, required=True, keys=lambda _: _KEYS),
    }
    disposable = False

    def create(self, given: Mapping[str, Any], site: Site) -> list[Server]:
        """Return the servers as the spec has them."""
        return self.standing(given, site)

    def standing(self, given: Mapping[str, Any], site: Site) -> list[Server]:
        """Return the servers as the spec has them."""
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
        """Leave the servers: they are not ours."""


PROVIDERS.add("existing", ExistingServers())
