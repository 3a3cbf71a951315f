"""Samples, made and drawn."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import pytest

from rallycross.judging.batch import Batch
from rallycross.load.sample import Sample
from rallycross.results.sample_file import SCHEMA, SampleWriter, read_samples

MakeBatch = Callable[[Sequence[Sample]], Batch]


@pytest.fixture(name="batch_of", scope="session")
def _batch_of(tmp_path_factory: pytest.TempPathFactory) -> MakeBatch:
    """Give a function that sends samples through a file and gives back the batch that the folds read."""
    folder = tmp_path_factory.mktemp("batches")
    made = 0

    def batch_of(samples: Sequence[Sample]) -> Batch:
        nonlocal made
        made += 1
        path: Path = folder / str(made) / "0.arrows"
        writer = SampleWriter(path)
        for sample in samples:
            writer.add(sample)
        writer.close()
        whole = read_samples(path.parent).combine_chunks().to_batches()
        return Batch(whole[0] if whole else pa.RecordBatch.from_pylist([], schema=SCHEMA))

    return batch_of
