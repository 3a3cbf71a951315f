"""Looks at histories with Otava, in Otava's own environment; prints in how many it reports a change.

FILE: histories as JSON; FIRST: the number of runs at the first look; SINCE: the first run at which a change counts. It
is asked after each run, as its users do.
"""

import json
import sys
from pathlib import Path

from otava.analysis import compute_change_points

histories = json.loads(Path(sys.argv[1]).read_text())
first, since = int(sys.argv[2]), int(sys.argv[3])
print(
    sum(
        any(
            change.index >= since
            for runs in range(first, len(history) + 1)
            for change in compute_change_points(history[:runs])[0]
        )
        for history in histories
    )
)
