"""Reads lists of tests: an entry on each line, with its reason after a #, or Rally's YAML and JSON mappings."""

import re
from pathlib import Path

from rallycross.errors import Complaint, InvalidInput, RallycrossError, brief
from rallycross.regex_search import BadPatterns, search_all
from rallycross.userfile import read_text
from rallycross.verification.testid import TestId
from rallycross.yamlfile import parse

_SHOWN = 100  # characters of an entry


def read_file(path: str) -> dict[str, str]:
    """Return the entries of a list file with their reasons; raise `RallycrossError` if it cannot be read."""
    text = read_text(Path(path).expanduser(), name=path, remedy="name a list of tests, one per line")
    entries = read_list(text, file=path)
    if not entries:
        raise RallycrossError(f"{path}: is empty - name a list of tests, one per line")
    return entries


def read_list(text: str, *, file: str = "list") -> dict[str, str]:
    """Return the entries of a list, each with its reason or "".

    Each line is an entry; empty lines and comment lines are skipped. If the first entry ends with a colon or begins
    with a brace, the text is a mapping of entries to reasons.
    """
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if lines and (lines[0].lstrip().startswith(("{", "---")) or re.match(r"""["']?[^#\s]+["']?:(\s|$)""", lines[0])):
        return _mapping(text, file)
    parts = (line.partition("#") for line in lines)
    return {_name(entry.strip()): comment.strip() for entry, _, comment in parts}


def check_patterns(entries: dict[str, str], *, file: str) -> None:
    """Raise `InvalidInput` with all entries that are not valid regular expressions."""
    patterns = list(entries)
    try:
        search_all(patterns)
    except BadPatterns as error:
        wrong = error.why.items()
        raise InvalidInput(Complaint(file, 0, 0, brief(patterns[at], _SHOWN), what) for at, what in wrong) from error


def _mapping(text: str, file: str) -> dict[str, str]:
    try:
        entries, _ = parse(text, file)
    except InvalidInput as error:
        what = f"{file}: neither lines nor a YAML mapping ({error.complaints[0].what}) - write one test per line"
        raise RallycrossError(what) from error
    if not isinstance(entries, dict) or not all(isinstance(entry, str) for entry in entries):
        raise RallycrossError(f"{file}: not a mapping of tests to reasons - write TEST # REASON on each line")
    return {_name(entry): str(reason or "") for entry, reason in entries.items()}


def _name(entry: str) -> str:
    """Return an entry without the attributes that tempest appends to a test's name."""
    return TestId(entry).name
