"""What nobody is shown, and data and texts without it: the one rule, for every place where data leaves.

A value is secret by its name (`user_password`, `X-Auth-Token`, `hmac_key`), by what it is (a private key, a token, the
password of a URL), or because it is known to stand under such a name elsewhere. Names are looked at wherever they can
stand: in mappings, in YAML and JSON inside of texts, in `NAME=value`, headers, queries of URLs and command lines.
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

_SHORT = 2  # characters; what is as short as this would be found in every other word
_PARSED = 1 << 16  # characters; a longer text is not read as YAML or JSON, its lines alone are looked at
_DEEPEST = 100  # levels of what is read; the C parser of YAML dies of too many
_LONG_NUMBER = 20  # digits; a longer one is a token
_AUTH = "auth"
# A user and a password, in a list or with a colon between: how aiohttp, and so `HttpRequests`, is given them.
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
_WEBHOOK = re.compile(r"web_?hook_?(?:ur[il])s?$", re.IGNORECASE)  # who knows it may call it
_ALONE = re.compile(r"passw(or)?d|pwd|pass|passphrase|passcode")  # no figure ends in these: any number is secret
_KEY = re.compile(r"keys?")  # so, too, where another word stands before it that is none of these
_NO_SECRET_KEY = re.compile(
    r"public|primary|foreign|sort|routing|partition|group|cache|map|host|dedup|idempotency|index|keypair|authorized|"
    r"known|tag|label|metadata|message|translation|unique|natural|join|object|hash|shard|registry"
)
# What says something about a secret, and is none itself: as the last word, or (figures) as the first of a count's name.
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
_ANY = "secret"  # the name of what stands inside of something secret
_PLURALS = ("tokens", "secrets", "passwords", "passphrases", "credentials", "keys", "cookies")
_PLUGIN = re.compile(r"[A-Z]\w*\.\w+")  # a scenario, such as `Authenticate.validate_token`
_AUTHTOKEN = re.compile(r"auth_?token$", re.IGNORECASE)  # a section of OpenStack's services

# Values.
_PRIVATE_KEY = re.compile(r"-----BEGIN ([A-Z0-9 ]*PRIVATE KEY)[A-Z ]*-----.*?(?:-----END \1[A-Z ]*-----|\Z)", re.DOTALL)
_PUBLIC_KEY = re.compile(r"\s*(ssh-|ecdsa-|sk-|-----BEGIN (PUBLIC KEY|CERTIFICATE))")
_USERINFO = re.compile(r"\b([A-Za-z][A-Za-z0-9+.-]{0,20}://)([^\s/?#'\"<>]{1,4096})@")
# Databases and brokers are told passwords with a slash in them, too; in other URLs a path would begin there.
_OF_DATABASES = re.compile(
    r"\b((?:mysql|mariadb|postgres|oracle|mssql|mongodb|redis|valkey|amqp|rabbit|kombu|ldap)[A-Za-z0-9+.-]{0,20}://)"
    r"([^\s/?#'\"<>:@]{0,256}:[^\s'\"<>@:]{1,4096})@"
)
# What no port can be is a password, whose slash nobody has written as %2F.
_NO_PORT = re.compile(
    r"\b([A-Za-z][A-Za-z0-9+.-]{0,20}://)([^\s/?#'\"<>:@\[]{1,256}:(?!\d{0,5}[/?#])"
    r"[^\s'\"<>@:/?#]{0,256}[/?#][^\s'\"<>@:]{0,4096})@"
)
_PASSWORDS_OF_URLS = (_USERINFO, _OF_DATABASES, _NO_PORT)
_TOKENS = re.compile(
    r"gAAAAA[\w-]{20,}=*"  # Fernet's, and so keystone's
    r"|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"  # a JWT
    r"|\bgh[pousr]_\w{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}|\bxox[abeoprs]-[\w-]{10,}|\bAIza[\w-]{30,}"
    # What stands in the address of a webhook lets anybody call it.
    r"|(?<=hooks\.slack\.com/)[\w/-]{10,}|(?<=/api/webhooks/)[\w/-]{10,}|(?<=\.webhook\.office\.com/)[\w/@-]{10,}"
)
_SCHEME = re.compile(r"\b(Bearer|Basic|Digest|Negotiate)(\s+)(?=[^\s'\",]*[0-9A-Z=._+/~-])([\w.=+/~-]{6,})")
_NAME = r"[A-Za-z_][\w.-]*"
# The first two of the inner ones are how a shell is given a ' between two that quote: 'it'\''s', 'it'"'"'s'.
_QUOTED = r"\"(?:\\.|[^\"\\])*\"|'(?:'\\''|'\"'\"'|\\.|''|[^'\\])*'"
_HEADER = re.compile(
    r"(\b(?:(?:Proxy-)?Authorization|(?:Set-)?Cookie|X-[\w-]*Token|X-[\w-]*Key)\s*:\s*)[^\s\"'][^\r\n\"']*",
    re.IGNORECASE,
)
# How a name is written, and the value that belongs to it: `NAME=x`, `&name=x`, `name: x`, `"name": "x"`, `--name x`.
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
    # A JSON text that is cut off; a password behind a colon alone; a pair, as Python writes it; an element of XML.
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

# A text without any of these has nothing to hide, and most texts have none: looked for first.
_MAY_HAVE = re.compile(
    r"pass|pwd|secret|token|key|auth|hmac|cookie|credential|user_?data|sig|pat\b|://|bearer|basic|digest|negotiate|gAAAAA|eyJ|"
    rf"gh[pousr]_|glpat|xox|AIza|hook|jwt|psk|otp|saml|assertion|community|github|{MAY_BE_COMMAND}",
    re.IGNORECASE,
)
_READABLE = re.compile(r"[\n{\[]")
_ALIAS = re.compile(r"(?:^|[\s,\[{:-])\*[A-Za-z0-9_]", re.MULTILINE)  # of YAML; a few can stand for a great many


def is_secret_name(name: str) -> bool:
    """Return whether a value of that name is one that may not be shown, unless it is a number or says nothing."""
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
    """Return what may be shown of a value of that name."""
    return shown({name: value})[name]


def secrets_in(data: Any, name: str = "") -> Iterator[str]:
    """Yield the texts that stand under a name that is secret, at any depth, in YAML and JSON in texts too."""
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
    """Return data as they may be shown: without secrets, those in `known` too, wherever they stand."""
    secrets = tuple(dict.fromkeys([*known, *secrets_in(data)]))
    return _shown(data, secrets, "")


def shown_text(text: str, known: Iterable[str] = ()) -> str:
    """Return a text as it may be shown."""
    known = tuple(known)
    if _MAY_HAVE.search(text) is None:
        return masked(text, known)
    inner = _read(text)  # as it is: what is left out would be no YAML any more
    found = tuple(secrets_in(inner)) if inner is not None else ()
    if all(occurs_in(text, one) for one in found):
        text = masked(text, (*known, *found))
    else:  # one is folded or escaped: it stands in the text in another way than it reads
        text = _written(_shown(inner, (*known, *found), ""), like=text)
    return _by_pattern(text)


def secrets_written_in(text: str) -> Iterator[str]:
    """Yield the passwords of URLs, and the tokens, that stand in a text, whatever it is."""
    for found in (one for form in _PASSWORDS_OF_URLS for one in form.finditer(text)):
        user, colon, password = found[2].partition(":")
        if colon or "http" in found[1]:  # with ssh it is whom one signs in as
            yield password if colon else user
    yield from (found[0] for found in _TOKENS.finditer(text))


def shown_texts(data: Any) -> Any:
    """Return data whose names are ours, such as those of actions, with its texts as they may be shown."""
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
    """Return for each value the name that the one before it gives it: `--os-password x`, `[name, value]`."""
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
    """Yield keys, the names that count, and values; `value: x` has the name that `name: A_PASSWORD` beside it says."""
    given = next((data[key] for key in ("name", "key", "Name", "header") if isinstance(data.get(key), str)), None)
    renamed = {"value", "Value", "content"} if given is not None and is_secret_name(given) else set()
    for key, value in data.items():
        yield key, given if key in renamed else key, value


def _inner(outer: str, name: Any, value: Any) -> str:
    """Return the name that counts for what is inside: once secret, all is."""
    if is_secret_name(outer):
        return "" if name == "why" else _ANY  # of an option of a verifier's, which is kept with its reason
    inside = str(name)
    if isinstance(value, Mapping) and (_AUTHTOKEN.search(inside) or inside == _AUTH):
        return ""
    return inside


def _in_list(name: str) -> str:
    """Return the name of what is in a list: a number there is no count."""
    if _PAIR.fullmatch(name):
        return _AUTH
    return _ANY if is_secret_name(name) else name


def _is_secret(value: Any, name: str) -> bool:
    if isinstance(value, bytes):
        value = value.decode(errors="replace")
    if isinstance(value, dt.date):  # what YAML makes of 2001-02-03
        value = str(value)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return False
    if _PAIR.fullmatch(name) and isinstance(value, str) and (name == _AUTH or ":" in value):
        return True
    if isinstance(value, int | float):
        return (name == _AUTH or is_secret_name(name)) and _is_secret_number(value, name)
    return is_secret_name(name) and value.strip().lower() not in _NOTHING and _PUBLIC_KEY.match(value) is None


def _is_secret_number(value: float, name: str) -> bool:
    """Return whether a number is no count, nor a figure such as the cost of a hash."""
    if name.lower().endswith(_PLURALS):
        return False
    return len(str(value)) > _SHORT or _ALONE.fullmatch(_WORDS.findall(name)[-1].lower()) is not None


def _read(text: str) -> Any:
    """Return the mapping or list that a text is in YAML or JSON, None where it is none, or has no secret's name."""
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
    """Return a text without what is a secret by its form, or by a name that stands before it."""
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
    return f"{scheme}{HIDDEN}@" if "http" in scheme else found[0]  # a token; with ssh it is whom one signs in as


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
