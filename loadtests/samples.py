"""Samples: one row per scheduled request, whatever became of it. Nothing is rounded.

Rule 1: every scheduled request has exactly one row and one outcome, so that
scheduled = completed + failed + dropped + censored on every run.
Rule 2: times are nanoseconds from the start of the measurement window (warm-up is negative).
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

SCHEMA_VERSION = 2


class Outcome(enum.IntEnum):
    """What became of a request.

    Completed: a whole answer with a status below 400. Failed: any other answer, or none.
    Dropped: never sent, because too many were in flight. Censored: sent, and not answered when
    the drain ended; `done_ns - intended_ns` is its age.
    """

    COMPLETED = 0
    FAILED = 1
    DROPPED = 2
    CENSORED = 3


class ErrorKind(enum.IntEnum):
    """Why a request failed. GENERATOR: this side had no descriptor or port left for it."""

    NONE = 0
    STATUS = 1
    REFUSED = 2
    RESET = 3
    TRUNCATED = 4
    MALFORMED = 5
    UNREACHABLE = 6
    GENERATOR = 7


NEVER = -(2**63)
"""A time of a request that never came so far, or was not measured; null in the file."""

_CODES = pa.dictionary(pa.int32(), pa.string())
SCHEMA = pa.schema(
    [
        ("intended_ns", pa.int64()),
        ("sent_ns", pa.int64()),
        ("done_ns", pa.int64()),
        ("connect_ns", pa.int64()),
        ("stream", _CODES),
        ("endpoint", _CODES),
        ("url", _CODES),
        ("status", pa.int32()),
        ("outcome", _CODES),
        ("error", _CODES),
        ("reused", pa.bool_()),
        # Since version 2: the server's own word of the requests that were asked for their split.
        ("queue_ns", pa.int64()),
        ("cpu_ns", pa.int64()),
        ("wait_ns", pa.int64()),
        ("hold_ns", pa.int64()),
        ("step_ns", pa.int64()),
        ("worker", pa.int32()),
    ],
    metadata={"schema_version": str(SCHEMA_VERSION)},
)


@dataclass(frozen=True, slots=True)
class Samples:
    """Samples as NumPy columns of equal length; words as small integers with their tables.

    `sent_ns` is `NEVER` where a request was not sent. `outcome` and `error` hold the values of
    Outcome and ErrorKind; `stream` indexes `streams`, `url` indexes `urls`. From `queue_ns` to
    `step_ns` it is the server's split of the request, `NEVER` where that was not measured, and
    `worker` is the id of the process that served it, or 0.
    """

    intended_ns: npt.NDArray[np.int64]
    sent_ns: npt.NDArray[np.int64]
    done_ns: npt.NDArray[np.int64]
    connect_ns: npt.NDArray[np.int64]
    stream: npt.NDArray[np.int32]
    streams: tuple[str, ...]
    url: npt.NDArray[np.int32]
    urls: tuple[str, ...]
    outcome: npt.NDArray[np.uint8]
    error: npt.NDArray[np.uint8]
    status: npt.NDArray[np.int32]
    queue_ns: npt.NDArray[np.int64]
    cpu_ns: npt.NDArray[np.int64]
    wait_ns: npt.NDArray[np.int64]
    hold_ns: npt.NDArray[np.int64]
    step_ns: npt.NDArray[np.int64]
    worker: npt.NDArray[np.int32]

    def where(self, mask: npt.NDArray[np.bool_]) -> Samples:
        """The rows that a boolean column selects."""
        return Samples(
            intended_ns=self.intended_ns[mask],
            sent_ns=self.sent_ns[mask],
            done_ns=self.done_ns[mask],
            connect_ns=self.connect_ns[mask],
            stream=self.stream[mask],
            streams=self.streams,
            url=self.url[mask],
            urls=self.urls,
            outcome=self.outcome[mask],
            error=self.error[mask],
            status=self.status[mask],
            queue_ns=self.queue_ns[mask],
            cpu_ns=self.cpu_ns[mask],
            wait_ns=self.wait_ns[mask],
            hold_ns=self.hold_ns[mask],
            step_ns=self.step_ns[mask],
            worker=self.worker[mask],
        )


class SamplesError(Exception):
    """A sample file that cannot be read: says which and why."""


def read(*paths: Path) -> Samples:
    """Read one trial's samples, from each of its generator processes.

    What files of an earlier schema version do not hold was not measured. Raises SamplesError
    where a file is missing or broken.
    """
    names = [field.name for field in SCHEMA if field.name not in _UNREAD]
    tables = []
    for path in paths:
        try:
            with pq.ParquetFile(path) as file:
                tables.append(file.read(columns=names))
        except (OSError, pa.ArrowException) as error:
            raise SamplesError(f"{path}: no readable samples ({error})") from None
    table = pa.concat_tables(tables)
    streams, stream = _decode(table.column("stream"))
    urls, url = _decode(table.column("url"))
    return Samples(
        intended_ns=table.column("intended_ns").to_numpy(),
        sent_ns=_filled(table, "sent_ns", NEVER),
        done_ns=table.column("done_ns").to_numpy(),
        connect_ns=_filled(table, "connect_ns", NEVER),
        stream=stream,
        streams=tuple(streams),
        url=url,
        urls=tuple(urls),
        outcome=_members(table.column("outcome"), Outcome),
        error=_members(table.column("error"), ErrorKind),
        status=table.column("status").to_numpy(),
        queue_ns=_filled(table, "queue_ns", NEVER),
        cpu_ns=_filled(table, "cpu_ns", NEVER),
        wait_ns=_filled(table, "wait_ns", NEVER),
        hold_ns=_filled(table, "hold_ns", NEVER),
        step_ns=_filled(table, "step_ns", NEVER),
        worker=_filled(table, "worker", 0),
    )


_UNREAD = ("endpoint", "reused")


def _filled(table: Any, name: str, null: int) -> npt.NDArray[Any]:
    if name not in table.column_names:
        dtype: np.dtype[Any] = SCHEMA.field(name).type.to_pandas_dtype()
        return np.full(table.num_rows, null, dtype)
    filled: npt.NDArray[Any] = table.column(name).fill_null(null).to_numpy()
    return filled


def _decode(column: Any) -> tuple[list[str], npt.NDArray[np.int32]]:
    combined = column.unify_dictionaries().combine_chunks()
    if isinstance(combined, pa.ChunkedArray):
        combined = combined.chunk(0)
    return combined.dictionary.to_pylist(), combined.indices.to_numpy()


def _members(column: Any, kind: type[enum.IntEnum]) -> npt.NDArray[np.uint8]:
    words, codes = _decode(column)
    values = np.array([kind[word.upper()] for word in words], dtype=np.uint8)
    return values[codes] if len(words) else codes.astype(np.uint8)
