"""Computes all statistics of a folder of sample files, and says what that took: memory, seconds, rows."""

import json
import resource
import sys
import time
from pathlib import Path

from rallycross.judging.batch import Batch
from rallycross.judging.statistics import Statistics
from rallycross.results.sample_file import read_batches

began = time.monotonic()
statistics = Statistics()
for record in read_batches(Path(sys.argv[1])):
    statistics.add(Batch(record))
figures = statistics.close()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"seconds": time.monotonic() - began, "peak_mb": peak, "rows": figures["rows"]}))
