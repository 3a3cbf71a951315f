"""Files that are named on the command line."""

from pathlib import Path

from rallycross.settings import CHECKOUT


def given_file(path: str) -> str:
    """Return a path so that it means the same to whoever reads it, from whatever folder.

    A path is the user's own first; what is not there is looked for in the checkout, where the defaults are.
    """
    if (CHECKOUT / path).exists() and not Path(path).exists():
        return path
    return str(Path(path).expanduser().absolute())
