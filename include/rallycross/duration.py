"""Durations as users write them: `90d`, `12h`, `90m`, `45s`."""

import re
from datetime import timedelta

from rallycross.errors import RallycrossError, brief

_UNITS = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
_WRITTEN = re.compile(rf"\s*(\d{{1,9}}(?:\.\d{{1,3}})?)\s*({'|'.join(sorted(_UNITS, key=len, reverse=True))})\s*")
LONGEST = 100 * 366 * 86_400.0  # seconds; also bounds what is subtracted from the present


def duration(written: str) -> timedelta:
    """Return a duration above 0 and up to a hundred years; raise `RallycrossError` if the text is not one."""
    found = _WRITTEN.fullmatch(written)
    seconds = float(found[1]) * _UNITS[found[2]] if found else 0.0
    if not 0 < seconds <= LONGEST:
        raise RallycrossError(f"{brief(written)!r} is not a duration - write a number and s, m, h, d or w, such as 90m")
    return timedelta(seconds=seconds)
