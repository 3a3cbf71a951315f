"""Rates: how many in a second."""

_RESOLUTION = 1e-9  # seconds: clocks count whole nanoseconds


def per_second(count: int, seconds: float) -> float | None:
    """Return a count per second, or None if the time is too short for a clock to tell it from nothing."""
    return count / seconds if seconds >= _RESOLUTION else None
