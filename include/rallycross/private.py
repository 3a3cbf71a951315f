"""Files for their owner's eyes alone, and what is not to be shown of what stands in them."""

import re
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

HIDDEN = "***"
# Names as they stand in tempest.conf, in clouds.yaml and in environment variables.
_SECRET = re.compile(r"passw|secret|token|key$", re.IGNORECASE)


def is_secret(name: str) -> bool:
    """Return whether the value of that name is one that may not be shown."""
    return _SECRET.search(name) is not None


def hidden(name: str, value: str) -> str:
    """Return what may be shown of a value."""
    return HIDDEN if is_secret(name) else value


def write_private(path: Path, text: str) -> None:
    """Write a file that is nobody else's for a single moment; it appears whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}.", delete=False) as part:  # mode 0600
        try:
            part.write(text)
            part.close()
            Path(part.name).rename(path)
        except BaseException:
            with suppress(FileNotFoundError):
                Path(part.name).unlink()
            raise
