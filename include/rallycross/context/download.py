"""Downloads files within limits. User and password of a URL are sent to its host only and never shown."""

import http.client
import time
import urllib.request
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import unquote, urlsplit

from rallycross.errors import RallycrossError
from rallycross.masking import masked
from rallycross.secret import shown_text
from rallycross.settings import settings

_CHUNK = 1 << 20
_NO_RIGHT = (401, 403, 407)
_WRITTEN = "write @ as %40, : as %3A, / as %2F in user and password"


class CannotBeDownloaded(RallycrossError):  # noqa: N818
    """A file cannot be downloaded."""


def download(source: str, path: Path) -> None:
    """Download a URL to a file. Its user and password, if any, are sent to its host only, by basic auth."""
    opener, url, shown, secrets = _opened(source)
    limits = settings()
    deadline = time.monotonic() + limits.download_limit
    try:
        with opener.open(url, timeout=limits.download_patience) as answer, path.open("wb") as file:
            while chunk := answer.read1(_CHUNK):
                file.write(chunk)
                if time.monotonic() > deadline:
                    raise CannotBeDownloaded(
                        f"{shown}: the download is not finished after {limits.download_limit:g} s, with"
                        f" {file.tell():,} bytes - use a faster server, or raise RALLYCROSS_DOWNLOAD_LIMIT"
                    )
    except TimeoutError as error:
        raise CannotBeDownloaded(
            f"{shown}: the download received no data for {limits.download_patience:g} s"
            " - check the server, or raise RALLYCROSS_DOWNLOAD_PATIENCE"
        ) from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        remedy = " - check that it exists and can be reached"
        if isinstance(error, HTTPError) and error.code in _NO_RIGHT:
            remedy = f" - give user and password in the URL, as https://user:password@host/path; {_WRITTEN}"
        said = masked(shown_text(str(error)), secrets)
        raise CannotBeDownloaded(f"{shown} cannot be downloaded: {said}{remedy}") from error


def _opened(source: str) -> tuple[urllib.request.OpenerDirector, str, str, tuple[str, ...]]:
    """Return an opener for a URL, the URL without user and password, the URL to show, and the secrets in it."""
    try:
        parts = urlsplit(source)
        _ = parts.port  # raises if it is not a port
    except ValueError:
        parts = urlsplit("")
    if not parts.hostname:  # an unreadable URL is not shown: a password may be anywhere in it
        raise CannotBeDownloaded(f"a URL cannot be read - write it as https://user:password@host/path; {_WRITTEN}")
    place = parts.netloc.rpartition("@")[2]
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    known = urllib.request.HTTPPasswordMgrWithPriorAuth()
    if user or password:
        known.add_password(None, f"{parts.scheme}://{place}/", user, password, is_authenticated=True)
    handlers = (urllib.request.HTTPBasicAuthHandler(known), urllib.request.HTTPDigestAuthHandler(known))
    secrets = tuple(secret for secret in (password or user, parts.password or parts.username) if secret)
    return (
        urllib.request.build_opener(*handlers),
        parts._replace(netloc=place).geturl(),
        masked(shown_text(source), secrets),
        secrets,
    )
