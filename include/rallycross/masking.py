"""Masks known secrets in texts, in every form in which they may be written."""

import base64
import html
import json
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from urllib.parse import quote, quote_plus

HIDDEN = "***"

_WHOLE_WORD = 5  # characters; secrets up to this length are masked only as whole words
_IN_BASE64 = "[A-Za-z0-9+/_-]*"


def masked(text: str, secrets: Sequence[str]) -> str:
    """Return a text with known secrets masked, the longest first: one may be the beginning of another."""
    for secret in sorted(set(secrets) - {HIDDEN, ""}, key=len, reverse=True):
        for form in _forms(secret):
            if form not in text:
                continue
            if len(secret) > _WHOLE_WORD:
                text = text.replace(form, HIDDEN)
            else:
                text = re.sub(rf"(?<![A-Za-z0-9]){re.escape(form)}(?![A-Za-z0-9])", HIDDEN, text)
        for core in _in_base64(secret):
            if core in text:
                text = re.sub(f"{_IN_BASE64}{re.escape(core)}{_IN_BASE64}=*", HIDDEN, text)
    return text


def occurs_in(text: str, secret: str) -> bool:
    """Return whether a text contains a secret in a form that `masked` recognizes."""
    return any(form in text for form in _forms(secret))


@lru_cache(maxsize=1024)
def _forms(secret: str) -> tuple[str, ...]:
    """Return a secret as written in plain text, URLs, JSON (once and twice), HTML, XML, and Python's bytes."""
    escaped = json.dumps(secret)[1:-1]
    quoted = (quote(secret, safe=""), quote(secret), quote_plus(secret))
    lower = (re.sub("%[0-9A-F]{2}", lambda one: one[0].lower(), one) for one in quoted)
    inner = json.dumps(secret, ensure_ascii=False)[1:-1]
    pages = (html.escape(secret), html.escape(secret, quote=False))
    in_bytes = repr(secret.encode(errors="replace"))[2:-1]
    return tuple(dict.fromkeys([secret, escaped, inner, json.dumps(escaped)[1:-1], *quoted, *lower, *pages, in_bytes]))


@lru_cache(maxsize=1024)
def _in_base64(secret: str) -> tuple[str, ...]:
    """Return what the Base64 of any text with this secret contains, such as that of `user:password` in a header.

    Base64 turns three bytes into four characters, so there are three forms, depending on the length of what precedes.
    """
    data = secret.encode(errors="replace")
    return tuple(dict.fromkeys(_cores(data))) if len(secret) > _WHOLE_WORD else ()


def _cores(data: bytes) -> Iterator[str]:
    for before in range(3):
        told = base64.b64encode(bytes(before) + data).decode().rstrip("=")
        first = -(-before * 8 // 6)  # characters that also depend on the bytes before
        core = told[first : (before + len(data)) * 8 // 6]
        yield from (core, core.replace("+", "-").replace("/", "_"))
