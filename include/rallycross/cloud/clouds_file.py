"""A user's clouds.yaml, read as openstacksdk reads it: secure.yaml merged, vendor profiles filled in, regions known.

openstacksdk ignores a file that it cannot read; here that is an error with the line. The entries returned are complete:
they no longer need any of these files.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests
import yaml
from openstack.config import OpenStackConfig
from openstack.config import loader as places

from rallycross.cloud.cloud import Cloud, user_entries
from rallycross.errors import RallycrossError, brief, did_you_mean
from rallycross.file_kind import NOT_YAML
from rallycross.settings import settings
from rallycross.userfile import read_text
from rallycross.yamlfile import Loader

_SUFFIXES = (".yaml", ".yml", ".json")


class CloudsFile:
    """The entries of a clouds.yaml, merged with its secure.yaml."""

    def __init__(self, where: str, entries: Mapping[str, Any]) -> None:
        self.where = where
        self._entries = {str(name): entry for name, entry in entries.items()}

    @classmethod
    def read(cls, path: Path | None = None) -> "CloudsFile":
        """Read a file; by default that of OpenStack clients: OS_CLIENT_CONFIG_FILE, ./, ~/.config/openstack.

        The secure.yaml is OS_CLIENT_SECURE_FILE, or else the one next to the file, or else that of OpenStack clients.
        """
        file = path or cls.usual()
        if file is None:
            looked = ", ".join(dict.fromkeys(places.CONFIG_SEARCH_PATH))
            raise RallycrossError(f"there is no clouds.yaml in {looked} - name one, or set OS_CLIENT_CONFIG_FILE")
        entries = _clouds(file, _loaded(file))
        beside = [str(file.with_name(f"secure{suffix}")) for suffix in _SUFFIXES]
        secure = _first([os.environ.get("OS_CLIENT_SECURE_FILE", ""), *beside, *places.SECURE_FILES])
        if secure is not None:
            data = _loaded(secure)
            more = data.get("clouds") if isinstance(data, dict) else None
            entries = _merged(entries, more if isinstance(more, dict) else {})
        return cls(str(file), entries)

    @staticmethod
    def usual() -> Path | None:
        """Return the file that OpenStack clients would read, or None."""
        return _first([os.environ.get("OS_CLIENT_CONFIG_FILE", ""), *places.CONFIG_FILES])

    @classmethod
    def of_text(cls, text: str, where: str) -> "CloudsFile":
        """Read the text of a clouds.yaml, without a secure.yaml."""
        return cls(where, _clouds(where, parsed(text, where)))

    @property
    def names(self) -> list[str]:
        """The names of all entries."""
        return list(self._entries)

    def cloud(self, name: str, region: str | None = None) -> Cloud:
        """Return the cloud of an entry, with its own users (`user_entries`)."""
        if name not in self._entries:
            there = ", ".join(self.names) or "none"
            close = did_you_mean(name, self.names) if len(self.names) > 12 else ""
            raise RallycrossError(f"{self.where} has no cloud {name!r} - {close or f'it has: {there}'}")
        whole = {name: self._whole(name, region)}
        users = user_entries(name, {one: {} for one in self.names})
        whole |= {user: self._whole(user, region) for user in users}
        return Cloud.of(name, whole)

    def _whole(self, name: str, region: str | None) -> dict[str, Any]:
        """Return an entry merged with its vendor profile, for one region."""
        given = self._entries[name]
        if not isinstance(given, dict):
            raise RallycrossError(
                f"{self.where}: the cloud {name!r} is not a mapping - write `auth:` and so on below it"
            )
        given = {key: value for key, value in given.items() if value is not None and key not in _OF_NO_USE}
        if not isinstance(given.get("auth", {}), dict):
            raise RallycrossError(
                f"{self.where}: the cloud {name!r}: its `auth` is not a mapping - write auth_url below it"
            )
        for key, value in given.get("auth", {}).items():
            if isinstance(value, dict | list) and key != "auth_methods":
                raise RallycrossError(f"{self.where}: the cloud {name!r}: its {key} is not a text - write it in quotes")
        profile = given.get("profile") or given.get("cloud")
        if profile and not isinstance(profile, str):
            raise RallycrossError(
                f"{self.where}: the cloud {name!r}: its `profile` is not a text - write a vendor's name"
            )
        sdk = OpenStackConfig(config_files=[], secure_files=[], load_envvars=False)
        sdk.cloud_config = {"clouds": {name: given}}
        try:
            found = sdk.get_one(cloud=name, validate=False, region_name=region or "").config
        except Exception as error:
            told = " ".join(str(error).split()) or type(error).__name__
            if isinstance(error, requests.RequestException):
                raise RallycrossError(
                    f"{self.where}: the cloud {name!r}: its vendor's profile cannot be fetched ({told})"
                    " - write `auth_url` below `auth`, and leave `profile` out"
                ) from error
            raise RallycrossError(f"{self.where}: the cloud {name!r} cannot be used ({told}) - correct it") from error
        if profile and "auth_url" not in found["auth"]:
            raise RallycrossError(
                f"{self.where}: the cloud {name!r} has no auth_url, and no known vendor profile {profile!r} has"
                " one - write `auth_url` below `auth`"
            )
        plain = {**_NOTHING, **sdk.defaults}
        whole = {key: value for key, value in found.items() if key in given or str(value) != str(plain.get(key))}
        return {key: value for key, value in whole.items() if key not in {"profile", "cloud", "regions"}}


# Keys that openstacksdk reads for features that are not used here, and that make it fail.
_OF_NO_USE = frozenset({"external_network", "internal_network", "metrics", "networks"})
_NOTHING = {"networks": [], "region_name": ""}  # keys that openstacksdk adds to each entry


def parsed(text: str, where: str) -> Any:
    """Return the data of a clouds.yaml; raise `RallycrossError` with line and column if it is not YAML.

    Passwords such as 0123 or yes, and versions, are kept as text.
    """
    if "\0" in text:
        raise RallycrossError(f"{where}: is not text - name a clouds.yaml")
    try:
        if where.endswith(".json"):
            return json.loads(text)
        loader = _Loader(text, where)
        try:
            node = loader.get_single_node()
            if node is not None and _values(node, {}) > (most := settings().file_values):
                what = f"has more than {most} values with its aliases"
                raise RallycrossError(f"{where}: {what} - write less, or raise RALLYCROSS_FILE_VALUES")
            return loader.construct_document(node) if node is not None else None
        finally:
            loader.dispose()
    except json.JSONDecodeError as error:
        raise RallycrossError(
            f"{where}:{error.lineno}:{error.colno}: not valid JSON: {error.msg} - correct it"
        ) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise RallycrossError(
            f"{where}{place}: not valid YAML: {error.problem or error.context} - correct it"
        ) from error
    except NOT_YAML as error:
        told = brief(" ".join(str(error).split()), 200) or type(error).__name__
        told = "values are nested too deeply" if isinstance(error, RecursionError) else told
        kind = "JSON" if where.endswith(".json") else "YAML"
        raise RallycrossError(f"{where}: not valid {kind}: {told} - correct it") from error


def _values(node: yaml.Node, known: dict[int, int]) -> int:
    """Return how many values a node has, aliases counted each time; too many for a node that contains itself."""
    if id(node) not in known:
        known[id(node)] = settings().file_values + 1  # until it is counted, so that recursion is too many
        parts = node.value if isinstance(node.value, list) else []
        inner = (one for part in parts for one in (part if isinstance(part, tuple) else (part,)))
        known[id(node)] = 1 + sum(_values(one, known) for one in inner)
    return known[id(node)]


class _Loader(Loader):
    """Keeps the values below `auth`, and versions, as they are written: 2.60 is not 2.6."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        for key, value in node.value:
            named = key.value if isinstance(key, yaml.ScalarNode) else ""
            if named.endswith("version") or (named == "auth" and isinstance(value, yaml.MappingNode)):
                for one in [value] if named != "auth" else [one for _, one in value.value]:
                    if isinstance(one, yaml.ScalarNode) and one.tag in _NUMBERS and one.style is None:
                        one.tag = "tag:yaml.org,2002:str"
        return dict(super().construct_mapping(node, deep=deep))


_NUMBERS = {f"tag:yaml.org,2002:{kind}" for kind in ("bool", "float", "int", "timestamp")}


def _loaded(file: Path) -> Any:
    return parsed(read_text(file, remedy="name the file that has the cloud"), str(file))


def _clouds(where: object, data: Any) -> dict[str, Any]:
    if not isinstance(data, dict) or not isinstance(data.get("clouds"), dict):
        raise RallycrossError(f"{where} is not a clouds.yaml - name a file that has `clouds:`")
    return dict(data["clouds"])


def _merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Return the deep merge of two mappings; the second one takes precedence."""
    both = dict(one)
    for key, value in other.items():
        inner = both.get(key)
        both[key] = _merged(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else value
    return both


def _first(paths: list[str]) -> Path | None:
    return next((Path(path).expanduser() for path in paths if path and Path(path).expanduser().exists()), None)
