"""Rows of the store, and sample files, as pandas data frames."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from rallycross.judging.batch import Batch
from rallycross.load.histogram import SECOND
from rallycross.results.models import DeploymentRow
from rallycross.results.sample_file import read_batches
from rallycross.task.plan import Timing

_PART = 50_000  # iterations that are thinned at once
_FEWEST = 8  # rows kept of a part: enough for its fastest and slowest
_NONE = np.empty(0)


def steps(deployment: DeploymentRow) -> pd.DataFrame:
    """Return the steps in order of start: name, title, status, error, start (since the first step), seconds."""
    frame = pd.DataFrame(
        [
            (step.name, step.title or step.name, step.status, step.error, step.started_at, step.seconds)
            for step in deployment.steps
        ],
        columns=["name", "title", "status", "error", "start", "seconds"],
    )
    frame = frame.astype({"start": float, "seconds": float})  # also for an empty frame
    frame["start"] -= frame["start"].min()
    return frame.sort_values("start", kind="stable", ignore_index=True)


def iterations(folder: Path, *, timing: Timing, most: int) -> pd.DataFrame:
    """Return the samples in a workload's folder by start: iteration, started, duration (seconds), failed.

    More than `most` are reduced to a representative selection (`thinned`). They are read, and thinned, in parts.
    """
    kept: list[pd.DataFrame] = []
    part: list[pd.DataFrame] = []
    for record in read_batches(folder):
        part.append(_iterations(Batch(record, timing=timing)))
        if sum(map(len, part)) >= _PART:
            kept.append(thinned(_by_start(part), most))
            part = []
    last = _by_start(part)
    if kept:  # thinned as much as the other parts: otherwise the end of a run would be overrepresented
        last = thinned(last, max(most * len(last) // _PART, _FEWEST))
    return thinned(_by_start([*kept, last]), most)


def _iterations(batch: Batch) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "iteration": batch.iteration,
            "started": batch.started,
            "duration": batch.duration / SECOND,
            "failed": batch.failed,
        }
    )


def _by_start(parts: list[pd.DataFrame]) -> pd.DataFrame:
    none = pd.DataFrame({"iteration": _NONE, "started": _NONE, "duration": _NONE, "failed": _NONE.astype(bool)})
    frame = pd.concat([one for one in parts if len(one)] or [none])
    return frame.sort_values("started", kind="stable", ignore_index=True)


def thinned(frame: pd.DataFrame, most: int) -> pd.DataFrame:
    """Return about `most` representative rows of a frame of `iterations`.

    The frame is divided into spans with equal numbers of iterations; each keeps its fastest, its slowest, and an evenly
    spaced selection of the others. Failures are evenly spaced, too, if there are too many.
    """
    if len(frame) <= most:
        return frame
    failed, well = frame[frame["failed"]], frame[~frame["failed"]]
    failed = failed.iloc[_spread(len(failed), most // 4)]
    room = most - len(failed)
    spans = max(1, room // 4)
    extremes = well.groupby(np.arange(len(well)) * spans // max(1, len(well)))["duration"].agg(["idxmin", "idxmax"])
    others = well.index[_spread(len(well), room - 2 * spans)]
    chosen = np.unique(np.concatenate([extremes.to_numpy().ravel(), others.to_numpy(), failed.index.to_numpy()]))
    return frame.loc[chosen]


def _spread(size: int, wanted: int) -> npt.NDArray[np.int64]:
    """Return at most `wanted` evenly spaced positions below `size`."""
    return np.unique(np.linspace(0, size - 1, min(size, wanted)).astype(np.int64)) if size else np.empty(0, np.int64)
