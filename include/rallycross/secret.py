"""Masks secrets in data and texts: the one rule for everything that is shown, logged, reported or exported.

A value is secret because of its name (`user_password`, `X-Auth-Token`, `hmac_key`), because of its form (a private key,
a token, the password in a URL), or because it is the value of such a name elsewhere. Names are recognized in mappings,
in YAML and JSON within texts, and in `NAME=value`, headers, URL queries and command lines.
"""

import datetime as dt
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import yaml

from rallycross.command_passwords import MAY_BE_COMMAND, mask_command_passwords
from rallycross.file_kind import NOT_YAML
from rallycross.masking import HIDDEN, masked, occurs_in

_SHORT = 2  # characters; a secret this short would be found in every other word
_PARSED = 1 << 16  # characters; a longer text is not parsed as YAML or JSON, only searched by patterns
_DEEPEST = 100  # levels of nesting; YAML's C parser crashes on too many
_LONG_NUMBER = 20  # digits; a longer one is a token
_AUTH = "auth"
# User and password, as a list or separated by a colon: the form that aiohttp, and so `HttpRequests`, takes.
_PAIR = re.compile(r"(?:(?:basic|digest|http|proxy)_?)?auth", re.IGNORECASE)

# Names. `adminPass`, `admin_pass` and `Admin-Pass` have the same words.
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_PART = re.compile(
    r"passw|pwd|(admin|user|root|db|sql|ssh|smtp|ldap|bind|rabbit|vnc)pass$|passphrase|secret|token|apikey|accesskey|privatekey|secretkey|authoriz?ation$|hmac|"
    r"user_?data$|credentials?$|cookies?$|passcode|jwt$|psk$|privkey|ssl_?key$|assertion$|saml_?response$|"
    r"snmp_?community|web_?hooks?$",
    re.IGNORECASE,
)
_LAST = re.compile(r"pass|passes|sig|signature|pat|otp")  # secret as a name's last word
_WEBHOOK = re.compile(r"web_?hook_?(?:ur[il])s?$", re.IGNORECASE)  # a webhook's URL is all that is needed to call it
_ALONE = re.compile(r"passw(or)?d|pwd|pass|passphrase|passcode")  # even a number with such a name is secret
_KEY = re.compile(r"keys?")  # secret if the word before is not one of the following
_NO_SECRET_KEY = re.compile(
    r"public|primary|foreign|sort|routing|partition|group|cache|map|host|dedup|idempotency|index|keypair|authorized|"
    r"known|tag|label|metadata|message|translation|unique|natural|join|object|hash|shard|registry"
)
# Words for properties of a secret, not secret themselves: the last word of a name, or (figures) the first one.
_ABOUT = re.compile(
    r"types?|kind|names?|paths?|files?|filename|dir|folder|url|uri|endpoint|polic(y|ies)|algorithm|format|methods?|"
    r"provider|driver|backend|regex|pattern|prefix|enabled|required|prompt|hint|version|class|bind|body|support|"
    r"supported|model|scope"
)
_FIGURE = re.compile(
    r"rounds?|length|len|size|min|max|minimum|maximum|limits?|counts?|number|num|total|expiration|expiry|expires?|ttl|"
    r"age|lifetime|timeout|seconds?|minutes?|hours?|days?|interval|retries|attempts|bytes|bits|usage|used|quota|"
    r"iterations|cost|rate|history|window|per|percent|port"
)
_ANY = "secret"  # the name of everything inside a secret value
_PLURALS = ("tokens", "secrets", "passwords", "passphrases", "credentials", "keys", "cookies")
_PLUGIN = re.compile(r"[A-Z]\w*\.\w+")  # a scenario, such as `Authenticate.validate_token`
_AUTHTOKEN = re.compile(r"auth_?token$", re.IGNORECASE)  # a section in the configuration of OpenStack's services

# Values.
_PRIVATE_KEY = re.compile(r"-----BEGIN ([A-Z0-9 ]*PRIVATE KEY)[A-Z ]*-----.*?(?:-----END \1[A-Z ]*-----|\Z)", re.DOTALL)
_PUBLIC_KEY = re.compile(r"\s*(ssh-|ecdsa-|sk-|-----BEGIN (PUBLIC KEY|CERTIFICATE))")
_USERINFO = re.compile(r"\b([A-Za-z][A-Za-z0-9+.-]{0,20}://)([^\s/?#'\"<>]{1,4096})@")
# Passwords in URLs of databases and brokers may contain a slash; in other URLs, the path would begin there.
_OF_DATABASES = re.compile(
    r"\b((?:mysql|mariadb|postgres|oracle|mssql|mongodb|redis|valkey|amqp|rabbit|kombu|ldap)[A-Za-z0-9+.-]{0,20}://)"
    r"([^\s/?#'\"<>:@]{0,256}:[^\s'\"<>@:]{1,4096})@"
)
# What cannot be a port is a password with a slash that is not written as %2F.
_NO_PORT = re.compile(
    r"\b([A-Za-z][A-Za-z0-9+.-]{0,20}://)([^\s/?#'\"<>:@\[]{1,256}:(?!\d{0,5}[/?#])"
    r"[^\s'\"<>@:/?#]{0,256}[/?#][^\s'\"<>@:]{0,4096})@"
)
_PASSWORDS_OF_URLS = (_USERINFO, _OF_DATABASES, _NO_PORT)
_TOKENS = re.compile(
    r"gAAAAA[\w-]{20,}=*"  # Fernet tokens, such as keystone's
    r"|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"  # a JWT
    r"|\bgh[pousr]_\w{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}|\bxox[abeoprs]-[\w-]{10,}|\bAIza[\w-]{30,}"
    # Webhook addresses, which let anybody call them.
    r"|(?<=hooks\.slack\.com/)[\w/-]{10,}|(?<=/api/webhooks/)[\w/-]{10,}|(?<=\.webhook\.office\.com/)[\w/@-]{10,}"
)
_SCHEME = re.compile(r"\b(Bearer|Basic|Digest|Negotiate)(\s+)(?=[^\s'\",]*[0-9A-Z=._+/~-])([\w.=+/~-]{6,})")
_NAME = r"[A-Za-z_][\w.-]*"
# The first two inner alternatives are a shell's ways to write ' within quotes: 'it'\''s', 'it'"'"'s'.
_QUOTED = r"\"(?:\\.|[^\"\\])*\"|'(?:'\\''|'\"'\"'|\\.|''|[^'\\])*'"
_HEADER = re.compile(
    r"(\b(?:(?:Proxy-)?Authorization|(?:Set-)?Cookie|X-[\w-]*Token|X-[\w-]*Key)\s*:\s*)[^\s\"'][^\r\n\"']*",
    re.IGNORECASE,
)
# Patterns of a name and of its value: `NAME=x`, `&name=x`, `name: x`, `"name": "x"`, `--name x`.
_NAMED_VALUES = (
    (re.compile(rf"[?&](?P<name>{_NAME})="), re.compile(r"[^\s&\"'#]+")),
    (
        re.compile(rf"(?:(?<=%3F)|(?<=%3f)|(?<=%26)|(?<![\w.%-]))(?P<name>{_NAME})%3[Dd]"),
        re.compile(r"(?:%(?!26)[0-9A-Fa-f]{2}|[^\s&\"'#%])+"),
    ),
    (
        re.compile(rf"(?<![\w.?&-])-{{0,2}}(?P<name>{_NAME})[\"']?\s?=\s?"),
        re.compile(rf"b?(?:{_QUOTED})|[^\s\"'=][^\s\"']*"),
    ),
    (
        re.compile(
            rf"(?<![\w./-])(?P<name>{_NAME})\s*:\s+|(?P<quote>\\{{0,7}}[\"'])(?P<quoted>{_NAME})(?P=quote)\s*:\s*"
        ),
        re.compile(rf"\\+\".*?\\+\"|b?(?:{_QUOTED})|[^\s,}}\]\"']+(?=[^\S\n]*(?:$|[,}}\]\"']))", re.MULTILINE),
    ),
    # A truncated JSON text; a password after a bare colon; a pair as written by Python; an XML element.
    (
        re.compile(rf"(?P<quote>\\{{0,7}}[\"'])(?P<quoted>{_NAME})(?P=quote)\s*:\s*(?=\\*[\"'])"),
        re.compile(r"\\*[\"'][^\"']*\Z"),
    ),
    (
        re.compile(r"(?<![\w./:-])(?<!\$\{)(?P<name>[\w.-]*(?i:(?<!NO)passw(?:or)?d|passphrase)):"),
        re.compile(r"[^\s,}\]\"'/&][^\s,}\]\"'&]*"),
    ),
    (
        re.compile(r"\(b?(?P<quote>[\"'])(?P<quoted>\w+[_-][\w-]+|Authorization|Cookie)(?P=quote),\s*"),
        re.compile(rf"b?(?:{_QUOTED})(?=\))"),
    ),
    (re.compile(rf"<(?:\w+:)?(?P<name>{_NAME})(?:\s[^<>]*)?>"), re.compile(r"[^<>]+(?=</)")),
    (re.compile(r"(?<![\w-])--?(?P<name>[A-Za-z][\w-]*)[\"']?,?\s+"), re.compile(rf"{_QUOTED}|[^\s\"'-][^\s\"']*")),
)
_NOTHING = frozenset({"", "none", "null", "true", "false", "yes", "no", "{}", "[]", "''", '""', HIDDEN})

# A quick first test: most texts contain none of these, and so no secret.
_MAY_HAVE = re.compile(
    r"pass|pwd|secret|token|key|auth|hmac|cookie|credential|user_?data|sig|pat\b|://|bearer|basic|digest|negotiate|gAAAAA|eyJ|"
    rf"gh[pousr]_|glpat|xox|AIza|hook|jwt|psk|otp|saml|assertion|community|github|{MAY_BE_COMMAND}",
    re.IGNORECASE,
)
_READABLE = re.compile(r"[\n{\[]")
_ALIAS = re.compile(r"(?:^|[\s,\[{:-])\*[A-Za-z0-9_]", re.MULTILINE)  # YAML aliases, which can expand enormously


def is_secret_name(name: str) -> bool:
    """Return whether values with this name are secret, apart from numbers and empty values."""
    words = [word.lower() for word in _WORDS.findall(name)]
    if words and _WEBHOOK.search("_".join(words)):
        return True
    if not words or _PLUGIN.fullmatch(name) or _ABOUT.fullmatch(words[-1]) or _FIGURE.fullmatch(words[-1]):
        return False
    if _FIGURE.fullmatch(words[0]) and words[-1].endswith(_PLURALS):
        return False
    if _LAST.fullmatch(words[-1]):
        return True
    if _KEY.fullmatch(words[-1]):
        return len(words) > 1 and _NO_SECRET_KEY.fullmatch(words[-2]) is None
    return _PART.search("_".join(words)) is not None or _PART.search("".join(words)) is not None


def shown_value(name: str, value: Any) -> Any:
    """Return a value with this name as it may be shown."""
    return shown({name: value})[name]


def secrets_in(data: Any, name: str = "") -> Iterator[str]:
    """Yield the values under secret names, at any depth, also in YAML and JSON within texts."""
    if isinstance(data, Mapping):
        for _, called, value in _named(data):
            yield from secrets_in(value, _inner(name, called, value))
    elif isinstance(data, list | tuple | set | frozenset):
        yield from _secrets_in_list(list(data), name)
    elif _is_secret(data, name):
        text = data.decode(errors="replace") if isinstance(data, bytes) else str(data)
        if len(text) > _SHORT:
            yield text
    elif isinstance(data, str) and (inner := _read(data)) is not None:
        yield from secrets_in(inner)


def shown(data: Any, known: Iterable[str] = ()) -> Any:
    """Return data as they may be shown: their secrets, and those in `known`, are masked everywhere."""
    secrets = tuple(dict.fromkeys([*known, *secrets_in(data)]))
    return _shown(data, secrets, "")


def shown_text(text: str, known: Iterable[str] = ()) -> str:
    """Return a text as it may be shown."""
    known = tuple(known)
    if _MAY_HAVE.search(text) is None:
        return masked(text, known)
    inner = _read(text)  # before masking, which could make it invalid YAML
    found = tuple(secrets_in(inner)) if inner is not None else ()
    if all(occurs_in(text, one) for one in found):
        text = masked(text, (*known, *found))
    else:  # a secret is folded or escaped in the text, so that it cannot be found there
        text = _written(_shown(inner, (*known, *found), ""), like=text)
    return _by_pattern(text)


def secrets_written_in(text: str) -> Iterator[str]:
    """Yield the passwords in URLs, and the tokens, in any text."""
    for found in (one for form in _PASSWORDS_OF_URLS for one in form.finditer(text)):
        user, colon, password = found[2].partition(":")
        if colon or "http" in found[1]:  # with ssh it is only the user's name
            yield password if colon else user
    yield from (found[0] for found in _TOKENS.finditer(text))


def shown_texts(data: Any) -> Any:
    """Return data as they may be shown, where names (such as those of actions) do not announce secrets."""
    if isinstance(data, Mapping):
        return {shown_texts(key): shown_texts(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [shown_texts(value) for value in data]
    return shown_text(data) if isinstance(data, str) else data


def _shown(data: Any, secrets: Sequence[str], name: str) -> Any:
    if isinstance(data, Mapping):
        return {
            masked(key, secrets) if isinstance(key, str) else key: _shown(value, secrets, _inner(name, called, value))
            for key, called, value in _named(data)
        }
    if isinstance(data, list | tuple | set | frozenset):
        return _shown_list(list(data), secrets, name)
    if _is_secret(data, name):
        return HIDDEN
    return shown_text(data, secrets) if isinstance(data, str) else data


def _shown_list(data: list[Any], secrets: Sequence[str], name: str) -> list[Any]:
    return [
        HIDDEN if place is not None and _is_secret(value, place) else _shown(value, secrets, _in_list(name))
        for value, place in zip(data, _places(data), strict=True)
    ]


def _secrets_in_list(data: list[Any], name: str) -> Iterator[str]:
    pair = _PAIR.fullmatch(name) is not None and len(data) == 2
    for number, (value, place) in enumerate(zip(data, _places(data), strict=True)):
        if not (pair and number == 0):
            yield from secrets_in(value, _in_list(name) if place is None else place)


def _places(data: list[Any]) -> list[str | None]:
    """Return, for each value, the name that the item before it gives: `--os-password x`, `[name, value]`."""
    places: list[str | None] = [None] * len(data)
    for number in range(1, len(data)):
        before, value = data[number - 1], data[number]
        if not isinstance(before, str) or isinstance(value, Mapping | list):
            continue
        option = before.startswith("-") and "=" not in before and not str(value).startswith("-")
        pair = number == 1 and len(data) == 2 and re.fullmatch(r"[A-Za-z_][\w-]*", before) is not None
        if (option or pair) and is_secret_name(before.lstrip("-")):
            places[number] = before.lstrip("-")
    return places


def _named(data: Mapping[Any, Any]) -> Iterator[tuple[Any, Any, Any]]:
    """Yield keys, effective names, and values: `value: x` next to `name: A_PASSWORD` has the name `A_PASSWORD`."""
    given = next((data[key] for key in ("name", "key", "Name", "header") if isinstance(data.get(key), str)), None)
    renamed = {"value", "Value", "content"} if given is not None and is_secret_name(given) else set()
    for key, value in data.items():
        yield key, given if key in renamed else key, value


def _inner(outer: str, name: Any, value: Any) -> str:
    """Return the effective name of an inner value: everything within a secret is secret."""
    if is_secret_name(outer):
        return "" if name == "why" else _ANY  # the reason that is stored with a verifier's option
    inside = str(name)
    if isinstance(value, Mapping) and (_AUTHTOKEN.search(inside) or inside == _AUTH):
        return ""
    return inside


def _in_list(name: str) -> str:
    """Return the effective name of the items of a list, where numbers are not counts."""
    if _PAIR.fullmatch(name):
        return _AUTH
    return _ANY if is_secret_name(name) else name


def _is_secret(value: Any, name: str) -> bool:
    if isinstance(value, bytes):
        value = value.decode(errors="replace")
    if isinstance(value, dt.date):  # YAML reads 2001-02-03 as a date
        value = str(value)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return False
    if _PAIR.fullmatch(name) and isinstance(value, str) and (name == _AUTH or ":" in value):
        return True
    if isinstance(value, int | float):
        return (name == _AUTH or is_secret_name(name)) and _is_secret_number(value, name)
    return is_secret_name(name) and value.strip().lower() not in _NOTHING and _PUBLIC_KEY.match(value) is None


def _is_secret_number(value: float, name: str) -> bool:
    """Return whether a number is a secret, not a count or a figure such as the cost of a hash."""
    if name.lower().endswith(_PLURALS):
        return False
    return len(str(value)) > _SHORT or _ALONE.fullmatch(_WORDS.findall(name)[-1].lower()) is not None


def _read(text: str) -> Any:
    """Return the mapping or list in a YAML or JSON text; None if it is something else, or has no secret names."""
    if len(text) > _PARSED or not _READABLE.search(text) or not _PART_OR_KEY.search(text) or _is_deep(text):
        return None
    found = None
    with suppress(*NOT_YAML):
        if text.lstrip()[:1] in {"{", "["}:
            with suppress(ValueError):
                found = json.loads(text)
        if found is None and _ALIAS.search(text) is None:
            found = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe
    return found if isinstance(found, dict | list) else None


def _is_deep(text: str) -> bool:
    depth = 0
    for bracket in re.finditer(r"[\[{]|[\]}]", text):
        depth += 1 if bracket[0] in "[{" else -1
        if depth > _DEEPEST:
            return True
    return re.search(rf"(?:[-?:]\s+){{{_DEEPEST}}}", text) is not None


_PART_OR_KEY = re.compile(rf"{_PART.pattern.replace('$', '')}|pass|key|sig|auth", re.IGNORECASE)


def _written(data: Any, *, like: str) -> str:
    if like.lstrip()[:1] in {"{", "["}:
        return json.dumps(data, default=str, ensure_ascii=False)
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True)


def _by_pattern(text: str) -> str:
    """Return a text in which secrets are masked by their form, or by the name before them."""
    text = _PRIVATE_KEY.sub(HIDDEN, text)
    for form in _PASSWORDS_OF_URLS:
        text = form.sub(_without_password, text)
    text = _HEADER.sub(rf"\1{HIDDEN}", text)
    text = _SCHEME.sub(rf"\1\2{HIDDEN}", text)
    text = _TOKENS.sub(HIDDEN, text)
    for named, value in _NAMED_VALUES:
        text = _without_values(text, named, value)
    return mask_command_passwords(text)


def _without_password(found: re.Match[str]) -> str:
    scheme, info = found[1], found[2]
    user, colon, password = info.partition(":")
    if colon:
        return f"{scheme}{user}:{HIDDEN if password else ''}@"
    return f"{scheme}{HIDDEN}@" if "http" in scheme else found[0]  # a token; with ssh it is only the user's name


def _without_values(text: str, named: re.Pattern[str], value: re.Pattern[str]) -> str:
    parts, done, place = [], 0, 0
    while (name := named.search(text, place)) is not None:
        place = name.end()
        called = next(name[one] for one in ("name", "quoted") if name.groupdict().get(one))
        if not is_secret_name(called) or (found := value.match(text, place)) is None:
            continue
        bare = found[0].replace("\\", "").removeprefix("b'").strip("\"'").rstrip(",;)")
        if _is_secret(int(bare) if bare.isdecimal() and len(bare) < _LONG_NUMBER else bare, called):
            edge = re.match(r"\\*[\"']|", found[0])
            mark = edge[0] if edge else ""
            parts += [text[done:place], f"{mark}{HIDDEN}{mark}"]
            done = found.end()
        place = found.end()
    return "".join([*parts, text[done:]])
