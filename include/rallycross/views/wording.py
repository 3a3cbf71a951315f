"""Formats figures for people: with a unit, and with significant digits only."""

import time

NOTHING = "\N{EN DASH}"


def duration(value: float | None) -> str:
    """Return a duration: `0.42 ms`, `123 ms`, `1.23 s`, `12.3 s`, `2 min 05 s`, `1 h 02 min`."""
    if value is None:
        return NOTHING
    if abs(value) < 0.9995:
        return f"{_three_digits(value * 1000)} ms"
    if value < 59.95:
        return f"{_three_digits(value)} s"
    whole = round(value)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    minutes = round(value / 60)
    return f"{minutes // 60} h {minutes % 60:02d} min"


def rate(value: float | None) -> str:
    """Return a rate per second."""
    return NOTHING if value is None else f"{_three_digits(value)}/s"


def count(value: int) -> str:
    """Return a whole number with thousands separators."""
    return f"{value:,}"


def data_size(value: int) -> str:
    """Return a number of bytes: `512 B`, `12.3 kB`, `1.23 GB`."""
    amount, unit = float(value), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if amount < 999.5:
            break
        amount, unit = amount / 1000, larger
    return f"{value} B" if unit == "B" else f"{_three_digits(amount)} {unit}"


def share(part: int, whole: int) -> str:
    """Return a percentage that reads 0 or 100 only if it is exactly that."""
    if not whole:
        return NOTHING
    percent = 100 * part / whole
    if 0 < percent < 0.1:
        return "< 0.1 %"
    if 99.9 < percent < 100:
        return "> 99.9 %"
    return f"{percent:.3g} %"


def counted(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun: `1 iteration`, `2 iterations`."""
    return f"{count(number)} {one if number == 1 else many or one + 's'}"


def moment(at: float | None) -> str:
    """Return a time (seconds since the epoch) in UTC."""
    return NOTHING if at is None else time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(at))


def ago(at: float | None, now: float) -> str:
    """Return how long ago a time was, roughly: `just now`, `5 min ago`, `3 h ago`, `12 days ago`."""
    if at is None:
        return NOTHING
    seconds = now - at
    if seconds < 90:
        return "just now"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min ago"
    return f"{seconds / 3600:.0f} h ago" if seconds < 48 * 3600 else f"{seconds / 86400:,.0f} days ago"


def _three_digits(value: float) -> str:
    size = abs(value)
    digits = 0 if size >= 99.95 else 1 if size >= 9.995 else 2
    return f"{value:,.{digits}f}"
