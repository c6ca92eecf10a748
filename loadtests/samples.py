"""Samples: one row per scheduled request, whatever became of it. Nothing is rounded.

Rule 1: every scheduled request has exactly one row and one outcome, so that
scheduled = completed + failed + dropped + censored + gone on every run.
Rule 2: times are nanoseconds from the start of the measurement window (warm-up is negative).
"""

from __future__ import annotations

import contextlib
import enum
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from loadtests.sample_columns import Columns, SamplesError

__all__ = [
    "NEVER",
    "SCHEMA",
    "SCHEMA_VERSION",
    "ErrorKind",
    "Outcome",
    "Samples",
    "SamplesError",
    "read",
]

SCHEMA_VERSION = 3


class Outcome(enum.IntEnum):
    """What became of a request.

    Completed: a whole answer with a status below 400. Failed: any other answer, or none.
    Dropped: never sent, because too many were in flight. Censored: sent, and not answered when
    the drain ended; `done_ns - intended_ns` is its age. Gone: its client left before the answer
    came, as it was meant to or because its patience had ended; that age is how long it stayed.
    """

    COMPLETED = 0
    FAILED = 1
    DROPPED = 2
    CENSORED = 3
    GONE = 4


class ErrorKind(enum.IntEnum):
    """Why a request failed.

    GENERATOR: this side had no descriptor or port left for it. UNDELIVERED: it was accepted for
    later, and its record says that the work failed, or nothing that can be read.
    """

    NONE = 0
    STATUS = 1
    REFUSED = 2
    RESET = 3
    TRUNCATED = 4
    MALFORMED = 5
    UNREACHABLE = 6
    GENERATOR = 7
    UNDELIVERED = 8


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
        # Since version 3: which of a workload's requests it is one of, and what its client did.
        ("kind", _CODES),
        ("attempts", pa.int32()),
        ("accepted_ns", pa.int64()),
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
    `kind` indexes `kinds`, the request lines of the workload: distributed requests have many URLs
    and one kind. `attempts` counts how often its client asked, which most do once; of work that was
    accepted for later (`202`) `accepted_ns` is when, and `done_ns` when it was delivered.
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
    kind: npt.NDArray[np.int32]
    kinds: tuple[str, ...]
    attempts: npt.NDArray[np.int32]
    accepted_ns: npt.NDArray[np.int64]

    def where(self, mask: npt.NDArray[np.bool_]) -> Samples:
        """The rows that a boolean column selects."""
        return self if mask.all() else _Selection(self, mask)


class _Selection(Samples):
    """Some rows of other samples: a column is copied whenever it is asked for, and not kept.

    Of ten million rows and twenty columns hardly anybody wants more than three.
    """

    __slots__ = ("_rows", "_samples")
    _rows: npt.NDArray[np.bool_]
    _samples: Samples

    def __init__(self, samples: Samples, rows: npt.NDArray[np.bool_]) -> None:
        object.__setattr__(self, "_rows", rows)
        object.__setattr__(self, "_samples", samples)

    def __getattr__(self, name: str) -> Any:
        """A field, none of which has a value of its own here."""
        value = getattr(self._samples, name)
        return value[self._rows] if isinstance(value, np.ndarray) else value

    def where(self, mask: npt.NDArray[np.bool_]) -> Samples:
        """See Samples.where. One mask for all columns, however often it was narrowed."""
        if mask.all():
            return self
        rows = self._rows.copy()
        rows[rows] = mask
        return _Selection(self._samples, rows)


def read(*paths: Path) -> Samples:
    """Read one trial's samples, from each of its generator processes.

    What files of an earlier schema version do not hold was not measured. Raises SamplesError
    where a file is missing or broken.
    """
    with contextlib.ExitStack() as stack:
        files = Columns(SCHEMA, paths, stack)
        streams, stream = files.words("stream")
        urls, url = files.words("url")
        kinds, kind = files.words("kind")
        if not kinds:
            # Before version 3 every URL was a kind of its own, and every method GET.
            kinds, kind = tuple(f"GET {one}" for one in urls), url
        return Samples(
            intended_ns=files.numbers("intended_ns", NEVER),
            sent_ns=files.numbers("sent_ns", NEVER),
            done_ns=files.numbers("done_ns", NEVER),
            connect_ns=files.numbers("connect_ns", NEVER),
            stream=stream,
            streams=streams,
            url=url,
            urls=urls,
            outcome=files.members("outcome", Outcome),
            error=files.members("error", ErrorKind),
            status=files.numbers("status", 0),
            queue_ns=files.numbers("queue_ns", NEVER),
            cpu_ns=files.numbers("cpu_ns", NEVER),
            wait_ns=files.numbers("wait_ns", NEVER),
            hold_ns=files.numbers("hold_ns", NEVER),
            step_ns=files.numbers("step_ns", NEVER),
            worker=files.numbers("worker", 0),
            kind=kind,
            kinds=kinds,
            attempts=files.numbers("attempts", 1),
            accepted_ns=files.numbers("accepted_ns", NEVER),
        )
