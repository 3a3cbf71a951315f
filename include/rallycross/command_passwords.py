"""Masks passwords in command lines that no name announces, such as `curl -u user:password`."""

import re

from rallycross.masking import HIDDEN

# Any command line that is handled here contains one of these.
MAY_BE_COMMAND = r"-u\b|--user|-U\b|curl|sshpass|mysql|mariadb|redis|ldap|chpasswd|passwd|login"

_REST = r"[^\n|;&]{0,500}?\s"
_VALUE = r"['\"]?[^\s'\"]+"
_COMMANDS = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?<![\w-])((?:-u|--user|-U|--proxy-user)[=\s]+['\"]?[^\s:'\"/]+:)([^\s'\"]+)",  # curl's
        rf"(\bcurl\b{_REST}-[A-Za-z]{{0,9}}[uU]['\"]?[^\s:'\"/-][^\s:'\"/]*:)([^\s'\"]+)",
        rf"(\bsshpass\s+-p\s*)({_VALUE})",
        rf"(\b(?:mysql|mariadb)[\w-]*\b{_REST}-p)({_VALUE})",
        rf"(\bredis-cli\b{_REST}-a\s+)({_VALUE})",
        rf"(\bldap(?:search|add|modify|delete|whoami|passwd)\b{_REST}-w\s*)({_VALUE})",
        r"(\w:)([^\s:'\"|]+)(?=['\"]?\s*\|\s*(?:sudo\s+)?chpasswd\b)",
        r"(\bchpasswd\b[^\n|;&<]*<<<\s*['\"]?[^\s:'\"]+:)([^\s'\"]+)",
        rf"(\becho\s+(?:-n\s+)?)({_VALUE})(?=['\"]?\s*\|\s*(?:sudo\s+)?passwd\b)",
        rf"(\blogin\s+\S+\s+password\s+)({_VALUE})",  # a line in .netrc
    )
)


def mask_command_passwords(text: str) -> str:
    """Return a text with these passwords masked."""
    for command in _COMMANDS:
        text = command.sub(rf"\1{HIDDEN}", text)
    return text
