"""Looks at histories with Otava, in Otava's own environment; prints the share in which it reports a change.

FILE: histories as JSON; FIRST: the number of runs at the first look. It is asked after each run, as its users do.
"""

import json
import sys
from pathlib import Path

from otava.analysis import compute_change_points

histories = json.loads(Path(sys.argv[1]).read_text())
first = int(sys.argv[2])
print(
    sum(
        any(compute_change_points(history[:runs])[0] for runs in range(first, len(history) + 1))
        for history in histories
    )
    / len(histories)
)
