"""The writing half of the samples: columns that grow by one row a request, then Parquet."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from loadtests.plan import Target
from loadtests.samples import NEVER, SCHEMA, ErrorKind, Outcome

_ROW = np.dtype(
    [
        ("intended_ns", "<i8"),
        ("sent_ns", "<i8"),
        ("done_ns", "<i8"),
        ("connect_ns", "<i8"),
        ("target", "<u2"),
        ("status", "<u2"),
        ("outcome", "u1"),
        ("error", "u1"),
        ("reused", "u1"),
        # Microseconds and 1, the precision of the header that they come from; 0: not measured.
        ("queue_us", "<i4"),
        ("cpu_us", "<i4"),
        ("wait_us", "<i4"),
        ("hold_us", "<i4"),
        ("step_us", "<i4"),
        ("worker", "<u4"),
    ]
)
_BASE = struct.Struct("<qqqqHHBBB")
PACK = _BASE.pack_into
"""Writes the columns of every row into a chunk's bytes, those above down to `reused`."""
PACK_SPLIT = struct.Struct("<iiiiiI").pack_into
"""Writes the others, at `SPLIT_AT` of a row whose split was measured."""
SPLIT_AT = _BASE.size
ROW_BYTES = _ROW.itemsize
CHUNK_ROWS = 16_384


class Chunk:
    """A block of up to `CHUNK_ROWS` samples of 63 bytes; the first `rows` have been written.

    What only clients with ways of their own have is beside the rows: in `visits` by their numbers,
    how often they asked, and how many nanoseconds after its intended time a request was accepted
    for later, or 0.
    """

    __slots__ = ("bytes", "rows", "visits")

    def __init__(self) -> None:
        self.bytes = bytearray(CHUNK_ROWS * ROW_BYTES)
        self.rows = 0
        self.visits: dict[int, tuple[int, int]] = {}

    def columns(self) -> npt.NDArray[Any]:
        """The rows as a structured array."""
        return np.frombuffer(self.bytes, dtype=_ROW, count=self.rows)


class SampleWriter:
    """Writes chunks to one Parquet file as they fill. Close it, or the file is not readable."""

    def __init__(self, path: Path, targets: Sequence[Target]) -> None:
        self._targets = targets
        # Times grow by little from row to row: their differences are small, and cheap to pack.
        words = [field.name for field in SCHEMA if pa.types.is_dictionary(field.type)]
        times = {field.name: "DELTA_BINARY_PACKED" for field in SCHEMA if field.type == pa.int64()}
        self._writer = pq.ParquetWriter(
            path,
            SCHEMA,
            compression="zstd",
            use_dictionary=[*words, "worker"],
            column_encoding=times,
            write_statistics=False,
        )

    def write(self, chunk: Chunk) -> None:
        """Append the rows of a chunk as one row group."""
        self._writer.write_table(_table(chunk, self._targets))

    def close(self) -> None:
        """Write the file's footer."""
        self._writer.close()


def _table(chunk: Chunk, targets: Sequence[Target]) -> Any:
    rows = chunk.columns()

    def times(name: str) -> Any:
        values = np.ascontiguousarray(rows[name])
        return pa.array(values, mask=values == NEVER)

    def measured(name: str) -> Any:
        values = rows[name]
        return pa.array((values.astype(np.int64) - 1) * 1000, mask=values == 0)

    def coded(codes: npt.NDArray[Any], words: Sequence[str]) -> Any:
        unique = list(dict.fromkeys(words))
        index = np.array([unique.index(word) for word in words], dtype=np.int32)
        return pa.DictionaryArray.from_arrays(pa.array(index[codes]), pa.array(unique))

    columns = [
        times("intended_ns"),
        times("sent_ns"),
        times("done_ns"),
        times("connect_ns"),
        coded(rows["target"], [t.stream for t in targets]),
        coded(rows["target"], [t.path for t in targets]),
        coded(rows["target"], [t.url for t in targets]),
        pa.array(rows["status"].astype(np.int32)),
        coded(rows["outcome"], [o.name.lower() for o in Outcome]),
        coded(rows["error"], [e.name.lower() for e in ErrorKind]),
        pa.array(rows["reused"].astype(bool)),
        measured("queue_us"),
        measured("cpu_us"),
        measured("wait_us"),
        measured("hold_us"),
        measured("step_us"),
        pa.array(rows["worker"].astype(np.int32), mask=rows["worker"] == 0),
        coded(rows["target"], [t.line for t in targets]),
        *_visits(chunk, rows["intended_ns"]),
    ]
    return pa.Table.from_arrays(columns, schema=SCHEMA)


def _visits(chunk: Chunk, intended_ns: npt.NDArray[np.int64]) -> tuple[Any, Any]:
    """The columns of attempts and of when a request was accepted for later."""
    attempts = np.ones(chunk.rows, np.int32)
    after_ns = np.zeros(chunk.rows, np.int64)
    for row, (often, accepted_ns) in chunk.visits.items():
        attempts[row], after_ns[row] = often, accepted_ns
    return pa.array(attempts), pa.array(intended_ns + after_ns, mask=after_ns == 0)
