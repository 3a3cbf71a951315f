"""The provider `existing`: what its servers are called."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from sites import a_site

from rallycross.deployment import load_spec
from rallycross.deployment.provider import PROVIDERS
from rallycross.errors import InvalidInput

OTHER_NAME = r"name: must be letters, digits, dots, underscores and dashes, and not localhost"


def options(*servers: dict[str, Any]) -> dict[str, Any]:
    """Return the section of a spec, checked."""
    section = {"type": "existing", "servers": list(servers)}
    found = load_spec(yaml.safe_dump({"name": "mine", "engine": "embedded", "provider": section}), file="s.yaml")
    assert found.provider is not None
    return found.provider.options


def test_servers_have_names(tmp_path: Path) -> None:
    """A server is called what the section says, or else after its place."""
    given = options({"host": "192.0.2.1"}, {"host": "192.0.2.2", "name": "rack_1.b"})
    servers = PROVIDERS["existing"].standing(given, a_site(tmp_path))
    assert [server.name for server in servers] == ["node-1", "rack_1.b"]


@pytest.mark.parametrize("first", [{"name": "node-2"}, {"name": "a"}])
def test_two_of_one_name_are_refused(first: dict[str, str]) -> None:
    """Steps and the ledger know a server by its name; two cannot have one, given or by their place."""
    second = {} if first["name"] == "node-2" else first
    with pytest.raises(InvalidInput, match=r"provider\.servers: must have unique names"):
        options({"host": "192.0.2.1", **first}, {"host": "192.0.2.2", **second})


@pytest.mark.parametrize("name", ["localhost", "../up", "a b", "-f", ""])
def test_a_name_that_is_another_thing_is_refused(name: str) -> None:
    """The name of this machine, and names that cannot be in file names, are refused with their place."""
    with pytest.raises(InvalidInput, match=OTHER_NAME):
        options({"host": "192.0.2.1", "name": name})


def test_a_name_that_is_no_text_is_refused() -> None:
    """YAML lets one be a list, which is complained of like any other fault."""
    with pytest.raises(InvalidInput, match="name: must be a string, not a list"):
        options({"host": "192.0.2.1", "name": ["a"]})
