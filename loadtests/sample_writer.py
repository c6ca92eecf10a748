"""The writing half of the samples: columns that grow by one row a request, then Parquet."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from loadtests.plan import Target
from loadtests.samples import NEVER, SCHEMA, ErrorKind, Outcome


class Chunk:
    """A growing block of samples, as columns: 37 bytes a row."""

    def __init__(self) -> None:
        self.intended_ns, self.sent_ns = array("q"), array("q")
        self.done_ns, self.connect_ns = array("q"), array("q")
        self.target, self.status = array("H"), array("H")
        self.outcome, self.error, self.reused = array("B"), array("B"), array("B")

    def __len__(self) -> int:
        return len(self.intended_ns)


class SampleWriter:
    """Writes chunks to one Parquet file as they fill. Close it, or the file is not readable."""

    def __init__(self, path: Path, targets: Sequence[Target]) -> None:
        self._targets = targets
        self._writer = pq.ParquetWriter(path, SCHEMA, compression="zstd")

    def write(self, chunk: Chunk) -> None:
        """Append the rows of a chunk as one row group."""
        self._writer.write_table(_table(chunk, self._targets))

    def close(self) -> None:
        """Write the file's footer."""
        self._writer.close()


def _table(chunk: Chunk, targets: Sequence[Target]) -> Any:
    def times(column: array[int]) -> Any:
        values = np.frombuffer(column, dtype=np.int64)
        return pa.array(values, mask=values == NEVER)

    def coded(codes: npt.NDArray[Any], words: Sequence[str]) -> Any:
        unique = list(dict.fromkeys(words))
        index = np.array([unique.index(word) for word in words], dtype=np.int32)
        return pa.DictionaryArray.from_arrays(pa.array(index[codes]), pa.array(unique))

    target = np.frombuffer(chunk.target, dtype=np.uint16)
    outcome = np.frombuffer(chunk.outcome, dtype=np.uint8)
    error = np.frombuffer(chunk.error, dtype=np.uint8)
    columns = [
        times(chunk.intended_ns),
        times(chunk.sent_ns),
        times(chunk.done_ns),
        times(chunk.connect_ns),
        coded(target, [t.stream for t in targets]),
        coded(target, [t.path for t in targets]),
        coded(target, [t.url for t in targets]),
        pa.array(np.frombuffer(chunk.status, dtype=np.uint16).astype(np.int32)),
        coded(outcome, [o.name.lower() for o in Outcome]),
        coded(error, [e.name.lower() for e in ErrorKind]),
        pa.array(np.frombuffer(chunk.reused, dtype=np.uint8).astype(bool)),
    ]
    return pa.Table.from_arrays(columns, schema=SCHEMA)
