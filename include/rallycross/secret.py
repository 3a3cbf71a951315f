"""What nobody is shown: how it is found in a cloud spec or a task, and how it is hidden."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

_KEY = re.compile(r"password|secret|token|passphrase", re.IGNORECASE)
_SHORT = 2  # characters; what is as short as this would be found in every other word
_PAIR = "auth"  # a user and a password in a list: how aiohttp, and so `HttpRequests`, is given them
_MASK = "***"


def secrets_in(data: Any, key: str = "") -> Iterator[str]:
    """Yield the texts that stand under a key that names a secret, at any depth."""
    if isinstance(data, dict):
        for name, value in data.items():
            yield from secrets_in(value, _inner(key, name))
    elif isinstance(data, list):
        for value in data:
            yield from secrets_in(value, key)
    elif _is_secret(data, key) and len(str(data)) > _SHORT:
        yield str(data)


def shown(data: Any) -> Any:
    """Return data as it may be shown: without its secrets, wherever they stand in it."""
    return masked(data, tuple(secrets_in(data)))


def masked(data: Any, secrets: Sequence[str], key: str = "") -> Any:
    """Return data without what stands under a key that names a secret, and without that in all other texts."""
    if isinstance(data, dict):
        return {name: masked(value, secrets, _inner(key, name)) for name, value in data.items()}
    if isinstance(data, list):
        return [masked(value, secrets, key) for value in data]
    if _is_secret(data, key):
        return _MASK
    return hidden(data, secrets) if isinstance(data, str) else data


def hidden(text: str, secrets: Sequence[str]) -> str:
    """Return a text without the secrets; the longest go first, for one may be the beginning of another."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, _MASK)
    return text


def _inner(key: str, name: Any) -> str:
    """Return the key that counts for what is inside: once secret, all is."""
    return key if _KEY.search(key) else str(name)


def _is_secret(value: Any, key: str) -> bool:
    if isinstance(value, int) and len(str(value)) <= _SHORT:  # of keys like `password_hash_rounds`
        return False
    return isinstance(value, str | int) and not isinstance(value, bool) and (key == _PAIR or bool(_KEY.search(key)))
