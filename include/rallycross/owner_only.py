"""Files that their owner alone can read."""

from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile


def write_owner_only(path: Path, text: str) -> None:
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
