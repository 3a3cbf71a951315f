"""Files of the web, downloaded within limits. User and password of a URL are told to its host alone, and not shown."""

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
_WRITTEN = "in user and password write @ as %40, : as %3A, / as %2F"


class CannotBeDownloaded(RallycrossError):  # noqa: N818
    """A file of the web cannot be had."""


def download(source: str, path: Path) -> None:
    """Download a URL to a file; its user and password, if it has any, are sent to its host alone, by basic auth."""
    opener, url, shown, secrets = _opened(source)
    limits = settings()
    deadline = time.monotonic() + limits.download_limit
    try:
        with opener.open(url, timeout=limits.download_patience) as answer, path.open("wb") as file:
            while chunk := answer.read1(_CHUNK):
                file.write(chunk)
                if time.monotonic() > deadline:
                    raise CannotBeDownloaded(
                        f"{shown}: the download is not done after {limits.download_limit:g} s, with"
                        f" {file.tell():,} bytes - name a place that is nearer, or set RALLYCROSS_DOWNLOAD_LIMIT"
                    )
    except TimeoutError as error:
        raise CannotBeDownloaded(
            f"{shown}: no byte of the download within {limits.download_patience:g} s"
            " - see whether it answers, or set RALLYCROSS_DOWNLOAD_PATIENCE"
        ) from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        remedy = " - see whether it is there, and in reach"
        if isinstance(error, HTTPError) and error.code in _NO_RIGHT:
            remedy = f" - give user and password in the URL, as https://user:password@host/path; {_WRITTEN}"
        said = masked(shown_text(str(error)), secrets)
        raise CannotBeDownloaded(f"{shown} cannot be downloaded: {said}{remedy}") from error


def _opened(source: str) -> tuple[urllib.request.OpenerDirector, str, str, tuple[str, ...]]:
    """Return what opens a URL, the URL without user and password, how it may be shown, and what may not."""
    try:
        parts = urlsplit(source)
        _ = parts.port  # raises where it is none
    except ValueError:
        parts = urlsplit("")
    if not parts.hostname:  # what cannot be read is not shown: a password may be anywhere in it
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
