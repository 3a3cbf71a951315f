"""URLs in a task file."""

from urllib.parse import urlsplit


def wrong_with(url: str) -> str:
    """Return what is wrong with a URL that is to be asked by HTTP; nothing where it is one."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return f"no URL ({error})"
    if parts.scheme not in {"http", "https"}:
        return "no URL that begins with http:// or https://"
    if not parts.hostname or any(letter.isspace() for letter in url):
        return "a URL without a host" if not parts.hostname else "no URL: it has a blank in it"
    return "no URL: nothing listens on port 0" if port == 0 else ""
