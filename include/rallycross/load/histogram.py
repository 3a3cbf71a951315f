"""A histogram of durations that needs no memory to speak of, merges, and is true to 0.1 %."""

import math

# Buckets are 0.2 % wide, so that a bucket's middle is at most 0.1 % away from all that is in it.
_WIDTH = math.log1p(0.002)


class Histogram:
    """Counts durations in buckets of equal ratio."""

    def __init__(self) -> None:
        self.buckets: dict[int, int] = {}
        self.zeros = 0  # durations that are not above 0

    def add(self, seconds: float) -> None:
        """Count a duration."""
        if seconds > 0:
            bucket = math.floor(math.log(seconds) / _WIDTH)
            self.buckets[bucket] = self.buckets.get(bucket, 0) + 1
        else:
            self.zeros += 1

    def merge(self, other: "Histogram") -> None:
        """Count what another has counted."""
        for bucket, count in other.buckets.items():
            self.buckets[bucket] = self.buckets.get(bucket, 0) + count
        self.zeros += other.zeros

    def __len__(self) -> int:
        return sum(self.buckets.values()) + self.zeros

    def quantile(self, share: float) -> float | None:
        """Return the duration that `share` (0 to 1) of all are not above; None where nothing was counted."""
        rank = math.ceil(share * len(self))
        below = self.zeros
        if rank <= below:
            return 0.0 if below else None
        for bucket in sorted(self.buckets):
            below += self.buckets[bucket]
            if below >= rank:
                return math.exp((bucket + 0.5) * _WIDTH)
        return None
