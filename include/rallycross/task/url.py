"""Checks URLs in a task file."""

from urllib.parse import urlsplit


def url_problem(url: str) -> str:
    """Return what is wrong with a URL for HTTP, as a text that follows "is"; "" if it is valid."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return f"not a URL ({error})"
    if parts.scheme not in {"http", "https"}:
        return "not a URL that begins with http:// or https://"
    if not parts.hostname or any(letter.isspace() for letter in url):
        return "a URL without a host" if not parts.hostname else "not a URL: it contains a blank"
    return "not a usable URL: nothing listens on port 0" if port == 0 else ""
