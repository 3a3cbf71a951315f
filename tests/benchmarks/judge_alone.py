"""Computes all statistics of a folder of sample files, and says what that took: memory, seconds, rows."""

import json
import sys
import time
from pathlib import Path

from rallycross.judging.batch import Batch
from rallycross.judging.statistics import Statistics
from rallycross.load.health import peak_rss_mb
from rallycross.results.sample_file import read_batches
from rallycross.results.workload_figures import to_document

began = time.monotonic()
statistics = Statistics()
for record in read_batches(Path(sys.argv[1])):
    statistics.add(Batch(record))
rows = to_document(statistics.close())["rows"]
print(json.dumps({"seconds": time.monotonic() - began, "peak_mb": peak_rss_mb(), "rows": rows}))
