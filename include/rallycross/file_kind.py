"""Recognizes files of the wrong kind: what they are, in words, and which command reads them."""

import re
from collections.abc import Mapping
from typing import Any

import yaml

# What PyYAML raises for invalid values: a KeyError for `!!bool maybe`, an AttributeError for `!!timestamp x`, an
# IndexError for `!!int ''`.
NOT_YAML: tuple[type[Exception], ...] = (
    yaml.YAMLError,
    AttributeError,
    LookupError,
    OverflowError,
    RecursionError,
    TypeError,
    ValueError,
)
UNREADABLE: tuple[type[Exception], ...] = (OSError, *NOT_YAML)  # or the file cannot be read
# The first bytes of binary files.
_BINARY: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive, or an office document"),
    (b"\x1f\x8b", "compressed by gzip"),
    (b"\xfd7zXZ", "compressed by xz"),
    (b"BZh", "compressed by bzip2"),
    (b"\x28\xb5\x2f\xfd", "compressed by zstd"),
    (b"\x7fELF", "a program"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"SQLite format 3", "an SQLite database"),
    (b"QFI\xfb", "a disk image"),
    (b"\xb3", "a subunit stream"),
    (b"ARROW1", "an Arrow file"),
)
_BEGIN = 4096  # characters that are looked at
_BEGINNINGS: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (("%pdf",), "a PDF document", ""),
    (("<!doctype html", "<html"), "an HTML page", "fetch the file itself, not the page that shows it"),
    (("<?xml", "<testsuite"), "XML", "import test results: ./rallycross verify import FILE"),
    (("#!",), "a program", ""),
    (("-----begin ",), "a key or a certificate", ""),
)
_HEADER = re.compile(r"\[[\w.:-]+\]$")
_SETTING = re.compile(r"#?\s*[\w.-]+\s*=")
_OPENRC = re.compile(r"^[ \t]*(export[ \t]+)?OS_[A-Z_]+=", re.MULTILINE)


def kind_of_bytes(content: bytes) -> str:
    """Return the kind of a binary file; "" if it is not known."""
    return next((kind for magic, kind in _BINARY if content.startswith(magic)), "")


def kind_of_text(content: str) -> tuple[str, str]:
    """Return the kind of a text that is not a task file or cloud spec, and a remedy; ("", "") if it is not known."""
    begin = content[:_BEGIN].lstrip().lower()
    for beginnings, kind, remedy in _BEGINNINGS:
        if begin.startswith(beginnings):
            return kind, remedy
    lines = [line.strip() for line in content[:_BEGIN].splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith(("#", ";"))]
    if lines and _HEADER.match(lines[0]) and (len(lines) == 1 or _SETTING.match(lines[1]) or _HEADER.match(lines[1])):
        return "a configuration file with sections, such as a tempest.conf", ""
    if _OPENRC.search(content):
        return "an openrc", "name it under `openrc` in a cloud spec"
    return "", ""


def kind_of_data(found: Any) -> tuple[str, str]:
    """Return the kind of YAML or JSON data that is not a task file, and a remedy; ("", "") if it is not known."""
    if isinstance(found, list):
        first = found[0] if found and isinstance(found[0], dict) else {}
        for keys, kind, remedy in _LISTS:
            if keys & first.keys():
                return kind, remedy
    if isinstance(found, Mapping):
        for keys, kind, remedy in _MAPPINGS:
            if keys <= found.keys():
                return kind, remedy
    return "", ""


_RESULTS = ("results of Rally", "import them: ./rallycross results import FILE")
_PLAYBOOK = ("an Ansible playbook, or a list of its tasks", "")
_SPEC = ("a cloud spec", "deploy it: ./rallycross cloud create FILE")
_LISTS: tuple[tuple[set[str], str, str], ...] = (
    ({"result", "load_duration"}, *_RESULTS),
    ({"hosts", "import_playbook", "ansible.builtin.import_playbook", "become", "roles", "gather_facts"}, *_PLAYBOOK),
    ({"username"}, "a list of accounts, as tempest's accounts.yaml", "use it in a verification: --accounts FILE"),
)
_MAPPINGS: tuple[tuple[set[str], str, str], ...] = (
    ({"info", "tasks"}, *_RESULTS),
    ({"clouds"}, "a clouds.yaml", "name it under `clouds_yaml` in a cloud spec"),
    ({"engine"}, *_SPEC),
    ({"existing@openstack"}, "a deployment or an environment of Rally", _SPEC[1]),
    ({"type", "admin"}, "a deployment or an environment of Rally", _SPEC[1]),
    ({"type", "auth_url"}, "a deployment or an environment of Rally", _SPEC[1]),
    ({"heat_template_version"}, "a Heat template", ""),
    ({"apiVersion", "kind"}, "a Kubernetes object", ""),
    ({"services", "networks"}, "a Compose file", ""),
)
