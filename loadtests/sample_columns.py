"""The reading half of the samples: files of Parquet as NumPy columns, one column after another.

A whole trial in both forms at once may be more than there is memory.
"""

from __future__ import annotations

import contextlib
import enum
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

BATCH_ROWS = 2**17


class SamplesError(Exception):
    """A sample file that cannot be read: says which and why."""


class Columns:
    """The columns of several files as if they were one; what a file does not hold is null.

    The files are open until `stack` ends. Raises SamplesError where one is missing or broken.
    """

    def __init__(
        self, schema: pa.Schema, paths: Sequence[Path], stack: contextlib.ExitStack
    ) -> None:
        self._schema = schema
        self._files: list[tuple[Path, Any]] = []
        for path in paths:
            with _naming(path):
                self._files.append((path, stack.enter_context(pq.ParquetFile(path))))
        self._rows = sum(file.metadata.num_rows for _, file in self._files)

    def numbers(self, name: str, null: int) -> npt.NDArray[Any]:
        """A column of numbers, `null` where the files hold none."""
        column = np.full(self._rows, null, self._schema.field(name).type.to_pandas_dtype())
        for at, piece in self._pieces(name):
            values = piece.fill_null(null) if piece.null_count else piece
            column[at : at + len(piece)] = values.to_numpy()
        return column

    def words(self, name: str) -> tuple[tuple[str, ...], npt.NDArray[np.int32]]:
        """A column of words as codes, and the words in the order of their codes."""
        column = np.zeros(self._rows, np.int32)
        known: dict[str, int] = {}
        for at, piece in self._pieces(name):
            words = piece.dictionary.to_pylist()
            codes = np.array([known.setdefault(word, len(known)) for word in words], np.int32)
            column[at : at + len(piece)] = codes[piece.indices.to_numpy()]
        return tuple(known), column

    def members(self, name: str, kind: type[enum.IntEnum]) -> npt.NDArray[np.uint8]:
        """A column of words as the values of their enumeration."""
        words, codes = self.words(name)
        values = np.array([kind[word.upper()] for word in words], np.uint8)
        return values[codes]

    def _pieces(self, name: str) -> Iterator[tuple[int, Any]]:
        """The pieces of a column, with the row at which each begins."""
        first = 0
        for path, file in self._files:
            at = first
            if name in file.schema_arrow.names:
                with _naming(path):
                    for batch in file.iter_batches(BATCH_ROWS, columns=[name]):
                        yield at, batch.column(0)
                        at += len(batch)
            first += file.metadata.num_rows


@contextlib.contextmanager
def _naming(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, pa.ArrowException) as error:
        raise SamplesError(f"{path}: no readable samples ({error})") from None
