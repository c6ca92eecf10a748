"""A body as it comes: counted and digested piece by piece, and never kept."""

from __future__ import annotations

import hashlib

from servers import contract, problems


class Received:
    """What has come of a body so far."""

    def __init__(self) -> None:
        self._bytes = 0
        self._digest = hashlib.sha256()

    def add(self, piece: bytes) -> None:
        """Take the next piece; a `Problem` 413 where it is more than a body may have."""
        self._bytes += len(piece)
        problems.check_received(self._bytes)
        self._digest.update(piece)

    def answer(self) -> bytes:
        """Its size in bytes and its SHA-256 in hexadecimal, as the contract has them."""
        return contract.render({"bytes": self._bytes, "digest": self._digest.hexdigest()})
